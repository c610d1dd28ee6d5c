import type { ReactNode } from "react";

export const BANNER =
  "rise pointer-events-auto flex w-full max-w-2xl flex-wrap items-center gap-3 rounded-xl border border-warn/40 bg-raised px-4 py-3 shadow-float";

/** What concerns the whole graph and waits for a word, one below the other above the canvas. */
export function Banners({ children }: { children: ReactNode }) {
  return (
    <div className="pointer-events-none absolute inset-x-3 top-3 z-20 flex flex-col items-center gap-2">
      {children}
    </div>
  );
}
