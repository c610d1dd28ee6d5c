/** The chosen worker's trust: asked for at each connection, told of when somebody gives it. */
import { create } from "zustand";
import { TRUSTED, type Trust, toTrust } from "../model/trust";
import { messageOf, RpcError } from "../rpc/errors";
import { isObject } from "../rpc/json";
import { ask } from "./line";
import { toast } from "./view";

interface TrustState extends Trust {
  granting: boolean;
}

const NOTHING: TrustState = { ...TRUSTED, granting: false };

export const useTrust = create<TrustState>(() => NOTHING);

const { setState } = useTrust;

export function resetTrust(): void {
  setState(NOTHING);
}

export async function loadTrust(): Promise<void> {
  try {
    setState(toTrust(await ask("get_trust", {}, true)));
  } catch {
    // A lost connection is said elsewhere, and this is asked again with the next one. A worker that does not
    // know the question holds nothing.
  }
}

/** Called for every event of the worker. */
export function heardTrust(params: unknown): void {
  if (isObject(params) && params.event === "trusted") resetTrust();
}

/** Lets the flow go: its packages are installed and loaded, its nodes run. */
export async function trustFlow(): Promise<void> {
  setState({ granting: true });
  try {
    await ask("trust", {});
    resetTrust();
  } catch (error) {
    if (error instanceof RpcError)
      toast("error", "This flow could not be trusted", { detail: messageOf(error) });
    setState({ granting: false });
  }
}
