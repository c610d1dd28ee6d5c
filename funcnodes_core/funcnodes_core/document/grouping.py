"""Groups as wholes: putting them together, dissolving one, putting right what was saved, what has changed.

Pure functions from groups to groups. A node is in at most one group, groups form a forest, and a group that
holds neither nodes nor groups disappears.
"""

from collections.abc import Container, Mapping, Sequence

from msgspec.structs import replace

from funcnodes_core.document.draft import without_empty
from funcnodes_core.document.model import GroupId, GroupRecord, NodeId
from funcnodes_core.document.refusals import BrokenGroups

Groups = Mapping[GroupId, GroupRecord]


def changed(groups: Groups, changes: Mapping[GroupId, GroupRecord | None]) -> Groups:
    """Return the groups with some of them replaced, added, or taken away."""
    after = dict(groups)
    for name, group in changes.items():
        if group is None:
            after.pop(name, None)
        else:
            after[name] = group
    return after


def difference(before: Groups, after: Groups) -> dict[GroupId, GroupRecord | None]:
    """Return the changes that lead from one state of all groups to another."""
    changes: dict[GroupId, GroupRecord | None] = {name: None for name in before if name not in after}
    changes.update((name, group) for name, group in after.items() if before.get(name) != group)
    return changes


def group_together(groups: Groups, nodes: Sequence[NodeId], inner: Sequence[GroupId], new: GroupId) -> Groups:
    """Return the groups with a new one around these, below the nearest group that is around all of them."""
    for name in inner:
        _need(groups, name)
    homes = [_home(groups, node) for node in nodes]
    chains = [_around(groups, home) for home in homes] + [_around(groups, name)[1:] for name in inner]
    common = next((name for name in (chains[0] if chains else ()) if all(name in c for c in chains)), None)
    left = dict(groups)
    left[new] = GroupRecord(node_ids=tuple(dict.fromkeys(nodes)), child_groups=tuple(dict.fromkeys(inner)))
    if common is not None:
        left = _adopt(left, common, new)
    for name in dict.fromkeys(inner):
        left = _leave(left, name, left[name].parent_group, keep=new)
        left[name] = replace(left[name], parent_group=new)
    for home, node in zip(homes, nodes, strict=True):
        if home is not None and home in left and node in left[home].node_ids:
            left[home] = replace(left[home], node_ids=tuple(n for n in left[home].node_ids if n != node))
            left = dict(without_empty(left, home))
    return left


def dissolved(groups: Groups, name: GroupId) -> Groups:
    """Return the groups without one of them; the groups inside it move up to the one around it."""
    group = _need(groups, name)
    left = dict(groups)
    for child in group.child_groups:
        left[child] = replace(left[child], parent_group=group.parent_group)
    del left[name]
    around = group.parent_group
    if around is None or around not in left:
        return left
    kept = tuple(child for child in left[around].child_groups if child != name)
    left[around] = replace(left[around], child_groups=(*kept, *group.child_groups))
    return without_empty(left, around)


def put_right(groups: Groups, nodes: Container[NodeId]) -> Groups:
    """Return the groups as the rules want them, whatever they were.

    A node stays in the first group that names it. A group stands in the one that it names itself, or else in
    the first that names it as a child; one that would stand inside itself stands at the top. What then holds
    nothing goes.
    """
    parents = _parents(groups)
    homes: dict[NodeId, GroupId] = {}
    children: dict[GroupId, dict[GroupId, None]] = {name: {} for name in groups}
    for name, group in groups.items():
        for node in group.node_ids:
            if node in nodes:
                homes.setdefault(node, name)
        children[name].update((child, None) for child in group.child_groups if parents.get(child) == name)
    for name, parent in parents.items():
        children[parent][name] = None
    members: dict[GroupId, list[NodeId]] = {name: [] for name in groups}
    for node, home in homes.items():
        members[home].append(node)
    held: set[GroupId] = set()
    for home in homes.values():
        here: GroupId | None = home
        while here is not None and here not in held:
            held.add(here)
            here = parents.get(here)
    return {
        name: replace(
            group,
            node_ids=tuple(members[name]),
            child_groups=tuple(child for child in children[name] if child in held),
            parent_group=parents.get(name),
        )
        for name, group in groups.items()
        if name in held
    }


def _parents(groups: Groups) -> dict[GroupId, GroupId]:
    """Return in which group each one stands, of those that stand in one; never in a circle."""
    parents = {name: group.parent_group for name, group in groups.items() if group.parent_group in groups}
    found: dict[GroupId, GroupId] = {name: above for name, above in parents.items() if above is not None}
    for name, group in groups.items():
        for child in group.child_groups:
            if child in groups:
                found.setdefault(child, name)
    settled: set[GroupId] = set()
    for name in groups:
        way: set[GroupId] = set()
        here: GroupId | None = name
        while here is not None and here not in settled and here not in way:
            way.add(here)
            here = found.get(here)
        if here in way:
            del found[here]
        settled |= way
    return found


def _need(groups: Groups, name: GroupId) -> GroupRecord:
    if name not in groups:
        raise BrokenGroups(name, "there is no such group; it may have been dissolved, ask get_groups")
    return groups[name]


def _home(groups: Groups, node: NodeId) -> GroupId | None:
    return next((name for name, group in groups.items() if node in group.node_ids), None)


def _around(groups: Groups, name: GroupId | None) -> list[GroupId]:
    """Return a group and those around it, the nearest first."""
    chain: list[GroupId] = []
    while name is not None and name in groups and name not in chain:
        chain.append(name)
        name = groups[name].parent_group
    return chain


def _adopt(groups: dict[GroupId, GroupRecord], around: GroupId, name: GroupId) -> dict[GroupId, GroupRecord]:
    groups[around] = replace(groups[around], child_groups=(*groups[around].child_groups, name))
    groups[name] = replace(groups[name], parent_group=around)
    return groups


def _leave(
    groups: dict[GroupId, GroupRecord], name: GroupId, around: GroupId | None, keep: GroupId
) -> dict[GroupId, GroupRecord]:
    if around is None or around not in groups or around == keep:
        return groups
    children = tuple(child for child in groups[around].child_groups if child != name)
    groups[around] = replace(groups[around], child_groups=children)
    return dict(without_empty(groups, around))
