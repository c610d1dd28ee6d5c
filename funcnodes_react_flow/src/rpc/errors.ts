import { isObject } from "./json";

/** The codes of `docs/design/seams.md` that the editor treats apart. */
export const REFUSED_EDIT = -32000;
export const NOT_FOUND = -32001;
export const GRAPH_BUSY = -32003;

/** The other side answered with an error. */
export class RpcError extends Error {
  override readonly name = "RpcError";

  constructor(
    readonly code: number,
    message: string,
    readonly kind: string | null = null,
    readonly traceback: string | null = null,
  ) {
    super(message);
  }
}

/** The socket went away before the answer came, and the call must not be repeated by itself. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost";
}

/** The call would not fit into one frame, so it was not sent. */
export class TooLarge extends Error {
  override readonly name = "TooLarge";
}

/** Returns the error object of a JSON-RPC answer as an exception. */
export function toRpcError(error: unknown): RpcError {
  if (!isObject(error)) return new RpcError(0, "The answer was not understood.");
  const data = isObject(error.data) ? error.data : {};
  const traceback = Array.isArray(data.traceback) ? data.traceback.join("") : data.traceback;
  return new RpcError(
    typeof error.code === "number" ? error.code : 0,
    typeof error.message === "string" ? error.message : "Unknown error",
    typeof data.kind === "string" ? data.kind : null,
    typeof traceback === "string" ? traceback : null,
  );
}

/** Returns the sentence for a person. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
