import { ReactFlowProvider } from "@xyflow/react";
import { FolderOpen, LibraryBig, Package, Plus, SlidersHorizontal, X } from "lucide-react";
import { type ReactNode, useEffect } from "react";
import { Canvas } from "../canvas/Canvas";
import { Banners } from "../panels/Banner";
import { DeafBanner } from "../panels/DeafBanner";
import { FilesDialog } from "../panels/FilesDialog";
import { HeldBanner } from "../panels/HeldBanner";
import { History } from "../panels/History";
import { Library } from "../panels/Library";
import { Modules } from "../panels/Modules";
import { NodesHeldBanner } from "../panels/NodesHeldBanner";
import { Opened } from "../panels/Opened";
import { Palette } from "../panels/Palette";
import { Properties } from "../panels/Properties";
import { Wires } from "../panels/Wires";
import { IconButton } from "../parts/Button";
import {
  closeSheets,
  openDialog,
  openPalette,
  toggleLibrary,
  toggleProperties,
  useView,
} from "../store/view";
import { useShortcuts } from "./useShortcuts";
import { useStrayFiles } from "./useStrayFiles";

/** The graph with its panels beside it; on a phone the panels are sheets above the canvas. */
export default function Workbench() {
  const library = useView((view) => view.libraryOpen);
  const properties = useView((view) => view.propertiesOpen);
  const dialog = useView((view) => view.dialog);
  useShortcuts();
  useStrayFiles();
  useEffect(() => {
    document.getElementById("root")?.setAttribute("data-ready", "true");
  }, []);
  return (
    <ReactFlowProvider>
      <div className="flex h-full flex-col">
        <div className="flex min-h-0 flex-1">
          {library && (
            <Side label="Library" side="left">
              <Library />
            </Side>
          )}
          <section aria-label="Graph" className="relative min-w-0 flex-1">
            <Canvas />
            <Banners>
              <HeldBanner />
              <DeafBanner />
              <NodesHeldBanner />
            </Banners>
          </section>
          {properties && (
            <Side label="Properties" side="right">
              <Properties />
            </Side>
          )}
        </div>
        <PhoneBar />
      </div>
      <Palette />
      <Wires />
      <Opened />
      {dialog === "modules" && <Modules />}
      {dialog === "history" && <History />}
      {dialog === "files" && <FilesDialog />}
    </ReactFlowProvider>
  );
}

function Side({ label, side, children }: { label: string; side: "left" | "right"; children: ReactNode }) {
  const edge = side === "left" ? "md:w-64 md:border-r" : "md:w-72 md:border-l";
  return (
    <aside
      aria-label={label}
      className={`flex min-h-0 flex-col border-line bg-surface md:shrink-0 ${edge} max-md:fixed max-md:inset-x-0 max-md:bottom-14 max-md:z-30 max-md:h-[62vh] max-md:rounded-t-2xl max-md:border-t max-md:shadow-float`}
    >
      <div className="flex items-center justify-between px-3 pt-2 md:hidden">
        <h2 className="font-semibold">{label}</h2>
        <IconButton label="Close" onClick={closeSheets}>
          <X size={16} />
        </IconButton>
      </div>
      <div className="min-h-0 flex-1">{children}</div>
    </aside>
  );
}

function PhoneBar() {
  const library = useView((view) => view.libraryOpen);
  const properties = useView((view) => view.propertiesOpen);
  return (
    <nav className="flex h-14 shrink-0 items-center justify-around border-line border-t bg-surface md:hidden">
      <IconButton label="Library" active={library} className="size-11" onClick={toggleLibrary}>
        <LibraryBig size={19} />
      </IconButton>
      <IconButton label="Add node" className="size-11" onClick={() => openPalette()}>
        <Plus size={21} />
      </IconButton>
      <IconButton label="Files" className="size-11" onClick={() => openDialog("files")}>
        <FolderOpen size={19} />
      </IconButton>
      <IconButton label="Modules" className="size-11" onClick={() => openDialog("modules")}>
        <Package size={19} />
      </IconButton>
      <IconButton label="Properties" active={properties} className="size-11" onClick={toggleProperties}>
        <SlidersHorizontal size={19} />
      </IconButton>
    </nav>
  );
}
