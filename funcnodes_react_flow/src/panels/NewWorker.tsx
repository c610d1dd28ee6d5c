import { type FormEvent, useEffect, useState } from "react";
import { POLICIES, POLICY_TEXT, type Policy, toPolicy } from "../model/machine";
import { Button } from "../parts/Button";
import { FIELD, Labelled, TextField } from "../parts/Field";
import { Modal } from "../parts/Modal";
import { createWorker } from "../store/fleet";
import { readPythons } from "../store/machine";
import { openDialog } from "../store/view";

export function NewWorker() {
  const [name, setName] = useState("");
  const [inVenv, setInVenv] = useState(true);
  const [autostart, setAutostart] = useState<Policy>("on-failure");
  const [pythons, setPythons] = useState<readonly string[]>([]);
  const [python, setPython] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    void readPythons().then(setPythons);
  }, []);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === "") return;
    setBusy(true);
    const made = await createWorker({
      name: name.trim(),
      inVenv,
      autostart,
      python: inVenv && python !== "" ? python : null,
    });
    setBusy(false);
    if (made) openDialog(null);
  };
  return (
    <Modal
      title="New worker"
      description="A worker runs one graph, in a process and a Python environment of its own."
      onClose={() => openDialog(null)}
    >
      <form onSubmit={submit} className="space-y-4">
        <Labelled label="Name">
          <TextField
            data-testid="new-worker-name"
            autoFocus
            value={name}
            maxLength={80}
            placeholder="for example: measurements"
            onChange={(event) => setName(event.target.value)}
          />
        </Labelled>
        <label className="flex items-start gap-2.5">
          <input
            type="checkbox"
            className="mt-0.5 size-4 accent-[var(--accent)]"
            checked={inVenv}
            onChange={(event) => setInVenv(event.target.checked)}
          />
          <span>
            <span className="font-medium">Its own virtual environment</span>
            <span className="block text-ink-3 text-xs">
              Modules added here touch no other worker. Leave this on unless you know why not.
            </span>
          </span>
        </label>
        <div className="grid gap-4 sm:grid-cols-2">
          <Labelled label="Python">
            <select
              data-testid="new-worker-python"
              className={`h-8 ${FIELD} disabled:opacity-50`}
              value={inVenv ? python : ""}
              disabled={!inVenv || pythons.length < 2}
              onChange={(event) => setPython(event.target.value)}
            >
              <option value="">
                {pythons[0] ? `${pythons[0]}, as FuncNodes itself` : "As FuncNodes itself"}
              </option>
              {pythons.slice(1).map((minor) => (
                <option key={minor} value={minor}>
                  {minor}
                </option>
              ))}
            </select>
          </Labelled>
          <Labelled label="When it starts by itself">
            <select
              className={`h-8 ${FIELD}`}
              value={autostart}
              onChange={(event) => setAutostart(toPolicy(event.target.value))}
            >
              {POLICIES.map((policy) => (
                <option key={policy} value={policy}>
                  {POLICY_TEXT[policy]}
                </option>
              ))}
            </select>
          </Labelled>
        </div>
        <div className="flex justify-end gap-2 pt-1">
          <Button look="quiet" onClick={() => openDialog(null)}>
            Cancel
          </Button>
          <Button
            look="primary"
            type="submit"
            data-testid="create-worker"
            busy={busy}
            disabled={name.trim() === ""}
          >
            Create and start
          </Button>
        </div>
      </form>
    </Modal>
  );
}
