import { type FormEvent, useState } from "react";
import { Button } from "../parts/Button";
import { Labelled, TextField } from "../parts/Field";
import { Modal } from "../parts/Modal";
import { createWorker } from "../store/fleet";
import { openDialog } from "../store/view";

export function NewWorker() {
  const [name, setName] = useState("");
  const [inVenv, setInVenv] = useState(true);
  const [busy, setBusy] = useState(false);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === "") return;
    setBusy(true);
    const made = await createWorker(name.trim(), inVenv);
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
