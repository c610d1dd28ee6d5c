"""Groups of nodes: a forest of named sets; a node is in at most one, an empty group is none."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from funcnodes_core.utils.ids import new_id

__all__ = ["NodeGroups"]

Group = dict[str, Any]


class NodeGroups:
    """The groups of one nodespace, by id."""

    def __init__(self) -> None:
        self._groups: dict[str, Group] = {}

    # --- reading -------------------------------------------------------------------------------
    def get_all_groups(self) -> dict[str, Group]:
        """Return all groups by id."""
        return self._groups

    def get_group(self, group_id: str) -> Group:
        """Return a group."""
        if group_id not in self._groups:
            raise ValueError(f"there is no group {group_id!r}")
        return self._groups[group_id]

    def find_group_of_node(self, node_id: str) -> str | None:
        """Return the group that a node is in."""
        return next((gid for gid, group in self._groups.items() if node_id in group["node_ids"]), None)

    def get_group_ancestors(self, group_id: str) -> list[str]:
        """Return the groups around a group, the nearest first."""
        ancestors: list[str] = []
        parent = self.get_group(group_id)["parent_group"]
        while parent is not None:
            ancestors.append(parent)
            parent = self.get_group(parent)["parent_group"]
        return ancestors

    def serialize(self) -> dict[str, Group]:
        """Return all groups as plain data."""
        return copy.deepcopy(self._groups)

    # --- changing ------------------------------------------------------------------------------
    def add_group(
        self,
        group_id: str | None = None,
        node_ids: Iterable[str] = (),
        parent_group: str | None = None,
        meta: Mapping[str, Any] | None = None,
    ) -> str:
        """Add a group and return its id; its nodes leave the groups they were in."""
        group_id = group_id or new_id()
        if group_id in self._groups:
            raise ValueError(f"there is a group {group_id!r} already")
        if parent_group is not None:
            self.get_group(parent_group)
        self._groups[group_id] = {
            "node_ids": [],
            "child_groups": [],
            "parent_group": None,
            "meta": dict(meta or {}),
        }
        self.set_group_parent(group_id, parent_group)
        self.add_nodes_to_group(group_id, node_ids)
        return group_id

    def group_together(
        self, node_ids: Iterable[str], group_ids: Iterable[str] = (), new_group_id: str | None = None
    ) -> str:
        """Put nodes and groups into a new group, which stands below the nearest group around all of them."""
        nodes, groups = list(node_ids), list(group_ids)
        chains = [self._around(self.find_group_of_node(node)) for node in nodes]
        chains += [self.get_group_ancestors(group) for group in groups]
        common = next(
            (gid for gid in (chains[0] if chains else []) if all(gid in chain for chain in chains)), None
        )
        new = self.add_group(new_group_id, (), common)
        for group in groups:
            self.set_group_parent(group, new)
        self.add_nodes_to_group(new, nodes)
        return new

    def remove_group(self, group_id: str, recursive: bool = False) -> None:
        """Remove a group; its groups move up, or go too."""
        group = self.get_group(group_id)
        for child in list(group["child_groups"]):
            if recursive:
                self.remove_group(child, recursive=True)
            else:
                self.set_group_parent(child, group["parent_group"])
        # It is gone already when its last child was all that it held.
        if group_id in self._groups:
            self._detach(group_id)
            del self._groups[group_id]

    def add_nodes_to_group(self, group_id: str, node_ids: Iterable[str]) -> None:
        """Move nodes into a group."""
        group = self.get_group(group_id)
        for node_id in node_ids:
            before = self.find_group_of_node(node_id)
            if before == group_id:
                continue
            group["node_ids"].append(node_id)
            if before is not None:
                self.remove_nodes_from_group(before, [node_id])

    def remove_nodes_from_group(self, group_id: str, node_ids: Iterable[str]) -> None:
        """Take nodes out of a group; an empty group goes."""
        gone = set(node_ids)
        group = self.get_group(group_id)
        group["node_ids"] = [node for node in group["node_ids"] if node not in gone]
        self._drop_if_empty(group_id)

    def ungroup_nodes(self, node_ids: Iterable[str]) -> None:
        """Take nodes out of whatever group they are in."""
        for node_id in node_ids:
            group = self.find_group_of_node(node_id)
            if group is not None:
                self.remove_nodes_from_group(group, [node_id])

    def set_group_parent(self, group_id: str, parent_group: str | None) -> None:
        """Put a group below another, or at the top."""
        group = self.get_group(group_id)
        if parent_group is not None and group_id in self._around(parent_group):
            raise ValueError(f"group {group_id!r} cannot stand below itself")
        old = group["parent_group"]
        if old == parent_group:
            return
        # There first, then gone here: the group that is left may go, and with it the one around it.
        if parent_group is not None:
            self.get_group(parent_group)["child_groups"].append(group_id)
        self._detach(group_id)
        group["parent_group"] = parent_group

    def set_group_meta(self, group_id: str, meta: Mapping[str, Any]) -> None:
        """Keep something with a group."""
        self.get_group(group_id)["meta"] = dict(meta)

    def deserialize(self, data: Mapping[str, Any]) -> None:
        """Take over saved groups."""
        self._groups = {
            gid: {
                **copy.deepcopy(dict(group)),
                "node_ids": list(group.get("node_ids", ())),
                "child_groups": list(group.get("child_groups", ())),
                "parent_group": group.get("parent_group"),
                "meta": copy.deepcopy(dict[str, Any](group.get("meta") or {})),
            }
            for gid, group in data.items()
        }

    def clear(self) -> None:
        """Forget all groups."""
        self._groups = {}

    # --- inside --------------------------------------------------------------------------------
    def _around(self, group_id: str | None) -> list[str]:
        return [] if group_id is None else [group_id, *self.get_group_ancestors(group_id)]

    def _detach(self, group_id: str) -> None:
        parent = self._groups[group_id]["parent_group"]
        self._groups[group_id]["parent_group"] = None
        if parent is not None and parent in self._groups:
            children = self._groups[parent]["child_groups"]
            if group_id in children:
                children.remove(group_id)
            self._drop_if_empty(parent)

    def _drop_if_empty(self, group_id: str) -> None:
        group = self._groups.get(group_id)
        if group is not None and not group["node_ids"] and not group["child_groups"]:
            self._detach(group_id)
            del self._groups[group_id]
