import { Slider } from "radix-ui";
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { type Control, parseNumber } from "../../model/control";
import { FIELD } from "../../parts/Field";
import type { ControlProps } from "./props";

type Props = ControlProps & { control: Control & { kind: "number" } };

export function NumberControl({ control, value, onCommit, testId, label, placeholder }: Props) {
  const { min, max } = control;
  const number = typeof value === "number" ? value : null;
  return (
    <div className="flex min-w-0 flex-1 items-center gap-2">
      {min !== null && max !== null && max > min && (
        <Sliding control={control} min={min} max={max} value={number} onCommit={onCommit} label={label} />
      )}
      <NumberText
        control={control}
        value={value}
        onCommit={onCommit}
        testId={testId}
        label={label}
        placeholder={placeholder}
      />
    </div>
  );
}

function NumberText({ control, value, onCommit, testId, label, placeholder }: Omit<Props, "isOwn">) {
  // All digits: what is edited further must not lose those that are not shown. A default that is no number
  // ("none", a marker of the module) is told, not offered as something typed wrongly.
  const shown = typeof value === "number" ? String(value) : "";
  const [draft, setDraft] = useState<string | null>(null);
  const [refused, setRefused] = useState(false);
  const parsed = parseNumber(draft ?? shown, control);

  const write = (text: string | null) => {
    setDraft(text);
    setRefused(false);
  };
  const commit = () => {
    // What is no number stays on screen with its reason, so that nobody takes it for done.
    if (draft !== null && !parsed.ok) return setRefused(true);
    if (draft !== null && parsed.ok && parsed.value !== value) onCommit(parsed.value);
    write(null);
  };
  const step = (event: KeyboardEvent) => {
    const direction = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
    if (direction === 0 || !parsed.ok) return;
    event.preventDefault();
    const size = (control.step ?? (control.whole ? 1 : 0.1)) * (event.shiftKey ? 10 : 1);
    const from = typeof parsed.value === "number" ? parsed.value : 0;
    const next = parseNumber(String(Number((from + direction * size).toPrecision(12))), control);
    write(null);
    if (next.ok) onCommit(next.value);
  };

  return (
    <div className="min-w-14 flex-1">
      <input
        data-testid={testId}
        aria-label={label}
        aria-invalid={!parsed.ok}
        title={parsed.ok ? undefined : parsed.why}
        inputMode={control.whole ? "numeric" : "decimal"}
        autoComplete="off"
        placeholder={placeholder}
        value={draft ?? shown}
        onChange={(event) => write(event.target.value)}
        onBlur={commit}
        onKeyDown={(event) => {
          if (event.key === "Enter") commit();
          else if (event.key === "Escape") write(null);
          else step(event);
        }}
        className={`nodrag numeric block h-7 text-right ${FIELD} aria-invalid:border-danger`}
      />
      {refused && !parsed.ok && (
        <p role="alert" className="mt-1 break-words text-right text-danger text-xs">
          {parsed.why}
        </p>
      )}
    </div>
  );
}

interface SlidingProps {
  control: Control & { kind: "number" };
  min: number;
  max: number;
  value: number | null;
  onCommit: ControlProps["onCommit"];
  label: string;
}

const SEND_EVERY_MS = 60;

/** While it is dragged the newest place is sent at a bounded rate, and the last one always. */
function Sliding({ control, min, max, value, onCommit, label }: SlidingProps) {
  const [draft, setDraft] = useState<number | null>(null);
  const sentAt = useRef(0);
  useEffect(() => {
    if (draft !== null && draft === value) setDraft(null);
  }, [draft, value]);
  return (
    <Slider.Root
      className="nodrag nopan relative flex h-7 min-w-20 flex-[2] touch-none select-none items-center"
      min={min}
      max={max}
      step={control.step ?? (control.whole ? 1 : (max - min) / 1000)}
      value={[draft ?? value ?? min]}
      onValueChange={([next]) => {
        if (next === undefined) return;
        setDraft(next);
        if (Date.now() - sentAt.current < SEND_EVERY_MS) return;
        sentAt.current = Date.now();
        onCommit(next);
      }}
      onValueCommit={([next]) => {
        if (next !== undefined && next !== value) onCommit(next);
        setDraft(null);
      }}
    >
      <Slider.Track className="relative h-1 grow rounded-full bg-line">
        <Slider.Range className="absolute h-full rounded-full bg-accent" />
      </Slider.Track>
      <Slider.Thumb
        aria-label={label}
        className="block size-3.5 rounded-full border border-line-strong bg-surface shadow-sm"
      />
    </Slider.Root>
  );
}
