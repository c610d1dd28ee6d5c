import { Modal } from "../parts/Modal";
import { chosenWorker, useFleet } from "../store/fleet";
import { openDialog } from "../store/view";
import { Environment } from "./Environment";

/** Modules bring nodes: what the chosen worker has, what there is, and how a change goes. */
export function Modules() {
  const worker = useFleet(chosenWorker);
  if (!worker) return null;
  return (
    <Modal
      title="Modules"
      description="A module brings nodes and the Python packages they need. It is installed for this worker only."
      width="medium"
      onClose={() => openDialog(null)}
    >
      <Environment worker={worker} />
    </Modal>
  );
}
