import { MousePointerClick, Search, Spline } from "lucide-react";
import { Button } from "../parts/Button";
import { openPalette } from "../store/view";

const STEPS = [
  { icon: Search, text: "Find a node in the library and drag it here, or double click it." },
  { icon: Spline, text: "Draw a wire from the right side of one node to the left side of another." },
  { icon: MousePointerClick, text: "Type a value: whatever depends on it runs by itself." },
];

/** What a newcomer sees on an empty canvas. Clicks go through it, except on its button. */
export function EmptyHint() {
  return (
    <div className="pointer-events-none absolute inset-0 grid place-items-center p-6">
      <div className="rise max-w-sm text-center">
        <h2 className="font-semibold text-lg tracking-tight">An empty graph</h2>
        <ul className="mt-4 space-y-2.5 text-left text-ink-2">
          {STEPS.map(({ icon: Icon, text }) => (
            <li key={text} className="flex items-start gap-3">
              <span className="grid size-7 shrink-0 place-items-center rounded-lg bg-accent-soft text-accent">
                <Icon size={14} />
              </span>
              <span className="pt-1">{text}</span>
            </li>
          ))}
        </ul>
        <Button look="primary" className="pointer-events-auto mt-6" onClick={() => openPalette()}>
          Add a node
          <kbd className="rounded bg-white/20 px-1.5 font-sans text-[11px]">Space</kbd>
        </Button>
      </div>
    </div>
  );
}
