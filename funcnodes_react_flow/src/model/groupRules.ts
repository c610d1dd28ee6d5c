/** Whether groups form a forest over the nodes of a document. Pure. */
import type { GroupRecord } from "../wire/generated";
import type { Graph } from "./graph";
import { EditRejected } from "./rejected";

/** Raises `EditRejected` unless every node is in at most one group and groups stand inside each other as a tree. */
export function checkGroups(groups: Graph["groups"], nodes: Graph["nodes"]): void {
  const homes = new Map<string, string>();
  for (const [name, group] of Object.entries(groups)) {
    const members = group.node_ids ?? [];
    const children = group.child_groups ?? [];
    if (members.length === 0 && children.length === 0) throw broken(name, "it holds nothing");
    for (const node of members) {
      if (!Object.hasOwn(nodes, node)) throw new EditRejected("NodeNotFound", `there is no node “${node}”`);
      if (homes.has(node)) throw broken(name, `node “${node}” can be in one group only`);
      homes.set(node, name);
    }
    checkKinship(name, group, groups);
  }
}

/** The groups with some of them replaced, added, or (null) taken away. */
export function changedGroups(
  groups: Graph["groups"],
  changes: { readonly [name: string]: GroupRecord | null },
): Graph["groups"] {
  const kept = Object.entries(groups).filter(([name]) => changes[name] !== null);
  const set = Object.entries(changes).flatMap(([name, group]) => (group === null ? [] : [[name, group]]));
  return Object.fromEntries([...kept, ...set]);
}

function checkKinship(name: string, group: GroupRecord, groups: Graph["groups"]): void {
  const children = group.child_groups ?? [];
  for (const child of children) {
    if (groups[child]?.parent_group !== name)
      throw broken(name, `its child “${child}” does not name it as parent`);
  }
  if (new Set(children).size !== children.length) throw broken(name, "a child stands in it twice");
  const parent = group.parent_group ?? null;
  if (parent !== null && groups[parent]?.child_groups?.includes(name) !== true) {
    throw broken(name, `its parent “${parent}” does not name it as child`);
  }
  const seen = new Set([name]);
  for (let above: string | null = parent; above !== null; above = groups[above]?.parent_group ?? null) {
    if (seen.has(above)) throw broken(name, "it would stand inside itself");
    seen.add(above);
  }
}

function broken(group: string, reason: string): EditRejected {
  return new EditRejected("BrokenGroups", `group “${group}” is not possible: ${reason}`);
}
