/** Names of external workers as they stand beside the graph: the twin of `document/external` in Python. Pure. */
import { isObject } from "../rpc/json";
import type { Edit, Json } from "../wire/generated";
import type { Graph } from "./graph";

type Surroundings = Graph["surroundings"];
type Naming = Extract<Edit, { kind: "name_external_worker" }>;

export function hasWorker(surroundings: Surroundings, classId: string, worker: string): boolean {
  return entries(surroundings, classId).some((entry) => idOf(entry) === worker);
}

export function withWorkerName(surroundings: Surroundings, edit: Naming): Surroundings {
  const all = surroundings.external_workers;
  const listed = entries(surroundings, edit.class_id);
  if (!isObject(all) || listed.length === 0) return surroundings;
  const renamed = listed.map((entry) => (idOf(entry) === edit.worker ? withName(entry, edit) : entry));
  return { ...surroundings, external_workers: { ...all, [edit.class_id]: renamed } };
}

/** A bare id of an old file becomes an object that says the same. */
function withName(entry: Json | undefined, edit: Naming): Json {
  const said: { [key: string]: Json | undefined } = isObject(entry) ? { ...entry } : { uuid: edit.worker };
  if (edit.name === undefined) delete said.name;
  else said.name = edit.name;
  return said;
}

function entries(surroundings: Surroundings, classId: string): readonly Json[] {
  const all = surroundings.external_workers;
  const found = isObject(all) && Object.hasOwn(all, classId) ? all[classId] : null;
  return Array.isArray(found) ? found : [];
}

function idOf(entry: Json | undefined): string | null {
  const id = isObject(entry) ? entry.uuid : entry;
  return typeof id === "string" ? id : null;
}
