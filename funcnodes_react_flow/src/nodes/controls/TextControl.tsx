import { useState } from "react";
import { jsonText, parseJson } from "../../model/control";
import { FIELD } from "../../parts/Field";
import type { Json } from "../../wire/generated";
import type { ControlProps } from "./props";

/** Text grows with what is typed; Enter is done, Shift+Enter a new line. Empty text is no value. */
export function TextControl({ value, onCommit, testId, label, placeholder }: ControlProps) {
  return (
    <Draft
      shown={value === undefined || value === null ? "" : String(value)}
      check={() => null}
      commit={(text) => onCommit(text === "" ? undefined : text)}
      {...{ testId, label, placeholder }}
    />
  );
}

/** Any value as JSON; what is no JSON counts as text where the type allows text. */
export function JsonControl({
  value,
  onCommit,
  testId,
  label,
  placeholder,
  type,
}: ControlProps & { type: Json | undefined }) {
  const problem = (text: string) => {
    const parsed = parseJson(text, type);
    return parsed.ok ? null : parsed.why;
  };
  return (
    <Draft
      shown={value === null ? "" : jsonText(value)}
      check={problem}
      commit={(text) => {
        const parsed = parseJson(text, type);
        if (parsed.ok) onCommit(parsed.value);
      }}
      mono
      {...{ testId, label, placeholder }}
    />
  );
}

interface DraftProps {
  shown: string;
  check: (text: string) => string | null;
  commit: (text: string) => void;
  testId: string;
  label: string;
  placeholder: string;
  mono?: boolean;
}

function Draft({ shown, check, commit, testId, label, placeholder, mono = false }: DraftProps) {
  const [draft, setDraft] = useState<string | null>(null);
  const problem = draft === null ? null : check(draft);
  const finish = () => {
    // What cannot be read stays on screen with its reason, so that nothing typed is lost.
    if (problem !== null) return;
    if (draft !== null && draft !== shown) commit(draft);
    setDraft(null);
  };
  return (
    <div className="min-w-0 flex-1">
      <textarea
        data-testid={testId}
        aria-label={label}
        aria-invalid={problem !== null}
        rows={1}
        spellCheck={false}
        placeholder={placeholder}
        value={draft ?? shown}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={finish}
        onKeyDown={(event) => {
          if (event.key === "Enter" && !event.shiftKey) {
            event.preventDefault();
            finish();
          } else if (event.key === "Escape") setDraft(null);
        }}
        className={`nodrag nowheel block max-h-40 min-h-7 resize-none py-[3px] [field-sizing:content] ${FIELD} ${
          mono ? "font-mono text-xs leading-5" : ""
        } aria-invalid:border-danger`}
      />
      {problem && <p className="mt-1 text-danger text-xs">{problem}</p>}
    </div>
  );
}
