import { afterEach, describe, expect, it, vi } from "vitest";
import { TRUSTED, toTrust } from "../model/trust";
import { RpcError } from "../rpc/errors";
import * as line from "./line";
import { heardTrust, loadTrust, resetTrust, trustFlow, useTrust } from "./trust";
import { useView } from "./view";

const HELD = { held: true, reason: "it was made elsewhere", packages: ["funcnodes-lab"] };

afterEach(() => {
  vi.restoreAllMocks();
  resetTrust();
});

describe("what the worker says of trust", () => {
  it("is read, and what is not understood holds nothing back", () => {
    expect(toTrust(HELD)).toEqual(HELD);
    expect(toTrust({ held: true, packages: [1, "a"] })).toEqual({ held: true, reason: "", packages: ["a"] });
    for (const odd of [null, 7, {}, { held: "yes" }, { held: false, reason: null }])
      expect(toTrust(odd)).toBe(TRUSTED);
  });
});

describe("a held flow", () => {
  it("is known after the question, and let go by the word", async () => {
    const asked = vi
      .spyOn(line, "ask")
      .mockImplementation(async (method) => (method === "get_trust" ? HELD : {}));
    await loadTrust();
    expect(useTrust.getState()).toMatchObject(HELD);
    const word = trustFlow();
    expect(useTrust.getState().granting).toBe(true);
    await word;
    expect(asked).toHaveBeenLastCalledWith("trust", {});
    expect(useTrust.getState()).toMatchObject({ held: false, granting: false });
  });

  it("is let go by a word from another window", async () => {
    vi.spyOn(line, "ask").mockResolvedValue(HELD);
    await loadTrust();
    heardTrust({ event: "stopping" });
    expect(useTrust.getState().held).toBe(true);
    heardTrust({ event: "trusted", restarts: false });
    expect(useTrust.getState().held).toBe(false);
  });

  it("stays held when the worker refuses, and says why", async () => {
    vi.spyOn(line, "ask").mockResolvedValueOnce(HELD);
    await loadTrust();
    vi.spyOn(line, "ask").mockRejectedValueOnce(new RpcError(-32002, "no right"));
    await trustFlow();
    expect(useTrust.getState()).toMatchObject({ held: true, granting: false });
    expect(useView.getState().toasts.at(-1)?.detail).toBe("no right");
  });
});
