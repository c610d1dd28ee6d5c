import type { ButtonHTMLAttributes } from "react";
import { Spinner } from "./Spinner";

const LOOK = {
  primary: "bg-accent text-on-accent hover:bg-accent-strong border-transparent",
  plain: "bg-surface text-ink hover:bg-hover border-line",
  quiet: "bg-transparent text-ink-2 hover:text-ink hover:bg-hover border-transparent",
  danger: "bg-danger-soft text-danger hover:border-danger border-transparent",
} as const;

interface Props extends ButtonHTMLAttributes<HTMLButtonElement> {
  look?: keyof typeof LOOK;
  busy?: boolean;
}

export function Button({ look = "plain", busy = false, className = "", children, disabled, ...rest }: Props) {
  return (
    <button
      type="button"
      disabled={disabled || busy}
      className={`inline-flex h-8 select-none items-center justify-center gap-1.5 whitespace-nowrap rounded-lg border px-3 font-medium transition-colors disabled:opacity-50 ${LOOK[look]} ${className}`}
      {...rest}
    >
      {busy && <Spinner />}
      {children}
    </button>
  );
}

interface IconProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  label: string;
  active?: boolean;
}

/** A button that shows only an icon; its label is its tooltip and its name for screen readers. */
export function IconButton({ label, active = false, className = "", children, ...rest }: IconProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      aria-pressed={active || undefined}
      className={`inline-grid size-8 shrink-0 place-items-center rounded-lg transition-colors disabled:opacity-40 ${
        active ? "bg-accent-soft text-accent" : "text-ink-2 hover:bg-hover hover:text-ink"
      } ${className}`}
      {...rest}
    >
      {children}
    </button>
  );
}
