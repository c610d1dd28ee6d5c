/** Which wires a node could have, and which it has: what a person chooses from who does not draw. Pure. */
import type { Edge, NodeRecord, PortRecord } from "../wire/generated";
import type { End } from "./connect";
import { edgesInto, type Graph, isInput, keyOf, nodeOf, portsOf, sourcePortOf, titleOf } from "./graph";
import { type Family, familyOf, typeLabel } from "./portType";

export interface Offer {
  readonly key: string;
  /** What the asking node's port is called, and what it would be wired to. */
  readonly own: string;
  readonly node: string;
  readonly other: string;
  readonly type: string;
  readonly family: Family;
  /** Whether values would flow into the asking node. */
  readonly into: boolean;
  readonly from: End;
  readonly to: End;
  /** Whether an input would give up the wire it has. */
  readonly replaces: boolean;
  /** Whether both ports speak of the same kind of value. */
  readonly fits: boolean;
}

export interface Standing {
  readonly edge: Edge;
  readonly own: string;
  readonly node: string;
  readonly other: string;
  readonly into: boolean;
}

/** Returns the wires that could be drawn at a node, or at one port of it: what fits first, free inputs before fed ones. */
export function offersFor(graph: Graph, id: string, port: string | null): readonly Offer[] {
  const asking = nodeOf(graph, id);
  if (!asking) return [];
  const others = Object.values(graph.nodes).filter((node) => node.id !== id);
  const known = new Set(graph.edges.map((edge) => JSON.stringify(edge)));
  return ownPorts(asking, port)
    .flatMap((own) => others.flatMap((other) => offersBetween(graph, asking, own, other)))
    .filter(({ from, to, key }) => !known.has(key) && from.node !== to.node)
    .sort((one, two) => rank(one) - rank(two));
}

/** Returns the wires a node, or one port of it, has. */
export function wiresAt(graph: Graph, id: string, port: string | null): readonly Standing[] {
  const asking = nodeOf(graph, id);
  if (!asking) return [];
  const keys = new Set(ownPorts(asking, port).map((own) => keyOf(asking, own)));
  return graph.edges.flatMap((edge): Standing[] => {
    const [source, sourcePort, target, targetPort] = edge;
    const begin = nodeOf(graph, source);
    const end = nodeOf(graph, target);
    if (!begin || !end) return [];
    const output = sourcePortOf(begin, sourcePort);
    if (target === id && keys.has(targetPort)) {
      return [
        {
          edge,
          own: nameIn(end, targetPort),
          node: titleOf(begin),
          other: nameOf(output, sourcePort),
          into: true,
        },
      ];
    }
    if (source === id && keys.has(output ? keyOf(begin, output) : sourcePort)) {
      const own = nameOf(output, sourcePort);
      return [{ edge, own, node: titleOf(end), other: nameIn(end, targetPort), into: false }];
    }
    return [];
  });
}

/** Returns the offers in which every word of a query occurs. */
export function searchOffers(offers: readonly Offer[], query: string): readonly Offer[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  return offers.filter(({ own, node, other, type }) => {
    const text = `${own} ${node} ${other} ${type}`.toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

function offersBetween(graph: Graph, asking: NodeRecord, own: PortRecord, other: NodeRecord): Offer[] {
  const into = isInput(own);
  return portsOf(other)
    .filter((port) => isInput(port) !== into && port.hidden !== true)
    .map((port) => {
      const here = { node: asking.id, port: keyOf(asking, own) };
      const there = { node: other.id, port: keyOf(other, port) };
      const [from, to] = into ? [there, here] : [here, there];
      const [source, target] = into ? [port, own] : [own, port];
      return {
        key: JSON.stringify([from.node, source.id, to.node, target.id]),
        own: own.name || own.id,
        node: titleOf(other),
        other: port.name || port.id,
        type: typeLabel(port.type),
        family: familyOf(port.type),
        into,
        from,
        to,
        replaces: target.allow_multiple !== true && edgesInto(graph, to.node, target.id).length > 0,
        fits: isAlike(familyOf(source.type), familyOf(target.type)),
      };
    });
}

function ownPorts(node: NodeRecord, port: string | null): readonly PortRecord[] {
  return portsOf(node).filter((own) => (port === null ? own.hidden !== true : keyOf(node, own) === port));
}

function isAlike(one: Family, other: Family): boolean {
  return one === other || one === "any" || other === "any";
}

function rank({ fits, replaces, into }: Offer): number {
  return (fits ? 0 : 4) + (replaces ? 2 : 0) + (into ? 0 : 1);
}

function nameIn(node: NodeRecord, port: string): string {
  return nameOf(
    portsOf(node).find((known) => isInput(known) && known.id === port),
    port,
  );
}

function nameOf(port: PortRecord | undefined, id: string): string {
  return port?.name || id;
}
