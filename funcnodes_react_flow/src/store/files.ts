/** The user's files on the open worker, and uploads that go on where they broke off (tus 1.0.0). */
import { create } from "zustand";
import { type FileEntry, type Trashed, toFiles, toTrash, uploadMetadata } from "../model/files";
import { messageOf } from "../rpc/errors";
import { isObject, parseObject } from "../rpc/json";
import { workerPath } from "../rpc/origin";
import { useGraph } from "./graph";
import { newId, read, write } from "./identity";
import { ask } from "./line";
import { sentenceOf } from "./values";
import { toast } from "./view";

export interface Uploading {
  readonly name: string;
  readonly size: number;
  /** Between 0 and 1. */
  readonly fraction: number;
  /** What was sent stays on the worker while it is paused or has failed, and is gone on with. */
  readonly phase: "running" | "paused" | "failed";
  readonly why: string | null;
}

interface Files {
  /** null: not read yet. */
  files: readonly FileEntry[] | null;
  /** There are more than are listed. */
  cut: boolean;
  /** null: not read yet. */
  trash: readonly Trashed[] | null;
  /** By the place that asked for them: the input they are for, or one of the files screen. */
  uploading: Readonly<Record<string, Uploading>>;
}

export const useFiles = create<Files>(() => ({
  files: null,
  cut: false,
  trash: null,
  uploading: {},
}));
const { setState, getState } = useFiles;

export async function loadFiles(): Promise<void> {
  try {
    const answer = await ask("list_files", { recursive: true }, true);
    setState({ files: toFiles(answer), cut: isObject(answer) && answer.cut === true });
  } catch (error) {
    toast("error", "The files could not be listed", { detail: messageOf(error) });
  }
}

export async function loadTrash(): Promise<void> {
  try {
    setState({ trash: toTrash(await ask("list_trash", {}, true)) });
  } catch (error) {
    toast("error", "The trash could not be listed", { detail: messageOf(error) });
  }
}

/** The address a file is downloaded from. */
export function downloadUrl(path: string): string {
  const names = path.split("/").map(encodeURIComponent).join("/");
  return `${workerPath(useGraph.getState().worker ?? "")}files/${names}?download=1`;
}

export function renameFile(path: string, to: string): Promise<boolean> {
  return change("rename_file", { path, to }, `${path} could not be renamed`);
}

/** Moves a file to the trash. */
export function deleteFile(path: string): Promise<boolean> {
  return change("delete_file", { path }, `${path} could not be deleted`);
}

/** Brings a file back from the trash, to where it stood. */
export function restoreFile(trashed: Trashed): Promise<boolean> {
  return change("restore_file", { id: trashed.id }, `${trashed.path} could not be restored`);
}

export function emptyTrash(): Promise<boolean> {
  return change("empty_trash", {}, "The trash could not be emptied");
}

async function change(method: string, params: object, failure: string): Promise<boolean> {
  try {
    await ask(method, params);
    return true;
  } catch (error) {
    toast("error", failure, { detail: messageOf(error) });
    return false;
  } finally {
    await Promise.all([loadFiles(), loadTrash()]);
  }
}

const PIECE = 4 * 1024 * 1024;
const TRIES = 5;
const PAUSE_MS = 500;
const TUS = { "Tus-Resumable": "1.0.0" };

/** The files that are being sent, or could be gone on with. */
const sending = new Map<string, File>();

/** Sends a file into the worker's files; returns its path there, or null when it did not arrive. */
export async function upload(place: string, file: File): Promise<string | null> {
  sending.set(place, file);
  return run(place, file);
}

/** Sends several files, one after the other. */
export async function uploadAll(files: readonly File[]): Promise<void> {
  const places = files.map((file) => ({ place: `files/${newId()}`, file }));
  for (const { place, file } of places) {
    sending.set(place, file);
    show(place, { name: file.name, size: file.size, fraction: 0, phase: "running", why: null });
  }
  for (const { place, file } of places) if (getState().uploading[place]) await run(place, file);
}

/** Goes on with an upload where it stands. */
export async function resumeUpload(place: string): Promise<void> {
  const file = sending.get(place);
  if (file) await run(place, file);
}

export function pauseUpload(place: string): void {
  advance(place, { phase: "paused" });
}

/** Gives an upload up; what was sent of it is taken away. */
export async function cancelUpload(place: string): Promise<void> {
  const file = sending.get(place);
  forget(place);
  const begun = file && remembered(file);
  if (!file || !begun) return;
  write(localStorage, keyOf(file), "");
  try {
    const headers = { ...TUS, "Content-Type": "application/offset+octet-stream" };
    await fetch(new URL(begun.url, window.location.href), { method: "DELETE", headers });
  } catch {
    // The worker takes it away by itself once it is old enough.
  }
}

async function run(place: string, file: File): Promise<string | null> {
  const before = getState().uploading[place]?.fraction ?? 0;
  show(place, { name: file.name, size: file.size, fraction: before, phase: "running", why: null });
  try {
    const path = await send(place, file);
    if (path === null) return null;
    forget(place);
    await loadFiles();
    return path;
  } catch (error) {
    // What was refused is not gone on with; what broke off is.
    if (error instanceof Refused) forget(place);
    else advance(place, { phase: "failed", why: messageOf(error) });
    toast("error", `${file.name} was not uploaded`, { detail: messageOf(error) });
    return null;
  }
}

function show(place: string, uploading: Uploading): void {
  setState((state) => ({ uploading: { ...state.uploading, [place]: uploading } }));
}

function advance(place: string, change: Partial<Uploading>): void {
  const known = getState().uploading[place];
  if (known) show(place, { ...known, ...change });
}

function forget(place: string): void {
  sending.delete(place);
  setState(({ uploading }) => {
    const { [place]: _, ...others } = uploading;
    return { uploading: others };
  });
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

/** Under which name the beginning of a file is remembered, also over a reload of the page. */
function keyOf(file: File): string {
  const worker = useGraph.getState().worker ?? "";
  return `funcnodes.upload/${worker}/${file.name}/${file.size}/${file.lastModified}`;
}

interface Begun {
  url: string;
  path: string;
}

function remembered(file: File): Begun | null {
  const begun = parseObject(read(localStorage, keyOf(file)) ?? "");
  return typeof begun?.url === "string" && typeof begun.path === "string"
    ? { url: begun.url, path: begun.path }
    : null;
}

/** Returns the path of the file once all of it is there; null when it was paused or given up. */
async function send(place: string, file: File): Promise<string | null> {
  const { begun, at: start } = (await goOn(file)) ?? { begun: await begin(file), at: 0 };
  const address = new URL(begun.url, window.location.href);
  let at = start;
  let failures = 0;
  while (at < file.size) {
    if (getState().uploading[place]?.phase !== "running") return null;
    try {
      at = await sendPiece(address, file, at);
      failures = 0;
      advance(place, { fraction: at / file.size });
    } catch (error) {
      failures += 1;
      if (error instanceof Refused || failures === TRIES) throw error;
      await pause(PAUSE_MS * 2 ** failures);
      at = await standOf(address, at);
    }
  }
  write(localStorage, keyOf(file), "");
  return begun.path;
}

async function begin(file: File): Promise<Begun> {
  const path = freeName(file.name);
  const uploads = new URL(`${workerPath(useGraph.getState().worker ?? "")}uploads/`, window.location.href);
  const answer = await fetch(uploads, {
    method: "POST",
    headers: {
      ...TUS,
      "Upload-Length": String(file.size),
      "Upload-Metadata": uploadMetadata({ path, replace: "no" }),
    },
  });
  if (!answer.ok) throw new Refused(await sentenceOf(answer));
  const url = new URL(answer.headers.get("Location") ?? "", uploads).pathname;
  write(localStorage, keyOf(file), JSON.stringify({ url, path }));
  return { url, path };
}

/** Where the same file broke off earlier, if the worker still has its beginning. */
async function goOn(file: File): Promise<{ begun: Begun; at: number } | null> {
  const begun = remembered(file);
  if (!begun) return null;
  try {
    const answer = await fetch(new URL(begun.url, window.location.href), { method: "HEAD", headers: TUS });
    if (answer.ok) return { begun, at: Number(answer.headers.get("Upload-Offset")) };
  } catch {
    // Not reachable: beginning anew will say so.
  }
  write(localStorage, keyOf(file), "");
  return null;
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
