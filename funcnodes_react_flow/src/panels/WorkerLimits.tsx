import { type FormEvent, useEffect, useState } from "react";
import type { WorkerStatus } from "../model/fleet";
import { type LimitName, type Limits, limitText, readLimit } from "../model/machine";
import { Button } from "../parts/Button";
import { Labelled, TextField } from "../parts/Field";
import { Spinner } from "../parts/Spinner";
import { readLimits, setLimits } from "../store/machine";
import { toast } from "../store/view";

const FIELDS: readonly { name: LimitName; label: string; hint: string; example: string }[] = [
  {
    name: "memory_soft",
    label: "Memory, soft",
    hint: "Above it what runs is interrupted, and everybody is told. The worker goes on.",
    example: "for example 2 GB",
  },
  {
    name: "memory_hard",
    label: "Memory, hard",
    hint: "Above it the process ends; the graph is safe, and its policy decides what follows.",
    example: "for example 4 GB",
  },
  { name: "cpu", label: "Processors", hint: "Counts from its next start.", example: "for example 1.5" },
  {
    name: "open_files",
    label: "Open files",
    hint: "Counts from its next start; 64 or more.",
    example: "for example 4096",
  },
];

type Draft = Readonly<Record<LimitName, string>>;

/** What a worker may use of its machine; an empty field is no limit. */
export function WorkerLimits({ worker }: { worker: WorkerStatus }) {
  const [saved, setSaved] = useState<Draft | null>(null);
  const [draft, setDraft] = useState<Draft | null>(null);
  const [why, setWhy] = useState<string | null>(null);
  const { uuid } = worker;
  useEffect(() => {
    void readLimits(uuid).then((limits) => {
      if (!limits) return;
      setSaved(toDraft(limits));
      setDraft(toDraft(limits));
    });
  }, [uuid]);
  if (!draft || !saved) return <Spinner />;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const problem = await setLimits(uuid, {
      memory_soft: readLimit("memory_soft", draft.memory_soft),
      memory_hard: readLimit("memory_hard", draft.memory_hard),
      cpu: readLimit("cpu", draft.cpu),
      open_files: readLimit("open_files", draft.open_files),
    });
    setWhy(problem);
    if (problem !== null) return;
    setSaved(draft);
    toast("success", "The limits are set");
  };
  const changed = FIELDS.some(({ name }) => draft[name].trim() !== saved[name].trim());
  return (
    <form onSubmit={submit} className="space-y-4">
      <div className="grid gap-4 md:grid-cols-2">
        {FIELDS.map(({ name, label, hint, example }) => (
          <Labelled key={name} label={label} hint={hint}>
            <TextField
              data-testid={`limit-${name}`}
              value={draft[name]}
              placeholder={`no limit — ${example}`}
              onChange={(event) => setDraft({ ...draft, [name]: event.target.value })}
            />
          </Labelled>
        ))}
      </div>
      {why && (
        <p role="alert" data-testid="limit-problem" className="text-danger">
          {why}
        </p>
      )}
      <Button look="primary" type="submit" data-testid="limits-save" disabled={!changed}>
        Set limits
      </Button>
    </form>
  );
}

function toDraft(limits: Limits): Draft {
  return {
    memory_soft: limitText("memory_soft", limits.memory_soft),
    memory_hard: limitText("memory_hard", limits.memory_hard),
    cpu: limitText("cpu", limits.cpu),
    open_files: limitText("open_files", limits.open_files),
  };
}
