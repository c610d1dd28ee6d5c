import {
  applyEdgeChanges,
  applyNodeChanges,
  Background,
  BackgroundVariant,
  ConnectionMode,
  ControlButton,
  Controls,
  type EdgeChange,
  type FinalConnectionState,
  type FitViewOptions,
  MiniMap,
  type NodeChange,
  type OnSelectionChangeParams,
  ReactFlow,
  SelectionMode,
  useReactFlow,
} from "@xyflow/react";
import { Map as MapIcon } from "lucide-react";
import { type DragEvent, type MouseEvent, useCallback, useEffect, useRef, useState } from "react";
import { NodeCard } from "../nodes/NodeCard";
import { DRAG_TYPE } from "../store/dragType";
import { edit, shownGraph, useGraph } from "../store/graph";
import { addNodeOf, connectPorts, reconnect, removeAll, setMiddle, wanted } from "../store/nodes";
import { closeSheets, isWide, openPalette, select, toggleOverview, useView } from "../store/view";
import { EmptyHint } from "./EmptyHint";
import { fromFlow, staysInWindow } from "./fromFlow";
import { type FlowEdge, type FlowNode, toFlowEdges, toFlowNodes } from "./toFlow";
import { isWriting, useClipboard } from "./useClipboard";

const NODE_TYPES = { card: NodeCard };
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
  const { nodes, edges, onNodesChange, onEdgesChange } = useFlowState();
  const flow = useReactFlow<FlowNode, FlowEdge>();
  const frame = useRef<HTMLDivElement>(null);
  const wiring = useWiring();
  const overview = useView((view) => view.overviewOpen);
  const fit = !isWide() ? FIT_NARROW : overview ? FIT_WITH_MINIMAP : FIT;
  useClipboard(frame);
  useSelectAll(nodes, onNodesChange);
  useFirstFit(nodes.length > 0, fit);

  useEffect(() => {
    setMiddle(() => {
      const box = frame.current?.getBoundingClientRect();
      return box
        ? flow.screenToFlowPosition({ x: box.x + box.width / 2, y: box.y + box.height / 2 })
        : { x: 0, y: 0 };
    });
  }, [flow]);

  const onDrop = (event: DragEvent) => {
    const classId = event.dataTransfer.getData(DRAG_TYPE);
    if (classId === "") return;
    event.preventDefault();
    addNodeOf(classId, flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }));
  };

  const onDoubleClick = (event: MouseEvent) => {
    if (!(event.target instanceof Element) || !event.target.classList.contains("react-flow__pane")) return;
    openPalette(flow.screenToFlowPosition({ x: event.clientX, y: event.clientY }));
  };

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the palette also opens with Space and Ctrl+K.
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
      <ReactFlow<FlowNode, FlowEdge>
        nodes={[...nodes]}
        edges={[...edges]}
        nodeTypes={NODE_TYPES}
        onNodesChange={onNodesChange}
        onEdgesChange={onEdgesChange}
        onSelectionChange={onSelectionChange}
        onBeforeDelete={async ({ nodes, edges }) => {
          removeAll(
            nodes.map((node) => node.id),
            edges.map((edge) => edge.data?.edge).filter((edge) => edge !== undefined),
          );
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
        onlyRenderVisibleElements={nodes.length > 150}
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
        </Controls>
        {overview && nodes.length > 0 && (
          <MiniMap pannable zoomable position="bottom-right" className="max-md:hidden" style={MINIMAP} />
        )}
      </ReactFlow>
      {nodes.length === 0 && <EmptyHint />}
    </div>
  );
}

function onSelectionChange({ nodes }: OnSelectionChangeParams<FlowNode, FlowEdge>): void {
  select(nodes.map((node) => node.id));
}

/** The document's nodes and edges, with what only this window knows: places while dragging, sizes, selection. */
function useFlowState() {
  const graph = useGraph(shownGraph);
  const [nodes, setNodes] = useState<readonly FlowNode[]>([]);
  const [edges, setEdges] = useState<readonly FlowEdge[]>([]);
  useEffect(() => {
    setNodes((before) => toFlowNodes(graph, before, wanted.selection));
    setEdges((before) => toFlowEdges(graph, before));
  }, [graph]);
  const onNodesChange = useCallback((changes: NodeChange<FlowNode>[]) => {
    setNodes((before) => applyNodeChanges(changes.filter(staysInWindow), [...before]));
    const edits = fromFlow(changes);
    if (edits.length > 0) void edit(edits);
  }, []);
  const onEdgesChange = useCallback((changes: EdgeChange<FlowEdge>[]) => {
    setEdges((before) => applyEdgeChanges(changes.filter(staysInWindow), [...before]));
  }, []);
  return { nodes, edges, onNodesChange, onEdgesChange };
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

/** Ctrl+A selects every node, unless one is writing or a dialog is open. */
function useSelectAll(nodes: readonly FlowNode[], onNodesChange: (changes: NodeChange<FlowNode>[]) => void) {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "a" || isWriting()) return;
      if (event.target instanceof Element && event.target.closest("[role=dialog]")) return;
      event.preventDefault();
      onNodesChange(nodes.map(({ id }) => ({ id, type: "select", selected: true })));
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [nodes, onNodesChange]);
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
