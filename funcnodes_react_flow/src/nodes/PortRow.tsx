import { Handle, Position } from "@xyflow/react";
import { memo } from "react";
import type { Preview } from "../model/feed";
import { familyOf, typeLabel } from "../model/portType";
import { lineOf } from "../model/preview";
import { portStyle } from "../parts/familyColour";
import { open } from "../store/view";
import type { PortRecord } from "../wire/generated";
import { InputControl } from "./controls/InputControl";

interface Props {
  node: string;
  port: PortRecord;
  preview: Preview | null | undefined;
}

export const InputRow = memo(function InputRow({
  node,
  port,
  preview,
  connected,
}: Props & { connected: boolean }) {
  return (
    <div className="relative flex min-h-9 items-center gap-2 px-3 py-1">
      <PortHandle node={node} port={port} place={port.id} direction="input" />
      <span className="max-w-[45%] shrink-0 truncate text-ink-2" title={hint(port)}>
        {port.name || port.id}
      </span>
      <div className="flex min-w-0 flex-1 justify-end">
        {connected ? (
          <ValueLine node={node} port={port.id} preview={preview} quiet />
        ) : (
          <InputControl node={node} port={port} where="node" />
        )}
      </div>
    </div>
  );
});

/** `place` is the port's key in its node, under which its value comes. */
export const OutputRow = memo(function OutputRow({ node, port, place, preview }: Props & { place: string }) {
  return (
    <div className="relative flex min-h-8 items-center gap-2 px-3 py-1">
      <div className="flex min-w-0 flex-1">
        <ValueLine node={node} port={place} preview={preview} />
      </div>
      <span className="max-w-[55%] shrink-0 truncate text-right text-ink-2" title={hint(port)}>
        {port.name || port.id}
      </span>
      <PortHandle node={node} port={port} place={place} direction="output" />
    </div>
  );
});

/** The newest value in one line; a click opens it in full. */
function ValueLine({
  node,
  port,
  preview,
  quiet = false,
}: {
  node: string;
  port: string;
  preview: Preview | null | undefined;
  quiet?: boolean;
}) {
  const line = lineOf(preview);
  return (
    <button
      type="button"
      data-testid={`preview-${node}-${port}`}
      disabled={!preview}
      title={preview ? `${preview.type || preview.mime} — click to open` : "no value yet"}
      className={`nodrag numeric min-w-0 truncate rounded px-1 py-0.5 text-left font-mono text-xs enabled:hover:bg-hover ${
        quiet ? "text-ink-3" : "bg-sunken text-ink"
      } ${preview ? "" : "bg-transparent text-ink-3"}`}
      onClick={() => open({ kind: "value", node, port })}
    >
      {preview ? line || "“”" : "—"}
    </button>
  );
}

function PortHandle({
  node,
  port,
  place,
  direction,
}: {
  node: string;
  port: PortRecord;
  place: string;
  direction: "input" | "output";
}) {
  const input = direction === "input";
  return (
    <>
      <Handle
        id={place}
        type={input ? "target" : "source"}
        position={input ? Position.Left : Position.Right}
        data-testid={`port-${node}-${place}`}
        data-direction={direction}
        aria-label={`${direction} ${port.name || port.id}`}
        title={hint(port)}
        className="port-handle"
        style={portStyle(familyOf(port.type))}
      />
      {input && (
        // An input can hand its value on to another input: such an edge begins here.
        <Handle
          id={port.id}
          type="source"
          position={Position.Left}
          isConnectable={false}
          className="forward-handle"
        />
      )}
    </>
  );
}

function hint(port: PortRecord): string {
  return [`${port.name || port.id}: ${typeLabel(port.type)}`, port.description].filter(Boolean).join("\n");
}
