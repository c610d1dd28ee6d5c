import { useEffect, useState } from "react";
import { FIELD, TextField } from "../parts/Field";

/** A text that is sent when one leaves it or presses Enter. */
export function Written({
  value,
  onCommit,
  placeholder,
  title,
  long = false,
}: {
  value: string;
  onCommit: (text: string) => void;
  placeholder?: string;
  title?: string | undefined;
  long?: boolean;
}) {
  const [draft, setDraft] = useState(value);
  useEffect(() => setDraft(value), [value]);
  const commit = () => {
    if (draft !== value) onCommit(draft);
  };
  if (long) {
    return (
      <textarea
        rows={2}
        value={draft}
        placeholder={placeholder}
        title={title}
        onChange={(event) => setDraft(event.target.value)}
        onBlur={commit}
        className={`max-h-40 resize-none py-1.5 [field-sizing:content] ${FIELD}`}
      />
    );
  }
  return (
    <TextField
      value={draft}
      placeholder={placeholder}
      onChange={(event) => setDraft(event.target.value)}
      onBlur={commit}
      onKeyDown={(event) => {
        if (event.key === "Enter") commit();
      }}
    />
  );
}
