/** What a change of a worker's environment would do, as the manager plans it. Pure. */
import { isObject } from "../rpc/json";

export interface Change {
  readonly install?: readonly { readonly package: string; readonly version?: string }[];
  readonly remove?: readonly string[];
  readonly upgrade?: readonly string[] | true;
}

export interface PlanLine {
  readonly kind: "added" | "changed" | "removed";
  readonly name: string;
  /** "1.2", or "1.2 → 1.3". */
  readonly version: string;
  /** Bytes to download, where known. */
  readonly size: number | null;
}

export interface Plan {
  readonly lines: readonly PlanLine[];
  /** Bytes to download, as far as they are known; 0 where nothing is. */
  readonly download: number;
  /** True: the running worker takes it up without a restart. */
  readonly live: boolean;
  /** Which of the packages bring nodes. */
  readonly modules: readonly string[];
  /** Why it cannot be, in sentences; empty when it can. */
  readonly conflicts: readonly string[];
}

export function toPlan(answer: unknown): Plan {
  const plan = isObject(answer) ? answer : {};
  return {
    lines: [
      ...lines("added", plan.added),
      ...lines("changed", plan.changed),
      ...lines("removed", plan.removed),
    ],
    download: typeof plan.download === "number" ? plan.download : 0,
    live: plan.live === true,
    modules: texts(plan.modules),
    conflicts: texts(plan.conflicts),
  };
}

function lines(kind: PlanLine["kind"], value: unknown): readonly PlanLine[] {
  return (Array.isArray(value) ? value : []).flatMap((item: unknown) => {
    if (!isObject(item) || typeof item.name !== "string") return [];
    const version =
      kind === "changed" ? `${String(item.before)} → ${String(item.after)}` : String(item.version ?? "");
    return [{ kind, name: item.name, version, size: typeof item.size === "number" ? item.size : null }];
  });
}

function texts(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : []).filter((item: unknown) => typeof item === "string");
}

/** What a change is called while it is planned and made. */
export function titleOf(change: Change): string {
  const { install = [], remove = [], upgrade = [] } = change;
  const [first] = install;
  if (first) return `Add ${first.package}${first.version ?? ""}`;
  const [gone] = remove;
  if (gone !== undefined) return `Remove ${gone}`;
  if (upgrade === true) return "Upgrade everything";
  return `Upgrade ${upgrade.join(", ")}`;
}
