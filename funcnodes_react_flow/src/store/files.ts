/** The user's files on the open worker, and uploads that go on where they broke off (tus 1.0.0). */
import { create } from "zustand";
import { type FileEntry, toFiles, uploadMetadata } from "../model/files";
import { messageOf } from "../rpc/errors";
import { workerPath } from "../rpc/origin";
import { useGraph } from "./graph";
import { ask } from "./line";
import { sentenceOf } from "./values";
import { toast } from "./view";

export interface Uploading {
  name: string;
  /** Between 0 and 1. */
  fraction: number;
}

interface Files {
  /** null: not read yet. */
  files: readonly FileEntry[] | null;
  /** By the place that asked for them: the input they are for. */
  uploading: Readonly<Record<string, Uploading>>;
}

export const useFiles = create<Files>(() => ({ files: null, uploading: {} }));
const { setState, getState } = useFiles;

export async function loadFiles(): Promise<void> {
  try {
    setState({ files: toFiles(await ask("list_files", { recursive: true }, true)) });
  } catch (error) {
    toast("error", "The files could not be listed", { detail: messageOf(error) });
  }
}

const PIECE = 4 * 1024 * 1024;
const TRIES = 5;
const PAUSE_MS = 500;
const TUS = { "Tus-Resumable": "1.0.0" };

/** Sends a file into the worker's files; returns its path there, or null when it did not arrive. */
export async function upload(place: string, file: File): Promise<string | null> {
  const show = (fraction: number) =>
    setState(({ uploading }) => ({ uploading: { ...uploading, [place]: { name: file.name, fraction } } }));
  show(0);
  try {
    const path = freeName(file.name);
    await send(file, path, show);
    await loadFiles();
    return path;
  } catch (error) {
    toast("error", `${file.name} was not uploaded`, { detail: messageOf(error) });
    return null;
  } finally {
    setState(({ uploading }) => {
      const { [place]: _, ...others } = uploading;
      return { uploading: others };
    });
  }
}

/** A second `data.csv` is another file: the first one may be in use. */
function freeName(name: string): string {
  const taken = new Set((getState().files ?? []).map((file) => file.path));
  const dot = name.lastIndexOf(".");
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ""];
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${stem}-${number}${ending}`;
  return free;
}

async function send(file: File, path: string, show: (fraction: number) => void): Promise<void> {
  const uploads = new URL(`${workerPath(useGraph.getState().worker ?? "")}uploads/`, window.location.href);
  const begun = await fetch(uploads, {
    method: "POST",
    headers: {
      ...TUS,
      "Upload-Length": String(file.size),
      "Upload-Metadata": uploadMetadata({ path, replace: "no" }),
    },
  });
  if (!begun.ok) throw new Error(await sentenceOf(begun));
  const upload = new URL(begun.headers.get("Location") ?? "", uploads);
  let at = 0;
  let failures = 0;
  while (at < file.size) {
    try {
      at = await sendPiece(upload, file, at);
      failures = 0;
      show(at / file.size);
    } catch (error) {
      failures += 1;
      if (error instanceof Refused || failures === TRIES) throw error;
      await pause(PAUSE_MS * 2 ** failures);
      at = await standOf(upload, at);
    }
  }
}

/** The worker said no; sending it again changes nothing. */
class Refused extends Error {}

async function sendPiece(upload: URL, file: File, at: number): Promise<number> {
  const answer = await fetch(upload, {
    method: "PATCH",
    headers: { ...TUS, "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(at) },
    body: file.slice(at, at + PIECE),
  });
  // Lost, busy, or another offset: the worker is asked where it stands.
  if (answer.status >= 500 || answer.status === 409 || answer.status === 423)
    throw new Error(await sentenceOf(answer));
  if (!answer.ok) throw new Refused(await sentenceOf(answer));
  return Number(answer.headers.get("Upload-Offset"));
}

async function standOf(upload: URL, otherwise: number): Promise<number> {
  try {
    const answer = await fetch(upload, { method: "HEAD", headers: TUS });
    if (answer.status === 404) throw new Refused("The worker does not know this upload any more.");
    return answer.ok ? Number(answer.headers.get("Upload-Offset")) : otherwise;
  } catch (error) {
    if (error instanceof Refused) throw error;
    return otherwise;
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds);
  });
}
