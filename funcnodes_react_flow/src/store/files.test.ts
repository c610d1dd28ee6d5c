import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cancelUpload, pauseUpload, resumeUpload, upload, useFiles } from "./files";
import { useGraph } from "./graph";
import { useView } from "./view";

/** A worker's uploads without a network: keeps what has come, and fails when the test says so. */
class Uploads {
  readonly pieces: number[] = [];
  stored = 0;
  length = 0;
  metadata = "";
  failures = 0;
  refusal: Response | null = null;
  isGone = false;
  begun = 0;

  readonly fetch = async (input: URL | string, init: RequestInit = {}): Promise<Response> => {
    const path = new URL(String(input)).pathname;
    const headers = new Headers(init.headers);
    if (headers.get("Tus-Resumable") !== "1.0.0") return new Response(null, { status: 412 });
    if (this.refusal) return this.refusal;
    if (init.method === "POST") {
      expect(path).toBe("/worker/w/uploads/");
      this.begun += 1;
      this.length = Number(headers.get("Upload-Length"));
      this.metadata = headers.get("Upload-Metadata") ?? "";
      return new Response(null, { status: 201, headers: { Location: "u1" } });
    }
    expect(path).toBe("/worker/w/uploads/u1");
    if (init.method === "HEAD") return this.isGone ? new Response(null, { status: 404 }) : this.stand(200);
    if (init.method === "DELETE") {
      this.isGone = true;
      return new Response(null, { status: 204 });
    }
    if (Number(headers.get("Upload-Offset")) !== this.stored) return new Response(null, { status: 409 });
    const body = init.body;
    const size = body instanceof Blob ? body.size : 0;
    if (this.failures > 0) {
      this.failures -= 1;
      // Half of it had come when the connection broke.
      this.stored += Math.floor(size / 2);
      throw new TypeError("network");
    }
    this.stored += size;
    this.pieces.push(size);
    return this.stand(204);
  };

  private stand(status: number): Response {
    return new Response(null, { status, headers: { "Upload-Offset": String(this.stored) } });
  }
}

let uploads: Uploads;

beforeEach(() => {
  vi.useFakeTimers();
  uploads = new Uploads();
  vi.stubGlobal("fetch", uploads.fetch);
  useGraph.setState({ worker: "w" });
  useFiles.setState({ files: [], uploading: {} });
  localStorage.clear();
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function sent(file: File): Promise<string | null> {
  const seen: number[] = [];
  const stop = useFiles.subscribe(({ uploading }) => {
    const now = uploading["input-a"];
    if (now) seen.push(now.fraction);
  });
  const path = upload("input-a", file);
  await vi.runAllTimersAsync();
  stop();
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(useFiles.getState().uploading).toEqual({});
  return path;
}

describe("an upload", () => {
  it("goes in pieces and says how far it is", async () => {
    expect(await sent(new File([new Uint8Array(9_000_000)], "data.bin"))).toBe("data.bin");
    expect([uploads.length, uploads.stored, uploads.pieces.length]).toEqual([9_000_000, 9_000_000, 3]);
  });

  it("goes on from where the worker stands after a lost connection", async () => {
    uploads.failures = 2;
    expect(await sent(new File([new Uint8Array(5_000_000)], "data.bin"))).toBe("data.bin");
    expect(uploads.stored).toBe(5_000_000);
  });

  it("takes another name when there is such a file", async () => {
    const entry = { size: 1, modified: 1 };
    useFiles.setState({
      files: [
        { path: "data.bin", ...entry },
        { path: "data-2.bin", ...entry },
      ],
    });
    expect(await sent(new File(["x"], "data.bin"))).toBe("data-3.bin");
  });

  it("says what the worker refused", async () => {
    uploads.refusal = new Response(JSON.stringify({ error: "files may have 5 bytes here" }), { status: 413 });
    const said: unknown[] = [];
    const stop = useView.subscribe(({ toasts }) => said.push([toasts.at(-1)?.title, toasts.at(-1)?.detail]));
    expect(await sent(new File(["too long"], "big.bin"))).toBeNull();
    stop();
    expect(said[0]).toEqual(["big.bin was not uploaded", "files may have 5 bytes here"]);
  });

  it("that broke off is gone on with when the user says so", async () => {
    uploads.failures = 5;
    const first = upload("a", new File([new Uint8Array(6_000_000)], "data.bin"));
    await vi.runAllTimersAsync();
    expect(await first).toBeNull();
    expect(useFiles.getState().uploading.a).toMatchObject({ phase: "failed", why: "network" });
    const again = resumeUpload("a");
    await vi.runAllTimersAsync();
    await again;
    expect([uploads.begun, uploads.stored, useFiles.getState().uploading]).toEqual([1, 6_000_000, {}]);
  });

  it("is paused between two pieces, and gone on with", async () => {
    const stop = useFiles.subscribe(({ uploading }) => {
      if (uploading.a?.phase === "running" && uploading.a.fraction > 0 && uploads.begun === 1) {
        uploads.begun += 1;
        pauseUpload("a");
      }
    });
    const first = upload("a", new File([new Uint8Array(9_000_000)], "data.bin"));
    await vi.runAllTimersAsync();
    expect(await first).toBeNull();
    expect([useFiles.getState().uploading.a?.phase, uploads.pieces.length]).toEqual(["paused", 1]);
    const again = resumeUpload("a");
    await vi.runAllTimersAsync();
    await again;
    stop();
    expect([uploads.stored, useFiles.getState().uploading]).toEqual([9_000_000, {}]);
  });

  it("of a file that broke off before the page was opened anew goes on there", async () => {
    uploads.failures = 5;
    const file = new File([new Uint8Array(6_000_000)], "data.bin", { lastModified: 5 });
    void upload("a", file);
    await vi.runAllTimersAsync();
    // What a new page knows is what stands in its storage.
    useFiles.setState({ uploading: {} });
    const again = upload("b", new File([new Uint8Array(6_000_000)], "data.bin", { lastModified: 5 }));
    await vi.runAllTimersAsync();
    expect([await again, uploads.begun, uploads.stored]).toEqual(["data.bin", 1, 6_000_000]);
  });

  it("that is given up is taken away, and begun anew the next time", async () => {
    uploads.failures = 5;
    const file = new File([new Uint8Array(6_000_000)], "data.bin", { lastModified: 5 });
    void upload("a", file);
    await vi.runAllTimersAsync();
    await cancelUpload("a");
    expect([uploads.isGone, useFiles.getState().uploading]).toEqual([true, {}]);
    uploads.isGone = false;
    uploads.stored = 0;
    const again = upload("b", file);
    await vi.runAllTimersAsync();
    expect([await again, uploads.begun]).toEqual(["data.bin", 2]);
  });
});
