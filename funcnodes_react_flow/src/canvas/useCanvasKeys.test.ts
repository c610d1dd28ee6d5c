import { describe, expect, it } from "vitest";
import { groupSelection, ungroupSelection } from "../store/layout";
import { actionOf, connectSelected } from "./useCanvasKeys";

const all = () => {};
const press = (key: string, keys: KeyboardEventInit) =>
  actionOf(new KeyboardEvent("keydown", { key, ...keys }), all);

describe("the keys of the canvas", () => {
  it.each([
    ["g", { ctrlKey: true }, groupSelection],
    ["g", { metaKey: true }, groupSelection],
    ["g", { ctrlKey: true, altKey: true }, ungroupSelection],
    ["©", { metaKey: true, altKey: true, code: "KeyG" }, ungroupSelection],
    ["G", { ctrlKey: true, shiftKey: true }, ungroupSelection],
    ["a", { ctrlKey: true }, all],
    ["c", {}, connectSelected],
  ])("%s with %o", (key, keys, action) => {
    expect(press(key, keys)).toBe(action);
  });

  it.each([
    ["g", {}],
    ["a", {}],
    ["n", { ctrlKey: true }],
    ["c", { ctrlKey: true }],
  ])("%s with %o is none of them", (key, keys) => {
    expect(press(key, keys)).toBeNull();
  });

  it("adds a note", () => {
    expect(press("n", {})).toBeTypeOf("function");
  });
});
