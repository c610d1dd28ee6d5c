/** Where a new node goes when nobody says where: beside what is there, inside of what is seen. Pure. */

import type { Point } from "./newNode";

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A node as it comes: its width, and the height of one with three ports. */
export const CARD = { width: 240, height: 150 };
const GAP = 36;
const RINGS = 4;
const STEP = 32;

/** Returns a corner beside what is there, about the middle; where all is full, a visible step from the others. */
export function freePlace(seen: Area, taken: readonly Area[]): Point {
  // Three in a row stand about the middle, and wires drawn between them go to the right, as one reads.
  const before = seen.width >= 3 * CARD.width + 2 * GAP ? CARD.width + GAP : 0;
  const start = {
    x: seen.x + seen.width / 2 - CARD.width / 2 - before,
    y: seen.y + seen.height / 2 - CARD.height / 2,
  };
  const overlaps = (place: Point) =>
    taken.some(
      (area) =>
        area.x < place.x + CARD.width + GAP / 2 &&
        place.x < area.x + area.width + GAP / 2 &&
        area.y < place.y + CARD.height + GAP / 2 &&
        place.y < area.y + area.height + GAP / 2,
    );
  const isSeen = (place: Point) =>
    place.x >= seen.x &&
    place.y >= seen.y &&
    place.x + CARD.width <= seen.x + seen.width &&
    place.y + CARD.height <= seen.y + seen.height;
  const found = around(start).find((place) => isSeen(place) && !overlaps(place));
  return found ?? stepAside(start, taken);
}

/** Returns places on a grid: the row to the right, the rows below and above it; what lies to the left comes last. */
function around(start: Point): Point[] {
  const steps = Array.from({ length: 2 * RINGS + 1 }, (_, index) => index - RINGS);
  const cells = steps.flatMap((row) => steps.map((column) => ({ column, row })));
  const isLeft = ({ column }: { column: number }) => (column < 0 ? 1 : 0);
  const far = ({ row }: { row: number }) => 2 * Math.abs(row) - (row > 0 ? 1 : 0);
  const turn = ({ column }: { column: number }) => Math.abs(column);
  return cells
    .sort((one, other) => isLeft(one) - isLeft(other) || far(one) - far(other) || turn(one) - turn(other))
    .map(({ column, row }) => ({
      x: start.x + column * (CARD.width + GAP),
      y: start.y + row * (CARD.height + GAP),
    }));
}

function stepAside(start: Point, nodes: readonly Point[]): Point {
  let place = start;
  const isTaken = (node: Point) =>
    Math.abs(node.x - place.x) < STEP / 2 && Math.abs(node.y - place.y) < STEP / 2;
  while (nodes.some(isTaken)) place = { x: place.x + STEP, y: place.y + STEP };
  return place;
}
