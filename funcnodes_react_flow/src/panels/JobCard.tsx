import { Check, Minus, Plus, RefreshCw, TriangleAlert } from "lucide-react";
import { useEffect, useRef } from "react";
import { sizeText } from "../model/files";
import type { Plan, PlanLine } from "../model/plan";
import { Bar } from "../parts/Bar";
import { Button } from "../parts/Button";
import { Spinner } from "../parts/Spinner";
import { applyPlan, forgetJob, type Job } from "../store/modules";

/** A change of the environment: what it would do, then how it goes, then how it went. */
export function JobCard({ job }: { job: Job }) {
  const { phase, plan } = job;
  return (
    <section
      data-testid="module-progress"
      data-phase={phase}
      className={`mt-4 rounded-xl border p-3 ${phase === "failed" ? "border-danger/40 bg-danger-soft" : "border-line bg-sunken"}`}
    >
      <div className="flex items-center gap-2 font-medium">
        <PhaseIcon phase={phase} />
        <span className="min-w-0 flex-1 break-words">{headline(job)}</span>
        {(phase === "ready" || phase === "failed") && (
          <Button look="quiet" className="h-7 px-2" onClick={forgetJob}>
            Close
          </Button>
        )}
      </div>
      {phase === "planned" && plan && <Planned plan={plan} />}
      {phase === "planned" && job.change?.upgrade === true && plan?.conflicts.length === 0 && (
        <p className="mt-2 text-ink-3 text-xs">A module that was asked for at an exact version keeps it.</p>
      )}
      {phase === "planning" && <Bar fraction={null} />}
      {(phase === "running" || phase === "ready" || phase === "failed") && <Going job={job} />}
    </section>
  );
}

function PhaseIcon({ phase }: { phase: Job["phase"] }) {
  if (phase === "ready") return <Check size={15} className="text-ok" />;
  if (phase === "failed") return <TriangleAlert size={15} className="text-danger" />;
  return phase === "planned" ? null : <Spinner />;
}

function headline({ phase, title, plan }: Job): string {
  switch (phase) {
    case "planning":
      return `${title}: working out what would change…`;
    case "planned":
      if (plan && plan.conflicts.length > 0) return `${title}: this cannot be`;
      return plan && plan.lines.length === 0 ? `${title}: nothing would change` : `${title}?`;
    case "running":
      return `${title}…`;
    case "ready":
      return `${title}: ready`;
    case "failed":
      return `${title}: this could not be done. Nothing has changed.`;
  }
}

/** What would come, change and go; or why it cannot. */
function Planned({ plan }: { plan: Plan }) {
  const isPossible = plan.conflicts.length === 0;
  return (
    <div data-testid="module-plan" className="mt-2">
      {plan.conflicts.map((sentence) => (
        <p key={sentence} className="mt-1 flex items-start gap-2 break-words text-danger">
          <TriangleAlert size={14} className="mt-0.5 shrink-0" /> {sentence}
        </p>
      ))}
      <ul className="max-h-56 overflow-y-auto">
        {plan.lines.map((line) => (
          <Line key={line.name} line={line} isModule={plan.modules.includes(line.name)} />
        ))}
      </ul>
      {isPossible && plan.lines.length > 0 && (
        <p className="mt-2 text-ink-3 text-xs">
          {plan.download > 0 ? `${sizeText(plan.download)} to download. ` : ""}
          {plan.live
            ? "The worker goes on running meanwhile."
            : "If the worker runs, it starts again with its graph."}
        </p>
      )}
      <div className="mt-3 flex gap-2">
        {isPossible && plan.lines.length > 0 && (
          <Button look="primary" data-testid="module-apply" onClick={() => void applyPlan()}>
            Apply
          </Button>
        )}
        <Button look="quiet" onClick={forgetJob}>
          {isPossible && plan.lines.length > 0 ? "Cancel" : "Close"}
        </Button>
      </div>
    </div>
  );
}

const SIGN = {
  added: { icon: Plus, colour: "text-ok", word: "comes" },
  changed: { icon: RefreshCw, colour: "text-accent", word: "changes" },
  removed: { icon: Minus, colour: "text-danger", word: "goes" },
} as const;

function Line({ line, isModule }: { line: PlanLine; isModule: boolean }) {
  const { icon: Icon, colour, word } = SIGN[line.kind];
  return (
    <li className="flex items-center gap-2 py-0.5">
      <Icon size={13} className={`shrink-0 ${colour}`} aria-label={word} />
      <span className={`min-w-0 truncate ${isModule ? "font-medium" : "text-ink-2"}`}>{line.name}</span>
      <span className="numeric shrink-0 text-ink-3 text-xs">{line.version}</span>
      {isModule && <span className="shrink-0 rounded bg-accent-soft px-1.5 text-accent text-xs">nodes</span>}
      <span className="numeric ml-auto shrink-0 text-ink-3 text-xs">
        {line.size === null ? "" : sizeText(line.size)}
      </span>
    </li>
  );
}

const TONE = {
  planning: "accent",
  planned: "accent",
  running: "accent",
  ready: "ok",
  failed: "danger",
} as const;

function Going({ job }: { job: Job }) {
  const { phase, lines } = job;
  const end = useRef<HTMLLIElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new line is what the list scrolls for.
  useEffect(() => {
    end.current?.scrollIntoView({ block: "nearest" });
  }, [lines]);
  return (
    <div className="mt-2">
      <Bar fraction={phase === "running" && job.fraction === 0 ? null : job.fraction} tone={TONE[phase]} />
      <ol className="mt-2 max-h-40 overflow-y-auto font-mono text-ink-2 text-xs leading-5">
        {lines.map((line, index) => (
          <li
            // biome-ignore lint/suspicious/noArrayIndexKey: lines are only ever added at the end.
            key={index}
            ref={index === lines.length - 1 ? end : undefined}
            className={`whitespace-pre-wrap break-words ${
              phase === "failed" && index === lines.length - 1 ? "mt-1.5 font-sans text-[13px] text-ink" : ""
            }`}
          >
            {line}
          </li>
        ))}
      </ol>
    </div>
  );
}
