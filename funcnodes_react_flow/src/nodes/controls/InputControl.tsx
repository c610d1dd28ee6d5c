import { Check, Minus } from "lucide-react";
import { Checkbox } from "radix-ui";
import { assertNever } from "../../model/assertNever";
import { controlOf, isStored, jsonText, ownValue } from "../../model/control";
import { typeLabel } from "../../model/portType";
import { FIELD } from "../../parts/Field";
import { setValue } from "../../store/nodes";
import type { Json, PortRecord } from "../../wire/generated";
import { ChoiceControl } from "./ChoiceControl";
import { FileControl } from "./FileControl";
import { NumberControl } from "./NumberControl";
import type { ControlProps } from "./props";
import { JsonControl, TextControl } from "./TextControl";

const MOST_LETTERS = 18;

/** The control that edits an input which no edge feeds. */
export function InputControl({
  node,
  port,
  where,
}: {
  node: string;
  port: PortRecord;
  where: "node" | "panel";
}) {
  const own = ownValue(port);
  const isLarge = isStored(own);
  const value = isLarge ? undefined : own;
  const props: ControlProps = {
    value,
    onCommit: (value) => setValue(node, port.id, value),
    testId: where === "node" ? `input-${node}-${port.id}` : `panel-input-${node}-${port.id}`,
    label: port.name || port.id,
    isOwn: port.value !== undefined,
    placeholder: isLarge ? "large value; typing replaces it" : placeholderOf(port, value),
  };
  const control = controlOf(port);
  switch (control.kind) {
    case "number":
      return <NumberControl control={control} {...props} />;
    case "bool":
      return <BoolControl {...props} />;
    case "text":
      return <TextControl {...props} />;
    case "choice":
      return <ChoiceControl control={control} {...props} />;
    case "color":
      return <ColourControl {...props} />;
    case "file":
      return <FileControl {...props} />;
    case "bytes":
      return <span className="text-ink-3 text-xs">bytes come by wire</span>;
    case "json":
      return <JsonControl type={port.type} {...props} />;
    default:
      return assertNever(control);
  }
}

function placeholderOf(port: PortRecord, value: Json | undefined): string {
  if (value === null) return "none";
  if (typeof value === "string" && value !== "") return value;
  return port.required === false ? "optional" : shortLabel(port);
}

/** A field has room for a short type; the whole one is in the port's tooltip and in the panel. */
function shortLabel(port: PortRecord): string {
  const label = typeLabel(port.type);
  return label.length > MOST_LETTERS ? "value" : label;
}

function BoolControl({ value, onCommit, testId, label }: ControlProps) {
  return (
    <Checkbox.Root
      data-testid={testId}
      aria-label={label}
      checked={typeof value === "boolean" ? value : "indeterminate"}
      onCheckedChange={(checked) => onCommit(checked === true)}
      className="nodrag grid size-[18px] shrink-0 place-items-center rounded-[5px] border border-line-strong bg-sunken text-on-accent data-[state=checked]:border-accent data-[state=checked]:bg-accent"
    >
      <Checkbox.Indicator>
        {typeof value === "boolean" ? (
          <Check size={13} strokeWidth={3} />
        ) : (
          <Minus size={11} className="text-ink-3" />
        )}
      </Checkbox.Indicator>
    </Checkbox.Root>
  );
}

const HEX = /^#[0-9a-f]{6}$/i;

function ColourControl({ value, onCommit, testId, label }: ControlProps) {
  const text = value === null ? "" : jsonText(value);
  const hex = text.startsWith("#") ? text : `#${text}`;
  return (
    <div className="flex min-w-0 flex-1 items-center gap-1.5">
      <input
        type="color"
        data-testid={testId}
        aria-label={label}
        value={HEX.test(hex) ? hex : "#000000"}
        onChange={(event) => onCommit(event.target.value)}
        className="nodrag h-7 w-9 shrink-0 rounded-md border border-line bg-sunken p-0.5"
      />
      <span className={`numeric flex h-7 items-center font-mono text-xs ${FIELD}`}>{text || "none"}</span>
    </div>
  );
}
