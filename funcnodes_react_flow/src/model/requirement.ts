/** What a person types to name a package, with a version if they like. Pure. */
const REQUIREMENT = /^\s*([A-Za-z0-9][A-Za-z0-9._-]*)\s*((?:[<>=!~]=?|===?)\s*[^\s].*)?$/;

/** Reads `name` or `name>=1.2`; null while it is neither. */
export function splitVersion(text: string): { name: string; version: string | null } | null {
  const parts = REQUIREMENT.exec(text);
  const name = parts?.[1];
  return name === undefined ? null : { name, version: parts?.[2]?.replace(/\s+/g, "") ?? null };
}
