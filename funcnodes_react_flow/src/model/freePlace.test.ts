import { describe, expect, it } from "vitest";
import { type Area, CARD, freePlace } from "./freePlace";
import type { Point } from "./newNode";

const DESK = { x: 0, y: 0, width: 860, height: 800 };
const PHONE = { x: 0, y: 0, width: 390, height: 700 };

function several(count: number, seen: typeof DESK): Point[] {
  const places: Area[] = [];
  for (let number = 0; number < count; number += 1) places.push({ ...freePlace(seen, places), ...CARD });
  return places.map(({ x, y }) => ({ x, y }));
}

describe("freePlace", () => {
  it("puts one to the right of the other, as values flow, then begins a row below", () => {
    expect(several(4, DESK)).toEqual([
      { x: 34, y: 325 },
      { x: 310, y: 325 },
      { x: 586, y: 325 },
      { x: 34, y: 511 },
    ]);
  });

  it("covers no node while there is room in what is seen", () => {
    const places = several(9, DESK);
    for (const [index, one] of places.entries()) {
      expect(one.x >= 0 && one.x + 240 <= DESK.width && one.y >= 0 && one.y + 150 <= DESK.height).toBe(true);
      for (const other of places.slice(0, index)) {
        expect(Math.abs(one.x - other.x) >= 240 || Math.abs(one.y - other.y) >= 150).toBe(true);
      }
    }
  });

  it("stays on a narrow screen", () => {
    for (const place of several(3, PHONE)) expect(place.x).toBe(75);
  });

  it("goes on below where all is full, and covers nothing there either", () => {
    const places = several(40, DESK);
    expect(places.some(({ y }) => y + CARD.height > DESK.height)).toBe(true);
    for (const [index, one] of places.entries()) {
      expect(one.x >= 0 && one.x + CARD.width <= DESK.width && one.y >= 0).toBe(true);
      for (const other of places.slice(0, index)) {
        expect(Math.abs(one.x - other.x) >= CARD.width || Math.abs(one.y - other.y) >= CARD.height).toBe(
          true,
        );
      }
    }
  });

  it("finds a place also where no card fits into what is seen", () => {
    const slit = { x: 0, y: 0, width: 100, height: 60 };
    const [one, two] = several(2, slit);
    expect(two?.y).toBeGreaterThanOrEqual((one?.y ?? 0) + CARD.height);
  });

  it("goes beside a node that stands anywhere", () => {
    const place = freePlace(DESK, [{ x: 400, y: 300, ...CARD }]);
    expect(Math.abs(place.x - 400) >= 240 || Math.abs(place.y - 300) >= 150).toBe(true);
  });

  it("keeps off the whole of a node that is taller than others", () => {
    const tall = { x: 34, y: 325, width: 240, height: 240 };
    const places = [tall];
    for (let number = 0; number < 3; number += 1) places.push({ ...freePlace(DESK, places), ...CARD });
    expect(places.at(-1)).toMatchObject({ x: 310, y: 511 });
  });
});
