/** What a person types to name a package, with a version if they like. Pure. */
const REQUIREMENT = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*((?:[<>=!~]=?|===?)\s*[^\s].*)?$/;

/** Reads `name`, `name>=1.2`, or the place of a folder, which the manager judges; null while it is none of them. */
export function splitVersion(text: string): { name: string; version: string | null } | null {
  if (/[/\\]/.test(text)) return { name: text.trim(), version: null };
  const parts = REQUIREMENT.exec(text);
  const name = parts?.[1];
  return name === undefined ? null : { name, version: parts?.[2]?.replace(/\s+/g, "") ?? null };
}
