import { Maximize2 } from "lucide-react";
import type { PortValues } from "../../model/feed";
import { isInput, keyOf } from "../../model/graph";
import { type Shown, shown } from "../../model/preview";
import { isObject } from "../../rpc/json";
import { open } from "../../store/view";
import type { NodeRecord, PortRecord } from "../../wire/generated";
import { PreviewBody } from "./PreviewBody";

interface Props {
  node: NodeRecord;
  ports: readonly PortRecord[];
  values: PortValues;
}

/** The value that deserves room inside the node: the one its class names, else a picture, table, text or tree. */
export function BigPreview({ node, ports, values }: Props) {
  const found = pick(node, ports, values);
  if (!found) return null;
  return (
    <div className="relative overflow-hidden rounded-b-[11px] border-line border-t bg-sunken">
      <PreviewBody shown={found.shown} />
      <button
        type="button"
        aria-label="Open in full"
        title="Open in full"
        className="nodrag absolute top-1 right-1 grid size-6 place-items-center rounded-md bg-surface/80 text-ink-3 opacity-0 hover:text-ink focus-visible:opacity-100 group-hover/node:opacity-100"
        onClick={() => open({ kind: "value", node: node.id, port: found.port })}
      >
        <Maximize2 size={12} />
      </button>
    </div>
  );
}

function pick(node: NodeRecord, ports: readonly PortRecord[], values: PortValues) {
  const named = namedPort(node);
  if (named !== null && values[named]) return { port: named, shown: shown(values[named]) };
  const found = ports.flatMap((port) => {
    const key = keyOf(node, port);
    const what = isInput(port) ? null : shown(values[key]);
    return what && deservesRoom(what) ? { port: key, shown: what } : [];
  });
  // What is to be looked at comes before what is to be read.
  return found.find(({ shown: { kind } }) => kind === "image" || kind === "plot") ?? found[0] ?? null;
}

function namedPort(node: NodeRecord): string | null {
  const data = node.render_options?.data;
  return isObject(data) && typeof data.src === "string" ? data.src : null;
}

const SHORT = 48;

function deservesRoom(what: Shown): boolean {
  if (what.kind === "image" || what.kind === "table" || what.kind === "plot") return true;
  if (what.kind === "text") return what.text.length > SHORT || what.text.includes("\n");
  return what.kind === "tree" && JSON.stringify(what.value).length > SHORT;
}
