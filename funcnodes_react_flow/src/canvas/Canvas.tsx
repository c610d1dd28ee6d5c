import {
  Background,
  BackgroundVariant,
  ConnectionMode,
  ControlButton,
  Controls,
  type FinalConnectionState,
  type FitViewOptions,
  MiniMap,
  type OnSelectionChangeParams,
  ReactFlow,
  SelectionMode,
  useReactFlow,
} from "@xyflow/react";
import { Fullscreen, Map as MapIcon } from "lucide-react";
import { type DragEvent, type MouseEvent, useCallback, useEffect, useRef } from "react";
import { GroupFrame } from "../nodes/GroupFrame";
import { NodeCard } from "../nodes/NodeCard";
import { NoteCard } from "../nodes/NoteCard";
import { DRAG_TYPE } from "../store/dragType";
import { useGraph } from "../store/graph";
import { removeSelected } from "../store/layout";
import { addNodeOf, connectPorts, reconnect, removeAll, setSeen } from "../store/nodes";
import { closeSheets, isWide, openPalette, select, toggleOverview, useView } from "../store/view";
import { CanvasMenu, type Under } from "./CanvasMenu";
import type { CanvasNode } from "./changes";
import { EmptyHint } from "./EmptyHint";
import type { FlowEdge } from "./toFlow";
import { groupOf } from "./toFrames";
import { noteIdOf } from "./toNotes";
import { useCanvasKeys } from "./useCanvasKeys";
import { useClipboard } from "./useClipboard";
import { useFlowState } from "./useFlowState";
import { useNewNodes } from "./useNewNodes";

const NODE_TYPES = { card: NodeCard, note: NoteCard, frame: GroupFrame };
const DELETE_KEYS = ["Delete", "Backspace"];
const MULTI_KEYS = ["Meta", "Control", "Shift"];
const MINIMAP = { width: 132, height: 92 };
// Room for the buttons on the left and the overview on the right, so that neither lies on a node.
const FIT: FitViewOptions = {
  maxZoom: 1,
  padding: { top: "40px", bottom: "40px", left: "64px", right: "64px" },
};
const FIT_NARROW: FitViewOptions = { maxZoom: 1, padding: "16px" };
const FIT_WITH_MINIMAP: FitViewOptions = {
  maxZoom: 1,
  padding: { top: "40px", bottom: "40px", left: "64px", right: `${MINIMAP.width + 32}px` },
};

/** The graph as one sees and touches it. */
export function Canvas() {
  const { nodes, edges, cards, onNodesChange, onEdgesChange } = useFlowState();
  const flow = useReactFlow<CanvasNode, FlowEdge>();
  const frame = useRef<HTMLDivElement>(null);
  const wiring = useWiring();
  const overview = useView((view) => view.overviewOpen);
  const fit = !isWide() ? FIT_NARROW : overview ? FIT_WITH_MINIMAP : FIT;
  useClipboard(frame);
  useNewNodes(frame, nodes);
  const chooseOnly = useCallback(
    (ids: ReadonlySet<string>, add = false) => {
      onNodesChange(
        flow
          .getNodes()
          .filter((node) => (node.selected ?? false) !== ids.has(node.id) && !(add && node.selected))
          .map((node) => ({ id: node.id, type: "select", selected: ids.has(node.id) })),
      );
      if (add) return;
      const wires = flow.getEdges().filter((edge) => edge.selected);
      onEdgesChange(wires.map(({ id }) => ({ id, type: "select", selected: false })));
    },
    [flow, onNodesChange, onEdgesChange],
  );
  const selectAll = useCallback(
    () => chooseOnly(new Set(flow.getNodes().flatMap((node) => (node.type === "frame" ? [] : node.id)))),
    [chooseOnly, flow],
  );
  useCanvasKeys(selectAll);
  useFirstFit(cards.length > 0, fit);

  useEffect(() => {
    setSeen(() => {
      const box = frame.current?.getBoundingClientRect();
      if (!box) return { area: { x: 0, y: 0, width: 0, height: 0 }, taken: [] };
      const { zoom } = flow.getViewport();
      const corner = flow.screenToFlowPosition({ x: box.x, y: box.y });
      const taken = flow.getNodes().flatMap(({ type, position, measured }) => {
        const { width, height } = measured ?? {};
        return type === "frame" || !width || !height ? [] : [{ ...position, width, height }];
      });
      return { area: { ...corner, width: box.width / zoom, height: box.height / zoom }, taken };
    });
  }, [flow]);

  const onDrop = (event: DragEvent) => {
    const classId = event.dataTransfer.getData(DRAG_TYPE);
    if (classId === "") return;
    event.preventDefault();
    addNodeOf(classId, flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }));
  };

  /** The menu is about what is selected; what lies under the pointer and is not selected becomes it. */
  const onAsk = (target: Element): Under => {
    const id = target.closest(".react-flow__node")?.getAttribute("data-id") ?? null;
    const node = id === null ? undefined : flow.getNode(id);
    if (!node) {
      if (!target.closest(".react-flow__nodesselection")) return { kind: "canvas", id: "" };
      return { kind: "node", id: "" };
    }
    const group = groupOf(node.id);
    const note = noteIdOf(node.id);
    const others = node.selected ? [] : useView.getState().selected;
    if (!node.selected) chooseOnly(new Set([node.id]));
    if (group !== null) return { kind: "group", id: group, others };
    return note === null ? { kind: "node", id: node.id } : { kind: "note", id: note };
  };

  const onNodeClick = (event: MouseEvent, node: CanvasNode) => {
    // A frame is chosen by its head only, never by a selection drawn around some of what is in it.
    if (node.type === "frame")
      chooseOnly(new Set([node.id]), event.ctrlKey || event.metaKey || event.shiftKey);
  };

  const onDoubleClick = (event: MouseEvent) => {
    if (!(event.target instanceof Element) || !event.target.classList.contains("react-flow__pane")) return;
    openPalette(flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }));
  };

  return (
    <CanvasMenu onAsk={onAsk}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the palette also opens with Space and Ctrl+K. */}
      <div
        ref={frame}
        data-testid="canvas"
        className="relative h-full w-full"
        onDragOver={(event) => {
          if (event.dataTransfer.types.includes(DRAG_TYPE)) event.preventDefault();
        }}
        onDrop={onDrop}
        onDoubleClick={onDoubleClick}
      >
        <ReactFlow<CanvasNode, FlowEdge>
          nodes={nodes}
          edges={[...edges]}
          nodeTypes={NODE_TYPES}
          onNodesChange={onNodesChange}
          onEdgesChange={onEdgesChange}
          onSelectionChange={onSelectionChange}
          onNodeClick={onNodeClick}
          onBeforeDelete={async ({ nodes, edges }) => {
            removeSelected({
              ...sorted(nodes),
              edges: edges.map((edge) => edge.data?.edge).filter((edge) => edge !== undefined),
            });
            // The document takes them away; React Flow must not do it by itself.
            return false;
          }}
          {...wiring}
          onPaneClick={closeSheets}
          connectionMode={ConnectionMode.Loose}
          connectionRadius={28}
          selectionMode={SelectionMode.Partial}
          deleteKeyCode={DELETE_KEYS}
          multiSelectionKeyCode={MULTI_KEYS}
          panActivationKeyCode={null}
          zoomOnDoubleClick={false}
          minZoom={0.1}
          maxZoom={3}
          elevateNodesOnSelect
          onlyRenderVisibleElements={cards.length > 150}
        >
          <Background variant={BackgroundVariant.Dots} gap={20} size={1.6} />
          <Controls showInteractive={false} fitViewOptions={fit} position="bottom-left">
            <ControlButton
              title={overview ? "Hide the overview" : "Show the overview"}
              aria-label={overview ? "Hide the overview" : "Show the overview"}
              className="max-md:hidden!"
              onClick={toggleOverview}
            >
              <MapIcon size={12} className="fill-none!" />
            </ControlButton>
            <ControlButton
              title="Full screen"
              aria-label="Full screen"
              className="max-md:hidden!"
              onClick={toggleFullScreen}
            >
              <Fullscreen size={12} className="fill-none!" />
            </ControlButton>
          </Controls>
          {overview && nodes.length > 0 && (
            <MiniMap
              pannable
              zoomable
              position="bottom-right"
              className="max-md:hidden"
              style={MINIMAP}
              nodeColor={inOverview}
            />
          )}
        </ReactFlow>
        {nodes.length === 0 && <EmptyHint />}
      </div>
    </CanvasMenu>
  );
}

function toggleFullScreen(): void {
  // A browser may refuse, in a frame for instance; then nothing changes.
  if (document.fullscreenElement) document.exitFullscreen().catch(() => {});
  else document.documentElement.requestFullscreen().catch(() => {});
}

function inOverview(node: CanvasNode): string {
  if (node.type === "frame") return "color-mix(in srgb, var(--line-strong) 35%, transparent)";
  return node.type === "note" ? "var(--tint-yellow)" : "var(--line-strong)";
}

function sorted(nodes: readonly CanvasNode[]) {
  return {
    nodes: nodes.flatMap((node) => (node.type === "card" ? node.id : [])),
    groups: nodes.flatMap((node) => groupOf(node.id) ?? []),
    notes: nodes.flatMap((node) => noteIdOf(node.id) ?? []),
  };
}

function onSelectionChange(params: OnSelectionChangeParams<CanvasNode, FlowEdge>): void {
  const { nodes, groups, notes } = sorted(params.nodes);
  select(nodes, groups, notes);
}

/** Drawing wires: new ones, and taking the end of an old one elsewhere or off. */
function useWiring() {
  const reconnecting = useRef(false);
  const onConnectEnd = useCallback(
    (event: globalThis.MouseEvent | TouchEvent, state: FinalConnectionState) => {
      const ends = endsOf(state);
      if (ends && !reconnecting.current) connectPorts(ends.from, ends.to, pointOf(event));
    },
    [],
  );
  const onReconnectStart = useCallback(() => {
    reconnecting.current = true;
  }, []);
  const onReconnectEnd = useCallback(
    (
      event: globalThis.MouseEvent | TouchEvent,
      edge: FlowEdge,
      _handle: unknown,
      state: FinalConnectionState,
    ) => {
      reconnecting.current = false;
      const old = edge.data?.edge;
      const ends = endsOf(state);
      if (!old) return;
      if (ends) reconnect(old, ends.from, ends.to, pointOf(event));
      else removeAll([], [old]);
    },
    [],
  );
  return { onConnectEnd, onReconnectStart, onReconnectEnd, onReconnect: keepReconnectable };
}

/** React Flow lets the end of an edge be taken only when someone listens; `onReconnectEnd` does the work. */
function keepReconnectable(): void {}

function endsOf(state: FinalConnectionState) {
  const { fromNode, fromHandle, toNode, toHandle } = state;
  if (!fromNode || !toNode || !fromHandle?.id || !toHandle?.id) return null;
  return { from: { node: fromNode.id, port: fromHandle.id }, to: { node: toNode.id, port: toHandle.id } };
}

function pointOf(event: globalThis.MouseEvent | TouchEvent): { x: number; y: number } {
  const point = "changedTouches" in event ? event.changedTouches[0] : event;
  return { x: point?.clientX ?? 0, y: point?.clientY ?? 0 };
}

/** Shows the whole graph once, when its first nodes have been drawn and measured. */
function useFirstFit(hasNodes: boolean, fit: FitViewOptions): void {
  const worker = useGraph((state) => (state.ready ? state.worker : null));
  const flow = useReactFlow();
  const fitted = useRef<string | null>(null);
  useEffect(() => {
    if (worker === null || fitted.current === worker) return;
    const { history } = useGraph.getState();
    const opened = Object.keys(history.shown.nodes).length > 0;
    if (!opened) {
      // An empty graph has nothing to fit; later nodes must not move the view under the user's hand.
      fitted.current = worker;
    } else if (hasNodes) {
      fitted.current = worker;
      requestAnimationFrame(() => void flow.fitView(fit));
    }
  }, [worker, hasNodes, flow, fit]);
}
