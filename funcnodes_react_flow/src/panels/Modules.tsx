import { Check, ExternalLink, Package, Trash2, TriangleAlert } from "lucide-react";
import { type FormEvent, useEffect, useMemo, useRef, useState } from "react";
import type { Module } from "../model/catalog";
import { Bar } from "../parts/Bar";
import { Button, IconButton } from "../parts/Button";
import { TextField } from "../parts/Field";
import { Modal } from "../parts/Modal";
import { Spinner } from "../parts/Spinner";
import { addModule, type Installing, loadCatalog, removeModule, useModules } from "../store/modules";
import { openDialog } from "../store/view";

/** Modules bring nodes: what the worker has, what there is, and how an installation goes. */
export function Modules() {
  const { catalog, statement, installing } = useModules();
  const [name, setName] = useState("");
  const busy = installing?.phase === "running";
  useEffect(() => {
    void loadCatalog();
  }, []);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const wanted = splitVersion(name);
    if (wanted) void addModule(wanted.name, wanted.version);
  };
  const others = useMemo(() => offered(catalog, name), [catalog, name]);
  return (
    <Modal
      title="Modules"
      description="A module brings nodes and the Python packages they need. It is installed for this worker only."
      width="medium"
      onClose={() => openDialog(null)}
    >
      <form onSubmit={submit} className="flex gap-2">
        <TextField
          data-testid="module-name"
          aria-label="Name of a module"
          placeholder="Search, or type a name: funcnodes-numpy"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Button
          look="primary"
          type="submit"
          data-testid="module-add"
          busy={busy}
          disabled={splitVersion(name) === null}
        >
          Add
        </Button>
      </form>
      {installing && <InstallProgress installing={installing} />}
      {catalog === null ? (
        <p className="mt-6 flex items-center gap-2 text-ink-3">
          <Spinner /> Reading the list of modules…
        </p>
      ) : (
        <>
          {statement && <p className="mt-4 text-ink-3 text-xs">{statement}</p>}
          <List title="In this worker" modules={catalog.active} has busy={busy} />
          <List title="Available" modules={others} busy={busy} />
        </>
      )}
    </Modal>
  );
}

const REQUIREMENT = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*((?:[<>=!~]=?|===?)\s*[^\s].*)?$/;

/** Reads `name` or `name>=1.2`; null while it is neither. */
export function splitVersion(text: string): { name: string; version: string | null } | null {
  const parts = REQUIREMENT.exec(text);
  const name = parts?.[1];
  return name === undefined ? null : { name, version: parts?.[2]?.replace(/\s+/g, "") ?? null };
}

function offered(
  catalog: ReturnType<typeof useModules.getState>["catalog"],
  query: string,
): readonly Module[] {
  if (!catalog) return [];
  const active = new Set(catalog.active.map((module) => module.name));
  const seen = new Map([...catalog.available, ...catalog.installed].map((module) => [module.name, module]));
  const word = query.trim().toLowerCase();
  return [...seen.values()]
    .filter((module) => !active.has(module.name))
    .filter((module) => `${module.name} ${module.description}`.toLowerCase().includes(word))
    .sort((a, b) => a.name.localeCompare(b.name));
}

function InstallProgress({ installing }: { installing: Installing }) {
  const { phase, lines, name, action } = installing;
  const end = useRef<HTMLLIElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new line is what the list scrolls for.
  useEffect(() => {
    end.current?.scrollIntoView({ block: "nearest" });
  }, [lines]);
  const look = { running: "accent", ready: "ok", failed: "danger" } as const;
  return (
    <section
      data-testid="module-progress"
      data-phase={phase}
      className={`mt-4 rounded-xl border p-3 ${phase === "failed" ? "border-danger/40 bg-danger-soft" : "border-line bg-sunken"}`}
    >
      <div className="mb-2 flex items-center gap-2 font-medium">
        {phase === "running" && <Spinner />}
        {phase === "ready" && <Check size={15} className="text-ok" />}
        {phase === "failed" && <TriangleAlert size={15} className="text-danger" />}
        <span>{headline(phase, action, name)}</span>
      </div>
      <Bar
        fraction={phase === "running" && installing.fraction === 0 ? null : installing.fraction}
        tone={look[phase]}
      />
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
    </section>
  );
}

function headline(phase: Installing["phase"], action: Installing["action"], name: string): string {
  const adding = action === "add";
  if (phase === "running") return `${adding ? "Adding" : "Removing"} ${name}…`;
  if (phase === "failed") return `${name} could not be ${adding ? "added" : "removed"}. Nothing has changed.`;
  return adding ? `${name} is ready` : `${name} was removed`;
}

function List({
  title,
  modules,
  busy,
  has = false,
}: {
  title: string;
  modules: readonly Module[];
  busy: boolean;
  has?: boolean;
}) {
  if (modules.length === 0) return null;
  return (
    <section className="mt-5">
      <h3 className="mb-1.5 font-medium text-ink-3 text-xs">{title}</h3>
      <ul className="divide-y divide-line rounded-xl border border-line">
        {modules.map((module) => (
          <li key={module.name} className="flex items-start gap-3 p-3">
            <Package size={15} className="mt-0.5 shrink-0 text-ink-3" />
            <div className="min-w-0 flex-1">
              <p className="flex items-center gap-2">
                <span className="truncate font-medium">{module.name}</span>
                <span className="numeric text-ink-3 text-xs">{module.version}</span>
                {module.homepage && (
                  <a
                    href={module.homepage}
                    target="_blank"
                    rel="noreferrer"
                    aria-label={`Page of ${module.name}`}
                    className="text-ink-3 hover:text-accent"
                  >
                    <ExternalLink size={12} />
                  </a>
                )}
              </p>
              {module.description && (
                <p className="mt-0.5 line-clamp-2 text-ink-3 text-xs">{module.description}</p>
              )}
            </div>
            {has ? (
              <IconButton
                label={`Remove ${module.name}`}
                disabled={busy}
                onClick={() => void removeModule(module.name)}
              >
                <Trash2 size={14} />
              </IconButton>
            ) : (
              <Button className="h-7" disabled={busy} onClick={() => void addModule(module.name)}>
                Add
              </Button>
            )}
          </li>
        ))}
      </ul>
    </section>
  );
}
