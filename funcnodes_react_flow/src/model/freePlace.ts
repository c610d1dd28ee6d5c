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

/** Returns a corner beside what is there, about the middle; where all is full, the first free one below what is seen. */
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
  return found ?? below(start, isSeen, overlaps);
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

/** Returns the first free place in the rows further down, under the columns that are seen. */
function below(start: Point, isSeen: (place: Point) => boolean, overlaps: (place: Point) => boolean): Point {
  const columns = around(start).flatMap(({ x, y }) => (y === start.y && isSeen({ x, y }) ? x : []));
  const across = columns.length > 0 ? columns.sort((one, other) => one - other) : [start.x];
  for (let y = start.y; ; y += CARD.height + GAP) {
    const free = across.find((x) => !overlaps({ x, y }));
    if (free !== undefined) return { x: free, y };
  }
}
