import { renderHook } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import { useView } from "../store/view";
import { useStrayFiles } from "./useStrayFiles";

function drop(name: string, kind: "drop" | "dragover" = "drop", taken = false): Event {
  const event = new Event(kind, { bubbles: true, cancelable: true });
  const files = [new File(["x"], name)];
  Object.assign(event, { dataTransfer: { types: ["Files"], files } });
  if (taken) event.preventDefault();
  document.body.dispatchEvent(event);
  return event;
}

const said = () => useView.getState().toasts.map(({ title }) => title);

describe("a file dropped where nothing takes it", () => {
  beforeEach(() => useView.setState({ toasts: [] }));

  it("does not take the page away, and is told where it goes", () => {
    const { unmount } = renderHook(useStrayFiles);
    expect(drop("a.fnw", "dragover").defaultPrevented).toBe(true);
    expect(drop("a.fnw").defaultPrevented).toBe(true);
    expect(said()).toEqual(["To open this flow, choose “Import flow…” in the menu of the worker"]);
    drop("a.csv");
    expect(said()[1]).toContain("open Files");
    unmount();
    expect(drop("a.fnw").defaultPrevented).toBe(false);
  });

  it("is passed over where something has taken it", () => {
    const { unmount } = renderHook(useStrayFiles);
    drop("a.csv", "drop", true);
    expect(said()).toEqual([]);
    unmount();
  });
});
