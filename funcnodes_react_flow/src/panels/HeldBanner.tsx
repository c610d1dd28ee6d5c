import { ShieldAlert, ShieldCheck } from "lucide-react";
import { useEffect } from "react";
import { Button } from "../parts/Button";
import { useGraph } from "../store/graph";
import { loadTrust, resetTrust, trustFlow, useTrust } from "../store/trust";
import { BANNER } from "./Banner";

/** A flow from elsewhere: what is held back, why, and the word that lets it go. */
export function HeldBanner() {
  const worker = useGraph((graph) => graph.worker);
  const isOpen = useGraph((graph) => graph.state === "open");
  const { held, reason, packages, granting } = useTrust();
  // biome-ignore lint/correctness/useExhaustiveDependencies: another worker is another question.
  useEffect(() => {
    if (isOpen) void loadTrust();
    return resetTrust;
  }, [worker, isOpen]);
  if (!held) return null;
  return (
    <div role="alert" data-testid="held-banner" className={BANNER}>
      <ShieldAlert size={18} className="shrink-0 text-warn" />
      <p className="min-w-48 flex-1">
        <span className="font-medium">This flow has not been trusted yet: shown, not run.</span>
        <span className="block text-ink-3 text-xs">
          {reason && `${reason.charAt(0).toUpperCase()}${reason.slice(1)}. `}
          Trust it only if you know where it comes from: its nodes are programs that may do all that you may.
        </span>
        {packages.length > 0 && (
          <span className="block text-ink-3 text-xs">Trusting it loads: {packages.join(", ")}.</span>
        )}
      </p>
      <Button look="primary" busy={granting} data-testid="trust-flow" onClick={() => void trustFlow()}>
        <ShieldCheck size={14} /> Trust this flow
      </Button>
    </div>
  );
}
