import { assertNever } from "../../model/assertNever";
import type { Shown } from "../../model/preview";
import { JsonTree } from "./JsonTree";
import { PlotPreview } from "./PlotPreview";
import { TablePreview } from "./TablePreview";

/** A value at the size that `large` allows: inside a node it is short and cannot be scrolled by accident. */
export function PreviewBody({ shown, large = false }: { shown: Shown; large?: boolean }) {
  switch (shown.kind) {
    case "nothing":
      return <p className="p-2 text-ink-3">No value yet.</p>;
    case "text":
      return (
        <pre
          className={`nowheel overflow-auto whitespace-pre-wrap break-words p-2 font-mono text-xs ${large ? "" : "max-h-40"}`}
        >
          {shown.text}
          {shown.cut && <More />}
        </pre>
      );
    case "scalar":
      return <p className="numeric p-2 font-medium text-lg">{shown.text}</p>;
    case "bytes":
      return <p className="p-2 text-ink-2">{shown.text}</p>;
    case "image":
      return (
        <img
          src={shown.source}
          alt="What this port holds"
          draggable={false}
          className={`mx-auto block w-full object-contain ${large ? "max-h-[70vh]" : "max-h-56"}`}
        />
      );
    case "table":
      return <TablePreview table={shown.table} cut={shown.cut} large={large} />;
    case "plot":
      return <PlotPreview plot={shown.plot} value={shown.value} large={large} />;
    case "tree":
      return (
        <div className={`nowheel overflow-auto p-2 ${large ? "" : "max-h-48"}`}>
          <JsonTree value={shown.value} open={large ? 2 : 1} />
          {shown.cut && <More />}
        </div>
      );
    default:
      return assertNever(shown);
  }
}

function More() {
  return <span className="text-ink-3"> … the beginning only</span>;
}
