import { Component, lazy, type ReactNode, Suspense } from "react";
import { Header } from "../panels/Header";
import { NewWorker } from "../panels/NewWorker";
import { NoSession, NotRunning, OpeningGraph, Waiting, Welcome } from "../panels/Screens";
import { Shortcuts } from "../panels/Shortcuts";
import { Toasts } from "../panels/Toasts";
import { WorkerDialog } from "../panels/WorkerDialog";
import { Button } from "../parts/Button";
import { chosenWorker, useFleet } from "../store/fleet";
import { useGraph } from "../store/graph";
import { useView } from "../store/view";
import { useConnections } from "./useConnections";
import { useTheme } from "./useTheme";

// The canvas brings React Flow along; who has no session or no worker yet does not wait for it.
const Workbench = lazy(() => import("./Workbench"));

export function App() {
  useTheme();
  useConnections();
  return (
    <Guard>
      <div className="flex h-full flex-col">
        <Header />
        <div className="relative min-h-0 flex-1">
          <Suspense fallback={<Waiting>Opening the editor…</Waiting>}>
            <Main />
          </Suspense>
        </div>
      </div>
      <Dialogs />
      <Toasts />
    </Guard>
  );
}

function Main() {
  const session = useFleet((fleet) => fleet.session);
  const state = useFleet((fleet) => fleet.state);
  const workers = useFleet((fleet) => fleet.workers);
  const chosen = useFleet(chosenWorker);
  const ready = useGraph((graph) => graph.ready);
  if (session && !session.session && state !== "lost") return <NoSession />;
  if (workers === null) return <Waiting>Connecting to the manager…</Waiting>;
  if (!chosen) return <Welcome workers={workers} />;
  // A worker that restarts keeps its graph on screen; it comes back by itself.
  if (ready) return <Workbench />;
  return chosen.phase === "running" ? <OpeningGraph worker={chosen} /> : <NotRunning worker={chosen} />;
}

function Dialogs() {
  const dialog = useView((view) => view.dialog);
  if (dialog === "new-worker") return <NewWorker />;
  if (dialog === "worker") return <WorkerDialog />;
  return dialog === "shortcuts" ? <Shortcuts /> : null;
}

/** The last resort: a fault of the page itself says so, and what is safe. */
class Guard extends Component<{ children: ReactNode }, { fault: Error | null }> {
  override state: { fault: Error | null } = { fault: null };

  static getDerivedStateFromError(fault: Error) {
    return { fault };
  }

  override render() {
    const { fault } = this.state;
    if (!fault) return this.props.children;
    return (
      <main className="grid h-full place-items-center p-6">
        <div className="max-w-md rounded-2xl border border-line bg-surface p-6 shadow-node">
          <h1 className="font-semibold text-lg">The page has a fault</h1>
          <p className="mt-2 text-ink-2">Your graph is safe in the worker. Reload the page to go on.</p>
          <pre className="mt-3 max-h-40 overflow-auto rounded-lg bg-sunken p-3 font-mono text-xs">
            {fault.message}
          </pre>
          <Button look="primary" className="mt-4" onClick={() => window.location.reload()}>
            Reload
          </Button>
        </div>
      </main>
    );
  }
}
