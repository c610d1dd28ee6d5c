import type { InputHTMLAttributes, ReactNode, Ref } from "react";

export const FIELD =
  "w-full min-w-0 rounded-md border border-line bg-sunken px-2 text-ink outline-none transition-colors placeholder:text-ink-3 hover:border-line-strong focus:border-accent focus:bg-surface focus:ring-2 focus:ring-accent/20";

export function TextField({
  className = "",
  ref,
  ...rest
}: InputHTMLAttributes<HTMLInputElement> & { ref?: Ref<HTMLInputElement> }) {
  return (
    <input
      ref={ref}
      className={`h-8 ${FIELD} ${className}`}
      autoComplete="off"
      spellCheck={false}
      {...rest}
    />
  );
}

export function Labelled({ label, children, hint }: { label: string; children: ReactNode; hint?: string }) {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is the child that callers hand in.
    <label className="block">
      <span className="mb-1 block font-medium text-ink-2 text-xs">{label}</span>
      {children}
      {hint && <span className="mt-1 block text-ink-3 text-xs">{hint}</span>}
    </label>
  );
}
