import { useEffect } from "react";
import { useView } from "../store/view";

const DARK = "(prefers-color-scheme: dark)";

/** Puts the chosen theme on the page; "auto" follows the system, also while the page is open. */
export function useTheme(): void {
  const theme = useView((view) => view.theme);
  useEffect(() => {
    const system = window.matchMedia(DARK);
    const show = () => {
      const dark = theme === "dark" || (theme === "auto" && system.matches);
      document.documentElement.dataset.theme = dark ? "dark" : "light";
    };
    show();
    system.addEventListener("change", show);
    return () => system.removeEventListener("change", show);
  }, [theme]);
}
