import { afterEach, describe, expect, it, vi } from "vitest";
import { askSession, managerPath, pageFolder, socketUrl, workerPath } from "./origin";

function pageAt(href: string): void {
  vi.stubGlobal("location", new URL(href));
}

afterEach(() => vi.unstubAllGlobals());

describe("where the page asks", () => {
  it.each([
    ["http://localhost:8000/", "/", "ws://localhost:8000/manager"],
    ["https://lab.example/funcnodes/?x=1#y", "/funcnodes/", "wss://lab.example/funcnodes/manager"],
    ["https://lab.example/a/b/index.html", "/a/b/", "wss://lab.example/a/b/manager"],
  ])("at %s is below %s, with TLS where the page came by TLS", (href, folder, socket) => {
    pageAt(href);
    expect(pageFolder()).toBe(folder);
    expect(socketUrl(managerPath())).toBe(socket);
    expect(workerPath("w 1")).toBe(`${folder}worker/w%201/`);
  });

  it("asks for its session there too", async () => {
    pageAt("https://lab.example/funcnodes/");
    const asked = vi.fn(async () => new Response('{"session": true}'));
    vi.stubGlobal("fetch", asked);
    expect(await askSession()).toEqual({ session: true });
    expect(asked).toHaveBeenCalledWith("/funcnodes/session", expect.anything());
  });
});
