import { CircleAlert, CircleCheck, Info, X } from "lucide-react";
import { dismiss, type Toast, useView } from "../store/view";

const LOOK = {
  info: { icon: Info, colour: "text-accent" },
  success: { icon: CircleCheck, colour: "text-ok" },
  error: { icon: CircleAlert, colour: "text-danger" },
} as const;

/** Short notices: beside the place they are about, or at the bottom. */
export function Toasts() {
  const toasts = useView((view) => view.toasts);
  const general = toasts.filter((toast) => !toast.at);
  return (
    <div aria-live="polite">
      {toasts.map((toast) => toast.at && <Card key={toast.id} toast={toast} at={toast.at} />)}
      <div className="pointer-events-none fixed inset-x-0 bottom-5 z-[60] flex flex-col items-center gap-2 px-3 max-md:bottom-16">
        {general.map((toast) => (
          <Card key={toast.id} toast={toast} at={null} />
        ))}
      </div>
    </div>
  );
}

function Card({ toast, at }: { toast: Toast; at: { x: number; y: number } | null }) {
  const { icon: Icon, colour } = LOOK[toast.tone];
  return (
    <div
      data-testid="toast"
      data-tone={toast.tone}
      className={`rise pointer-events-auto flex w-max max-w-[min(26rem,calc(100vw-1.5rem))] items-start gap-2.5 rounded-xl border border-line bg-raised py-2.5 pr-2 pl-3 shadow-float ${at ? "fixed z-[60]" : ""}`}
      style={
        at
          ? {
              left: Math.max(8, Math.min(at.x + 12, window.innerWidth - 300)),
              top: Math.min(at.y + 12, window.innerHeight - 90),
            }
          : undefined
      }
    >
      <Icon size={16} className={`mt-px shrink-0 ${colour}`} />
      <div className="min-w-0">
        <p className="font-medium">{toast.title}</p>
        {toast.detail && (
          <p className="mt-0.5 max-h-40 overflow-y-auto whitespace-pre-wrap break-words text-ink-2 text-xs">
            {toast.detail}
          </p>
        )}
      </div>
      <button
        type="button"
        aria-label="Dismiss"
        className="grid size-5 shrink-0 place-items-center rounded text-ink-3 hover:text-ink"
        onClick={() => dismiss(toast.id)}
      >
        <X size={13} />
      </button>
    </div>
  );
}
