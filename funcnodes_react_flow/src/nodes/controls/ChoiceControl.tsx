import { Check, ChevronDown } from "lucide-react";
import { Select } from "radix-ui";
import { type Control, jsonText } from "../../model/control";
import { FIELD } from "../../parts/Field";
import { sameJson } from "../../rpc/json";
import type { ControlProps } from "./props";

type Props = ControlProps & { control: Control & { kind: "choice" } };

const DEFAULT = "default";
const NONE = "none";

/** Items are known by their place in the list, so that the worker gets the value itself: 3, not "3". */
export function ChoiceControl({ control, value, isOwn, onCommit, testId, label }: Props) {
  const chosen = control.choices.findIndex((choice) => sameJson(choice.value, value));
  return (
    <Select.Root
      value={chosen < 0 ? "" : String(chosen)}
      onValueChange={(key) => {
        if (key === DEFAULT) onCommit(undefined);
        else onCommit(key === NONE ? null : control.choices[Number(key)]?.value);
      }}
    >
      <Select.Trigger
        data-testid={testId}
        aria-label={label}
        className={`nodrag flex h-7 items-center justify-between gap-1 ${FIELD}`}
      >
        <span className="truncate">
          <Select.Value placeholder={<span className="text-ink-3">{unchosen(control, value)}</span>} />
        </span>
        <ChevronDown size={13} className="shrink-0 text-ink-3" />
      </Select.Trigger>
      <Select.Portal>
        <Select.Content
          position="popper"
          sideOffset={4}
          className="rise z-50 max-h-72 min-w-(--radix-select-trigger-width) overflow-hidden rounded-lg border border-line bg-raised p-1 shadow-float"
        >
          <Select.Viewport>
            {isOwn && (
              <Item value={DEFAULT}>
                <span className="text-ink-3">back to the default</span>
              </Item>
            )}
            {control.nullable && !control.choices.some((choice) => choice.value === null) && (
              <Item value={NONE}>
                <span className="text-ink-3">none</span>
              </Item>
            )}
            {control.choices.map((choice, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: the place is what names a choice; labels may repeat.
              <Item key={index} value={String(index)}>
                {choice.label}
              </Item>
            ))}
          </Select.Viewport>
        </Select.Content>
      </Select.Portal>
    </Select.Root>
  );
}

/** What stands in the field while its value is none of the choices. */
function unchosen(control: Props["control"], value: Props["value"]): string {
  if (value === undefined || value === null) return control.nullable ? "none" : "choose…";
  return jsonText(value);
}

function Item({ value, children }: { value: string; children: React.ReactNode }) {
  return (
    <Select.Item
      value={value}
      className="flex h-7 cursor-default select-none items-center justify-between gap-3 rounded-md px-2 outline-none data-[highlighted]:bg-hover"
    >
      <Select.ItemText>{children}</Select.ItemText>
      <Select.ItemIndicator>
        <Check size={13} className="text-accent" />
      </Select.ItemIndicator>
    </Select.Item>
  );
}
