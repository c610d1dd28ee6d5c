/** Putting nodes and groups together, dissolving groups, moving members in and out, as edits. Pure. */
import { sameJson } from "../rpc/json";
import type { Edit, GroupRecord, Json } from "../wire/generated";
import type { Graph } from "./graph";
import { type Tint, toTint } from "./tint";

type Groups = Graph["groups"];

const NAME = "name";
const COLOUR = "colour";

/** What a person called the group; empty when nobody did. */
export function nameOf(group: GroupRecord): string {
  const name = group.meta?.[NAME];
  return typeof name === "string" ? name : "";
}

export function tintOf(group: GroupRecord): Tint {
  return toTint(group.meta?.[COLOUR]);
}

/** The group a node is in, if any. */
export function homeOf(groups: Groups, node: string): string | null {
  const found = Object.entries(groups).find(([, group]) => group.node_ids?.includes(node));
  return found ? found[0] : null;
}

/** All nodes in a group and in the groups inside it. */
export function membersOf(groups: Groups, name: string): readonly string[] {
  const group = groups[name];
  if (!group) return [];
  return [
    ...(group.node_ids ?? []),
    ...(group.child_groups ?? []).flatMap((child) => membersOf(groups, child)),
  ];
}

/** How many groups are around a group. */
export function depthOf(groups: Groups, name: string): number {
  return around(groups, name).length - 1;
}

/** A group and those around it, the nearest first. */
function around(groups: Groups, name: string | null): readonly string[] {
  const chain: string[] = [];
  for (let at = name; at !== null && groups[at]; at = groups[at]?.parent_group ?? null) {
    if (chain.includes(at)) break;
    chain.push(at);
  }
  return chain;
}

/**
 * Returns the edits that put a new group around these, below the nearest group around all of them. A node whose
 * group is among them goes along in it.
 */
export function groupTogether(
  groups: Groups,
  nodes: readonly string[],
  inner: readonly string[],
  name: string,
): readonly Edit[] {
  const tops = inner.filter(
    (one) =>
      !around(groups, one)
        .slice(1)
        .some((above) => inner.includes(above)),
  );
  const along = new Set(tops.flatMap((one) => membersOf(groups, one)));
  const loose = [...new Set(nodes)].filter((node) => !along.has(node));
  if (loose.length + tops.length === 0) return [];
  const chains = [
    ...loose.map((node) => around(groups, homeOf(groups, node))),
    ...tops.map((one) => around(groups, one).slice(1)),
  ];
  const common = chains[0]?.find((one) => chains.every((chain) => chain.includes(one))) ?? null;
  const draft = new Draft(groups);
  draft.put(name, { node_ids: loose, child_groups: tops, parent_group: common });
  if (common !== null) draft.adopt(common, name);
  for (const one of tops) {
    draft.leave(one, name);
    draft.change(one, { parent_group: name });
  }
  for (const node of loose) draft.release(node, name);
  return draft.edits();
}

/** Returns the edits that take groups away; what is in them stays where the group was. */
export function dissolve(groups: Groups, names: readonly string[]): readonly Edit[] {
  const draft = new Draft(groups);
  for (const name of names) draft.dissolve(name);
  return draft.edits();
}

/** Returns the edits that put nodes into a group, out of the ones they were in. */
export function putInto(groups: Groups, name: string, nodes: readonly string[]): readonly Edit[] {
  const draft = new Draft(groups);
  const known = groups[name]?.node_ids ?? [];
  const fresh = nodes.filter((node) => !known.includes(node));
  draft.change(name, { node_ids: [...known, ...fresh] });
  for (const node of fresh) draft.release(node, name);
  return draft.edits();
}

/** Returns the edits that take nodes out of the groups they are in. */
export function takeOut(groups: Groups, nodes: readonly string[]): readonly Edit[] {
  const draft = new Draft(groups);
  for (const node of nodes) draft.release(node, null);
  return draft.edits();
}

export function renameGroup(groups: Groups, name: string, text: string): readonly Edit[] {
  return noted(groups, name, NAME, text.trim() === "" ? undefined : text.trim());
}

export function tintGroup(groups: Groups, name: string, tint: Tint): readonly Edit[] {
  return noted(groups, name, COLOUR, tint === "grey" ? undefined : tint);
}

function noted(groups: Groups, name: string, key: string, value: Json | undefined): readonly Edit[] {
  const group = groups[name];
  if (!group) return [];
  const { [key]: _old, ...others } = group.meta ?? {};
  const draft = new Draft(groups);
  draft.change(name, { meta: value === undefined ? others : { ...others, [key]: value } });
  return draft.edits();
}

/** Groups on their way from one state to another. A group that holds nothing is gone, as in the document's rules. */
class Draft {
  private left: Record<string, GroupRecord>;

  constructor(private readonly before: Groups) {
    this.left = { ...before };
  }

  put(name: string, group: GroupRecord): void {
    this.left[name] = group;
  }

  change(name: string, change: Partial<GroupRecord>): void {
    const group = this.left[name];
    if (group) this.left[name] = { ...group, ...change };
  }

  adopt(parent: string, child: string): void {
    this.change(parent, { child_groups: [...(this.left[parent]?.child_groups ?? []), child] });
  }

  /** Takes a group out of the one around it, unless that is the one to keep it. */
  leave(name: string, keep: string): void {
    const parent = this.left[name]?.parent_group ?? null;
    if (parent === null || parent === keep) return;
    const children = (this.left[parent]?.child_groups ?? []).filter((child) => child !== name);
    this.change(parent, { child_groups: children });
    this.dropEmpty(parent);
  }

  /** Takes a node out of every group but one. */
  release(node: string, keep: string | null): void {
    for (const [name, group] of Object.entries(this.left)) {
      if (name === keep || !group.node_ids?.includes(node)) continue;
      this.change(name, { node_ids: group.node_ids.filter((member) => member !== node) });
      this.dropEmpty(name);
    }
  }

  dissolve(name: string): void {
    const group = this.left[name];
    if (!group) return;
    const parent = group.parent_group ?? null;
    const children = group.child_groups ?? [];
    for (const child of children) this.change(child, { parent_group: parent });
    delete this.left[name];
    const above = parent === null ? undefined : this.left[parent];
    if (parent === null || !above) return;
    this.left[parent] = {
      ...above,
      node_ids: [...(above.node_ids ?? []), ...(group.node_ids ?? [])],
      child_groups: [...(above.child_groups ?? []).filter((child) => child !== name), ...children],
    };
    this.dropEmpty(parent);
  }

  private dropEmpty(name: string): void {
    const group = this.left[name];
    if (!group || (group.node_ids?.length ?? 0) + (group.child_groups?.length ?? 0) > 0) return;
    const parent = group.parent_group ?? null;
    delete this.left[name];
    if (parent === null) return;
    const children = (this.left[parent]?.child_groups ?? []).filter((child) => child !== name);
    this.change(parent, { child_groups: children });
    this.dropEmpty(parent);
  }

  /** Only the groups that differ are named, so that two people who group at once both keep theirs. */
  edits(): readonly Edit[] {
    const changes: Record<string, GroupRecord | null> = {};
    for (const name of Object.keys(this.before)) if (!this.left[name]) changes[name] = null;
    for (const [name, group] of Object.entries(this.left)) {
      if (!sameJson(group, this.before[name])) changes[name] = group;
    }
    return Object.keys(changes).length === 0 ? [] : [{ kind: "change_groups", groups: changes }];
  }
}
