import { ChevronRight } from "lucide-react";
import { useState } from "react";
import { numberText } from "../../model/numberText";
import { isObject } from "../../rpc/json";

const MOST_SHOWN = 100;

/** A JSON value as a tree; `open` levels are unfolded at first. */
export function JsonTree({ value, open, name }: { value: unknown; open: number; name?: string }) {
  const [isOpen, setOpen] = useState(open > 0);
  if (!Array.isArray(value) && !isObject(value)) {
    return (
      <div className="flex gap-1.5 pl-3.5 font-mono text-xs leading-5">
        {name !== undefined && <Name>{name}</Name>}
        <Leaf value={value} />
      </div>
    );
  }
  const entries = Object.entries(value);
  return (
    <div className="font-mono text-xs leading-5">
      <button
        type="button"
        className="nodrag flex items-center gap-0.5 rounded text-left hover:bg-hover"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        <ChevronRight size={12} className={`text-ink-3 transition-transform ${isOpen ? "rotate-90" : ""}`} />
        {name !== undefined && <Name>{name}</Name>}
        <span className="text-ink-3">{summary(value, entries.length)}</span>
      </button>
      {isOpen && (
        <div className="ml-1.5 border-line border-l pl-1">
          {entries.slice(0, MOST_SHOWN).map(([key, item]) => (
            <JsonTree key={key} name={key} value={item} open={open - 1} />
          ))}
          {entries.length > MOST_SHOWN && (
            <p className="pl-3.5 text-ink-3">… {entries.length - MOST_SHOWN} more</p>
          )}
        </div>
      )}
    </div>
  );
}

function Name({ children }: { children: string }) {
  return <span className="text-ink-2">{children}:</span>;
}

function summary(value: unknown, length: number): string {
  return Array.isArray(value) ? `[${length}]` : `{${length}}`;
}

function Leaf({ value }: { value: unknown }) {
  if (typeof value === "string")
    return <span className="break-words text-[var(--family-text)]">“{value}”</span>;
  if (typeof value === "number")
    return <span className="numeric text-[var(--family-number)]">{numberText(value)}</span>;
  return <span className="text-[var(--family-bool)]">{String(value)}</span>;
}
