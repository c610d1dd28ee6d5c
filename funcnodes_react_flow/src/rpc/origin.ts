/** The one origin the editor speaks to: the UI server that delivered the page (it relays to manager and workers). */
import type { Socket } from "./channel";
import { isObject } from "./json";

export interface Session {
  session: boolean;
}

export function socketUrl(path: string, base: Location = window.location): string {
  return `${base.protocol === "https:" ? "wss" : "ws"}://${base.host}${path}`;
}

/** The folder that the page stands in: `/`, or the path below which a proxy shows it. All we ask for is in it. */
export function pageFolder(page: Location = window.location): string {
  return page.pathname.replace(/[^/]*$/, "") || "/";
}

export function managerPath(): string {
  return `${pageFolder()}manager`;
}

export function workerPath(uuid: string): string {
  return `${pageFolder()}worker/${encodeURIComponent(uuid)}/`;
}

export function openSocket(path: string): Socket {
  const real = new WebSocket(socketUrl(path));
  const socket: Socket = {
    send: (text) => {
      if (real.readyState === WebSocket.OPEN) real.send(text);
    },
    close: () => real.close(),
    onopen: null,
    onmessage: null,
    onclose: null,
  };
  real.onopen = () => socket.onopen?.();
  real.onmessage = (event) => socket.onmessage?.({ data: event.data });
  real.onclose = (event) => socket.onclose?.({ code: event.code, reason: event.reason });
  return socket;
}

/** Asks the UI server whether this browser has a session. */
export async function askSession(): Promise<Session> {
  const answer = await fetch(`${pageFolder()}session`, { headers: { accept: "application/json" } });
  const body: unknown = answer.ok ? await answer.json() : null;
  return { session: isObject(body) && body.session === true };
}
