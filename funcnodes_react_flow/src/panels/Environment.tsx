import { ArrowUp, ExternalLink, Package, Trash2, TriangleAlert, Wrench } from "lucide-react";
import { type FormEvent, type ReactNode, useEffect, useMemo, useState } from "react";
import { type Module, type Owned, offeredOf, ownedOf } from "../model/catalog";
import type { WorkerStatus } from "../model/fleet";
import { splitVersion } from "../model/requirement";
import { Button, IconButton } from "../parts/Button";
import { TextField } from "../parts/Field";
import { Spinner } from "../parts/Spinner";
import { openModules, planChange, repair, useModules } from "../store/modules";
import { JobCard } from "./JobCard";

/** The modules of a worker: added, upgraded and removed after a look at what that would do; repaired. */
export function Environment({ worker }: { worker: WorkerStatus }) {
  const { catalog, statement, job } = useModules();
  const [name, setName] = useState("");
  const { uuid } = worker;
  useEffect(() => openModules(uuid), [uuid]);
  const busy = job?.phase === "running" || job?.phase === "planning";
  const wanted = splitVersion(name);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!wanted) return;
    const version = wanted.version === null ? {} : { version: wanted.version };
    void planChange(uuid, { install: [{ package: wanted.name, ...version }] });
  };
  const owned = useMemo(() => (catalog ? ownedOf(catalog) : []), [catalog]);
  const offered = useMemo(() => (catalog ? offeredOf(catalog, name) : []), [catalog, name]);
  if (worker.envPath === null) return <NoEnvironment modules={owned} />;
  return (
    <>
      <form onSubmit={submit} className="flex gap-2">
        <TextField
          data-testid="module-name"
          aria-label="Name of a module"
          placeholder="Search, or type a name: funcnodes-numpy"
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
        <Button look="primary" type="submit" data-testid="module-add" disabled={busy || !wanted}>
          Add…
        </Button>
      </form>
      {name.trim() !== "" && !wanted && (
        <p role="alert" className="mt-1.5 text-danger text-xs">
          Type the name of a package, with a version if you like (funcnodes-numpy&gt;=0.3), or the whole path
          of a module's folder on the manager's machine.
        </p>
      )}
      {job && <JobCard job={job} />}
      {catalog === null ? (
        <p className="mt-6 flex items-center gap-2 text-ink-3">
          <Spinner /> Reading the list of modules…
        </p>
      ) : (
        <>
          <Section
            title="In this worker"
            actions={
              <>
                <Button
                  look="quiet"
                  className="h-7 px-2"
                  data-testid="upgrade-all"
                  disabled={busy}
                  onClick={() => void planChange(uuid, { upgrade: true })}
                >
                  <ArrowUp size={13} /> Upgrade…
                </Button>
                <Button
                  look="quiet"
                  className="h-7 px-2"
                  data-testid="repair-environment"
                  disabled={busy}
                  title="Builds the environment once more, as it is written down, and says what was damaged"
                  onClick={() => void repair(uuid)}
                >
                  <Wrench size={13} /> Repair
                </Button>
              </>
            }
          >
            {owned.map((module) => (
              <Row key={module.name} module={module} badge={<Badge module={module} />}>
                {module.newer && (
                  <Button
                    className="h-7"
                    disabled={busy}
                    onClick={() => void planChange(uuid, { upgrade: [module.name] })}
                  >
                    {module.newer}
                    <ArrowUp size={13} />
                  </Button>
                )}
                {module.asked && (
                  <IconButton
                    label={`Remove ${module.name}`}
                    disabled={busy}
                    onClick={() => void planChange(uuid, { remove: [module.name] })}
                  >
                    <Trash2 size={14} />
                  </IconButton>
                )}
              </Row>
            ))}
          </Section>
          {statement && <p className="mt-4 text-ink-3 text-xs">{statement}</p>}
          {offered.length > 0 && (
            <Section title="Available">
              {offered.map((module) => (
                <Row key={module.name} module={module}>
                  <Button
                    className="h-7"
                    disabled={busy}
                    onClick={() => void planChange(uuid, { install: [{ package: module.name }] })}
                  >
                    Add…
                  </Button>
                </Row>
              ))}
            </Section>
          )}
        </>
      )}
    </>
  );
}

function NoEnvironment({ modules }: { modules: readonly Owned[] }) {
  return (
    <>
      <p
        className="flex items-start gap-2.5 rounded-xl border border-line bg-sunken p-3 text-ink-2"
        data-testid="no-environment"
      >
        <TriangleAlert size={15} className="mt-0.5 shrink-0 text-warn" />
        <span>
          This worker runs in the Python environment of FuncNodes itself, so its modules are those of that
          environment and cannot be changed here. Make a worker with its own virtual environment to add some.
        </span>
      </p>
      <Section title="In that environment">
        {modules.map((module) => (
          <Row key={module.name} module={module} />
        ))}
      </Section>
    </>
  );
}

function Badge({ module }: { module: Owned }) {
  if (module.missing) {
    return (
      <span className="rounded bg-danger-soft px-1.5 text-danger text-xs" title="Repair builds it once more">
        not installed
      </span>
    );
  }
  return module.asked ? null : (
    <span
      className="rounded bg-hover px-1.5 text-ink-3 text-xs"
      title="It came with the worker, or another module needs it"
    >
      came along
    </span>
  );
}

function Section({ title, actions, children }: { title: string; actions?: ReactNode; children: ReactNode }) {
  return (
    <section className="mt-5">
      <div className="mb-1.5 flex min-h-7 items-center">
        <h3 className="flex-1 font-medium text-ink-3 text-xs">{title}</h3>
        {actions}
      </div>
      <ul className="divide-y divide-line rounded-xl border border-line">{children}</ul>
    </section>
  );
}

function Row({ module, badge, children }: { module: Module; badge?: ReactNode; children?: ReactNode }) {
  return (
    <li className="flex items-start gap-3 p-3" data-testid={`module-${module.name}`}>
      <Package size={15} className="mt-0.5 shrink-0 text-ink-3" />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2">
          <span className="truncate font-medium">{module.name}</span>
          <span className="numeric text-ink-3 text-xs">{module.version}</span>
          {badge}
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
        {module.description && <p className="mt-0.5 line-clamp-2 text-ink-3 text-xs">{module.description}</p>}
      </div>
      <div className="flex shrink-0 items-center gap-1">{children}</div>
    </li>
  );
}
