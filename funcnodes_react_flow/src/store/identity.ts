/** Who this window is: an author id that outlives a reload, and fresh ids for calls. */

const KEY = "funcnodes.author";

/** One per window; kept in the session storage so that a reload is still the same author. */
export function authorId(): string {
  const known = read(sessionStorage, KEY);
  if (known) return known;
  const made = crypto.randomUUID();
  write(sessionStorage, KEY, made);
  return made;
}

export function newId(): string {
  return crypto.randomUUID();
}

/** Storage may be switched off in a browser; then nothing is remembered and nothing breaks. */
export function read(storage: Storage, key: string): string | null {
  try {
    return storage.getItem(key);
  } catch {
    return null;
  }
}

export function write(storage: Storage, key: string, value: string): void {
  try {
    storage.setItem(key, value);
  } catch {
    // A full or forbidden storage costs only the memory of it.
  }
}
