import { describe, expect, it } from "vitest";
import { redo, undo } from "../store/history";
import { turnOf } from "./useShortcuts";

const press = (key: string, keys: KeyboardEventInit = { ctrlKey: true }) =>
  turnOf(new KeyboardEvent("keydown", { key, ...keys }));

describe("the keys of undo and redo", () => {
  it.each([
    ["z", { ctrlKey: true }, undo],
    ["z", { metaKey: true }, undo],
    ["Z", { ctrlKey: true, shiftKey: true }, redo],
    ["y", { ctrlKey: true }, redo],
  ])("%s with %o", (key, keys, turn) => {
    expect(press(key, keys)).toBe(turn);
  });

  it.each([
    ["z", {}],
    ["z", { ctrlKey: true, altKey: true }],
    ["y", { ctrlKey: true, shiftKey: true }],
    ["x", { ctrlKey: true }],
  ])("%s with %o is none of them", (key, keys) => {
    expect(press(key, keys)).toBeNull();
  });
});
