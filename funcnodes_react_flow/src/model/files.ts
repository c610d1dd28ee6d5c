/** The user's files on a worker, and how an upload is told. Pure. */
import { isObject } from "../rpc/json";
import type { Json } from "../wire/generated";
import { alternatives } from "./portType";

export interface FileEntry {
  path: string;
  size: number;
  modified: number;
}

/** Reads the answer to `list_files`; folders are left out, their files carry them in their names. */
export function toFiles(answer: unknown): readonly FileEntry[] {
  const files = isObject(answer) && Array.isArray(answer.files) ? answer.files : [];
  return files.flatMap((entry: unknown) =>
    isObject(entry) && typeof entry.path === "string" && entry.folder !== true
      ? [{ path: entry.path, size: Number(entry.size) || 0, modified: Number(entry.modified) || 0 }]
      : [],
  );
}

/** A file that was deleted and can come back. */
export interface Trashed {
  id: string;
  /** Where it stood. */
  path: string;
  size: number;
  deleted: number;
}

/** Reads the answer to `list_trash`. */
export function toTrash(answer: unknown): readonly Trashed[] {
  return (Array.isArray(answer) ? answer : []).flatMap((entry: unknown) =>
    isObject(entry) && typeof entry.id === "string" && typeof entry.path === "string"
      ? [
          {
            id: entry.id,
            path: entry.path,
            size: Number(entry.size) || 0,
            deleted: Number(entry.deleted) || 0,
          },
        ]
      : [],
  );
}

const PATH = /(^|\.)(Pure)?(Posix|Windows)?Path$/;

/** True for an input that takes the place of a file. */
export function isPathType(type: Json | undefined): boolean {
  return alternatives(type).some((option) => typeof option === "string" && PATH.test(option));
}

/** Returns the files whose names hold all words that were typed. */
export function matching(files: readonly FileEntry[], typed: string): readonly FileEntry[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean);
  return files.filter((file) => words.every((word) => file.path.toLowerCase().includes(word)));
}

export function sizeText(bytes: number): string {
  const units = ["bytes", "KB", "MB", "GB", "TB"];
  let size = bytes;
  let unit = 0;
  while (size >= 1000 && unit < units.length - 1) {
    size /= 1000;
    unit += 1;
  }
  return `${unit === 0 ? size : size.toFixed(1)} ${units[unit]}`;
}

/** The header `Upload-Metadata` of tus: names and base64 of UTF-8. */
export function uploadMetadata(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, text]) => `${name} ${btoa(String.fromCharCode(...new TextEncoder().encode(text)))}`)
    .join(",");
}
