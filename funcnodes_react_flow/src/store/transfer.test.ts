import { afterEach, describe, expect, it, vi } from "vitest";
import { exportPath, importFlow } from "./transfer";
import { useView } from "./view";

const FILE = new Blob(["PK"]);

function answers(status: number, body: unknown) {
  return vi.spyOn(globalThis, "fetch").mockResolvedValue(new Response(JSON.stringify(body), { status }));
}

afterEach(() => vi.restoreAllMocks());

const last = () => useView.getState().toasts.at(-1);

describe("a flow as a file", () => {
  it("is fetched from the page's own origin", () => {
    expect(exportPath("w 1")).toBe("/worker/w%201/export");
  });

  it("is taken in, and what went wrong with packages is said", async () => {
    const asked = answers(200, { success: true, notes: ["funcnodes-x: not found"] });
    expect(await importFlow("w", FILE)).toBe(true);
    expect(asked).toHaveBeenCalledWith("/worker/w/import", {
      method: "POST",
      headers: { "content-type": "application/zip" },
      body: FILE,
    });
    expect(last()).toMatchObject({ tone: "info", detail: "funcnodes-x: not found" });
  });

  it.each([
    [400, { error: "this .fnw file is refused: no" }, "this .fnw file is refused: no"],
    [502, {}, "status 502"],
  ])("says why it was refused: %i", async (status, body, detail) => {
    answers(status, body);
    expect(await importFlow("w", FILE)).toBe(false);
    expect(last()).toMatchObject({ tone: "error", detail });
  });

  it("says that the line broke", async () => {
    vi.spyOn(globalThis, "fetch").mockRejectedValue(new TypeError("no line"));
    expect(await importFlow("w", FILE)).toBe(false);
    expect(last()?.detail).toContain("no line");
  });
});
