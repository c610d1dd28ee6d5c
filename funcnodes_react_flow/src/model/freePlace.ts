/** Where a new node goes when nobody says where: beside what is there, inside of what is seen. Pure. */

import type { Point } from "./newNode";

export interface Area {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** A node as it comes: its width, and the height of one with three ports. */
const CARD = { width: 240, height: 150 };
const GAP = 36;
const RINGS = 4;
const STEP = 32;

/** Returns a corner, as near to the middle as there is room; where all is full, a visible step from the others. */
export function freePlace(seen: Area, nodes: readonly Point[]): Point {
  const start = {
    x: seen.x + seen.width / 2 - CARD.width / 2,
    y: seen.y + seen.height / 2 - CARD.height / 2,
  };
  const overlaps = (place: Point) =>
    nodes.some(
      (node) =>
        Math.abs(node.x - place.x) < CARD.width + GAP / 2 &&
        Math.abs(node.y - place.y) < CARD.height + GAP / 2,
    );
  const isSeen = (place: Point) =>
    place.x >= seen.x &&
    place.y >= seen.y &&
    place.x + CARD.width <= seen.x + seen.width &&
    place.y + CARD.height <= seen.y + seen.height;
  const found = around(start).find((place) => isSeen(place) && !overlaps(place));
  return found ?? stepAside(start, nodes);
}

/** Returns places on a grid, the nearest first; of those as near, the one to the right, as values flow. */
function around(start: Point): Point[] {
  const steps = Array.from({ length: 2 * RINGS + 1 }, (_, index) => index - RINGS);
  const cells = steps.flatMap((row) => steps.map((column) => ({ column, row })));
  const far = ({ column, row }: { column: number; row: number }) => Math.max(Math.abs(column), Math.abs(row));
  const turn = ({ column, row }: { column: number; row: number }) => Math.abs(row) * 4 - column;
  return cells
    .sort((one, other) => far(one) - far(other) || turn(one) - turn(other))
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
