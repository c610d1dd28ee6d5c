import { useReactFlow } from "@xyflow/react";
import { type RefObject, useEffect, useRef } from "react";
import { wanted } from "../store/nodes";
import { focusOn, useView } from "../store/view";
import type { CanvasNode } from "./changes";

const PAN_MS = 250;
const MARGIN = 24;
/** A node is drawn hidden until it has been measured, and cannot have the keyboard until then. */
const MOST_FRAMES = 60;

/** Returns how far the view has to go so that a stretch lies in it, with a margin; its beginning counts most. */
function missing(start: number, length: number, seen: number, room: number): number {
  if (start >= seen && start + length <= seen + room) return 0;
  const beyond = start + length + MARGIN - (seen + room);
  return start < seen || beyond > start - MARGIN - seen ? start - MARGIN - seen : beyond;
}

/** What was just made is brought into view, and a node from the palette gets the keyboard. */
export function useNewNodes(frame: RefObject<HTMLDivElement | null>, nodes: readonly CanvasNode[]): void {
  const flow = useReactFlow();
  const shown = useRef<ReadonlySet<string>>(wanted.selection);
  const toFocus = useView((view) => view.toFocus);
  useEffect(() => {
    const made = wanted.selection;
    if (made === shown.current) return;
    const drawn = nodes.filter((node) => made.has(node.id) && node.measured?.width);
    const box = frame.current?.getBoundingClientRect();
    if (!box || drawn.length === 0 || drawn.length < made.size) return;
    shown.current = made;
    const { x, y, width, height } = flow.getNodesBounds(drawn);
    const { zoom } = flow.getViewport();
    const seen = flow.screenToFlowPosition({ x: box.x, y: box.y });
    const right = missing(x, width, seen.x, box.width / zoom);
    const down = missing(y, height, seen.y, box.height / zoom);
    if (right === 0 && down === 0) return;
    const at = flow.getViewport();
    void flow.setViewport({ zoom, x: at.x - right * zoom, y: at.y - down * zoom }, { duration: PAN_MS });
  }, [flow, frame, nodes]);
  useEffect(() => {
    if (toFocus === null) return;
    let left = MOST_FRAMES;
    let next = 0;
    const take = () => {
      const node = frame.current?.querySelector<HTMLElement>(
        `.react-flow__node[data-id="${CSS.escape(toFocus)}"]`,
      );
      node?.focus({ preventScroll: true });
      left -= 1;
      if (left > 0 && (!node || document.activeElement !== node)) next = requestAnimationFrame(take);
      else focusOn(null);
    };
    next = requestAnimationFrame(take);
    return () => cancelAnimationFrame(next);
  }, [frame, toFocus]);
}
