import {
  CircleHelp,
  FolderOpen,
  History,
  Monitor,
  Moon,
  Package,
  PanelLeft,
  PanelRight,
  Plus,
  Redo2,
  Sun,
  Undo2,
} from "lucide-react";
import { Button, IconButton } from "../parts/Button";
import { useFleet } from "../store/fleet";
import { useGraph } from "../store/graph";
import { redo, undo } from "../store/history";
import {
  openDialog,
  openPalette,
  setTheme,
  type Theme,
  toggleLibrary,
  toggleProperties,
  useView,
} from "../store/view";
import { ConnectionState } from "./ConnectionState";
import { Logo } from "./Logo";
import { WorkerMenu } from "./WorkerMenu";

export function Header() {
  const ready = useGraph((graph) => graph.ready);
  const known = useFleet((fleet) => fleet.session?.session !== false);
  const library = useView((view) => view.libraryOpen);
  const properties = useView((view) => view.propertiesOpen);
  return (
    <header className="flex h-12 shrink-0 items-center gap-2 border-line border-b bg-surface px-2.5">
      <Logo />
      <span className="hidden font-semibold text-[15px] tracking-tight lg:inline">FuncNodes</span>
      <span className="mx-1 hidden h-5 w-px bg-line lg:inline" />
      {known && <WorkerMenu />}
      <ConnectionState />
      <span className="flex-1" />
      {ready && (
        <>
          <span className="flex">
            <IconButton label="Undo (Ctrl Z)" onClick={() => void undo()}>
              <Undo2 size={16} />
            </IconButton>
            <IconButton label="Redo (Ctrl Shift Z)" onClick={() => void redo()}>
              <Redo2 size={16} />
            </IconButton>
            <IconButton label="History" className="max-md:hidden" onClick={() => openDialog("history")}>
              <History size={16} />
            </IconButton>
          </span>
          <Button look="primary" className="max-md:hidden" onClick={() => openPalette()}>
            <Plus size={14} /> Add node
            <kbd className="rounded bg-white/20 px-1 font-sans text-[11px]">Space</kbd>
          </Button>
          <IconButton label="Files" className="max-md:hidden" onClick={() => openDialog("files")}>
            <FolderOpen size={16} />
          </IconButton>
          <IconButton label="Modules" className="max-md:hidden" onClick={() => openDialog("modules")}>
            <Package size={16} />
          </IconButton>
        </>
      )}
      <ThemeButton />
      <IconButton
        label="Keyboard and mouse"
        className="max-md:hidden"
        onClick={() => openDialog("shortcuts")}
      >
        <CircleHelp size={16} />
      </IconButton>
      {ready && (
        <span className="flex max-md:hidden">
          <IconButton label="Library" active={library} onClick={toggleLibrary}>
            <PanelLeft size={16} />
          </IconButton>
          <IconButton label="Properties" active={properties} onClick={toggleProperties}>
            <PanelRight size={16} />
          </IconButton>
        </span>
      )}
    </header>
  );
}

const NEXT: Record<Theme, Theme> = { auto: "light", light: "dark", dark: "auto" };
const THEME_ICON = { auto: Monitor, light: Sun, dark: Moon };

function ThemeButton() {
  const theme = useView((view) => view.theme);
  const Icon = THEME_ICON[theme];
  return (
    <IconButton
      label={theme === "auto" ? "Theme: as the system" : `Theme: ${theme}`}
      onClick={() => setTheme(NEXT[theme])}
    >
      <Icon size={16} />
    </IconButton>
  );
}
