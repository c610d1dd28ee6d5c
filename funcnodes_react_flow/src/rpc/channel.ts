/**
 * One JSON-RPC conversation that survives its sockets.
 *
 * Owns: opening, opening again with growing pauses, numbering calls, and resending those that may be repeated
 * under the same id (the other side recognises a repeated id and does not act twice).
 * Does not know what is said (`store`), nor React.
 */
import { ConnectionLost, TooLarge, toRpcError } from "./errors";
import { parseObject } from "./json";

export type ChannelState = "connecting" | "open" | "lost" | "unauthorized" | "closed";

/** What a channel needs of a WebSocket; tests hand in a small real one without a network. */
export interface Socket {
  send(text: string): void;
  close(): void;
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
}

export interface ChannelOptions {
  open: () => Socket;
  /** Speaks first on each new socket; calls that wait are sent after it has succeeded. */
  greet: (call: Call) => Promise<void>;
  onNotification: (method: string, params: unknown) => void;
  onState: (state: ChannelState, reason: string) => void;
  longestPause_ms: number;
  /** A name for this conversation's ids; a repeated id is recognised by author and id. */
  newId: () => string;
}

export type Call = (method: string, params: object) => Promise<unknown>;

interface Pending {
  id: string;
  text: string;
  repeatable: boolean;
  sent: boolean;
  resolve: (result: unknown) => void;
  reject: (error: Error) => void;
}

const UNAUTHORIZED = 4401;
/** A worker closes the socket on a larger frame: a repeatable call would close every next one too, for ever. */
const MAX_FRAME_BYTES = 1024 * 1024;
const FIRST_PAUSE_MS = 200;
const PING_EVERY_MS = 10_000;
const SILENCE_LIMIT_MS = 25_000;
/** How long an answer may take when there is reason to doubt the connection. */
const DOUBT_MS = 5_000;

export class Channel {
  state: ChannelState = "connecting";
  private socket: Socket | null = null;
  private readonly pending = new Map<string, Pending>();
  private pause_ms = FIRST_PAUSE_MS;
  private timer: ReturnType<typeof setTimeout> | null = null;
  private heartbeat: ReturnType<typeof setInterval> | null = null;
  private doubting: ReturnType<typeof setTimeout> | null = null;
  private heardAt = 0;

  constructor(private readonly options: ChannelOptions) {}

  start(): void {
    this.dial();
  }

  /** Ends the conversation for good; calls that still wait are refused. */
  close(): void {
    this.moveTo("closed", "");
    this.stopTimers();
    const socket = this.socket;
    this.socket = null;
    if (socket) detach(socket).close();
    for (const call of [...this.pending.values()]) this.refuse(call, "The connection was closed.");
  }

  /** The network or the page went or came back: dials at once instead of after the pause, or asks whether somebody is there. */
  hurry(): void {
    if (this.state === "lost" && this.timer !== null) {
      clearTimeout(this.timer);
      this.dial();
    } else if (this.state === "open" && this.socket !== null) {
      this.doubt(this.socket);
    }
  }

  /**
   * Returns the answer. A `repeatable` call outlives the socket: it waits for the next one and is sent again
   * under its own id. Any other call is refused when the socket goes.
   */
  call(
    method: string,
    params: object,
    { repeatable = false, id = this.options.newId() } = {},
  ): Promise<unknown> {
    if (this.state === "closed") return Promise.reject(new ConnectionLost("The connection was closed."));
    if (!repeatable && this.state !== "open") {
      return Promise.reject(new ConnectionLost("There is no connection at the moment."));
    }
    return this.submit(method, params, repeatable, id, this.state === "open");
  }

  /** Answers a call that waits to be sent again: its effect has been seen, so repeating it would be wrong. */
  settle(id: string, result: unknown): void {
    const call = this.pending.get(id);
    this.pending.delete(id);
    call?.resolve(result);
  }

  private submit(
    method: string,
    params: object,
    repeatable: boolean,
    id: string,
    now: boolean,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const text = JSON.stringify({ jsonrpc: "2.0", id, method, params });
      if (bytesOf(text) > MAX_FRAME_BYTES) {
        reject(new TooLarge("This is larger than 1 MiB, more than the editor can send. Use a file instead."));
        return;
      }
      const call: Pending = { id, text, repeatable, sent: now, resolve, reject };
      this.pending.set(id, call);
      if (now) this.socket?.send(text);
    });
  }

  private dial(): void {
    this.timer = null;
    this.moveTo("connecting", "");
    const socket = this.options.open();
    this.socket = socket;
    socket.onopen = () => this.opened(socket);
    socket.onmessage = (event) => this.received(event.data);
    socket.onclose = (event) => this.lost(socket, event.code, event.reason);
  }

  private async opened(socket: Socket): Promise<void> {
    this.heardAt = Date.now();
    this.heartbeat = setInterval(() => this.beat(socket), PING_EVERY_MS);
    try {
      await this.options.greet((method, params) =>
        this.submit(method, params, false, this.options.newId(), true),
      );
    } catch (error) {
      // The greeting was refused (worker not ready) or the socket went meanwhile; both mean: dial again later.
      if (this.socket === socket) {
        detach(socket).close();
        this.lost(socket, 1013, error instanceof Error ? error.message : "");
      }
      return;
    }
    if (this.socket !== socket) return;
    this.pause_ms = FIRST_PAUSE_MS;
    this.moveTo("open", "");
    for (const call of this.pending.values()) {
      if (call.sent) continue;
      call.sent = true;
      socket.send(call.text);
    }
  }

  private received(data: unknown): void {
    this.heardAt = Date.now();
    const frame = typeof data === "string" ? parseObject(data) : null;
    if (!frame) return;
    if (typeof frame.method === "string") {
      this.options.onNotification(frame.method, frame.params);
      return;
    }
    const call = typeof frame.id === "string" ? this.pending.get(frame.id) : undefined;
    if (!call) return;
    this.pending.delete(call.id);
    if (frame.error === undefined || frame.error === null) call.resolve(frame.result);
    else call.reject(toRpcError(frame.error));
  }

  private lost(socket: Socket, code: number, reason: string): void {
    // A socket that was given up may report its end late; the next one is already in use.
    if (this.socket !== socket) return;
    this.socket = null;
    this.stopTimers();
    if (code === UNAUTHORIZED) {
      this.moveTo("unauthorized", reason);
      for (const call of [...this.pending.values()])
        this.refuse(call, "This browser has no session any more.");
      return;
    }
    this.moveTo("lost", reason);
    this.settleAfterLoss();
    this.timer = setTimeout(() => this.dial(), this.pause_ms);
    this.pause_ms = Math.min(this.pause_ms * 2, this.options.longestPause_ms);
  }

  private settleAfterLoss(): void {
    for (const call of [...this.pending.values()]) {
      if (call.repeatable) call.sent = false;
      else this.refuse(call, "The connection was lost before the answer came.");
    }
  }

  private refuse(call: Pending, why: string): void {
    this.pending.delete(call.id);
    call.reject(new ConnectionLost(why));
  }

  /** A half-open connection says nothing for ever; any frame, an error included, is a sign of life. */
  private beat(socket: Socket): void {
    if (this.socket !== socket) return;
    if (Date.now() - this.heardAt > SILENCE_LIMIT_MS) {
      this.giveUp(socket);
      return;
    }
    ping(socket);
  }

  /** A network that is gone closes no socket: nothing would be known for as long as the heartbeat is patient. */
  private doubt(socket: Socket): void {
    if (this.doubting !== null) return;
    const asked = Date.now();
    ping(socket);
    this.doubting = setTimeout(() => {
      this.doubting = null;
      if (this.socket === socket && this.heardAt < asked) this.giveUp(socket);
    }, DOUBT_MS);
  }

  private giveUp(socket: Socket): void {
    detach(socket).close();
    this.lost(socket, 1006, "no answer");
  }

  private stopTimers(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    if (this.heartbeat !== null) clearInterval(this.heartbeat);
    if (this.doubting !== null) clearTimeout(this.doubting);
    this.doubting = null;
    this.timer = null;
    this.heartbeat = null;
  }

  private moveTo(state: ChannelState, reason: string): void {
    if (this.state === "closed") return;
    this.state = state;
    this.options.onState(state, reason);
  }
}

function bytesOf(text: string): number {
  // No character takes more than three bytes per unit: most frames need no count.
  return text.length * 3 <= MAX_FRAME_BYTES ? text.length : new TextEncoder().encode(text).length;
}

function ping(socket: Socket): void {
  socket.send(JSON.stringify({ jsonrpc: "2.0", id: "ping", method: "ping", params: {} }));
}

function detach(socket: Socket): Socket {
  socket.onopen = null;
  socket.onmessage = null;
  socket.onclose = null;
  return socket;
}
