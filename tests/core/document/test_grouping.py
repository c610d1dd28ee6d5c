"""Groups as wholes: what a person sees when nodes are put together and groups dissolved."""

from typing import Any

import pytest
from funcnodes_core.document.edits import ChangeGroups
from funcnodes_core.document.grouping import changed, difference, dissolved, group_together
from funcnodes_core.document.model import Document, GroupRecord, NodeRecord
from funcnodes_core.document.refusals import BrokenGroups
from funcnodes_core.document.transaction import transact
from funcnodes_core.groups import NodeGroups
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.examples import part_of

NODES = {name: NodeRecord(id=name, class_id="c") for name in "abcdef"}


def test_a_new_group_stands_at_the_top() -> None:
    assert group_together({}, ["a", "b"], [], "g") == {"g": GroupRecord(node_ids=("a", "b"))}


def test_nodes_of_one_group_are_grouped_inside_it() -> None:
    groups = group_together({}, ["a", "b", "c"], [], "g")

    assert group_together(groups, ["a", "b"], [], "h") == {
        "g": GroupRecord(node_ids=("c",), child_groups=("h",)),
        "h": GroupRecord(node_ids=("a", "b"), parent_group="g"),
    }


def test_groups_and_nodes_are_put_into_one_and_what_holds_nothing_any_more_goes() -> None:
    groups = group_together(group_together({}, ["a"], [], "g"), ["b"], [], "h")

    assert group_together(groups, ["b", "c"], ["g"], "both") == {
        "g": GroupRecord(node_ids=("a",), parent_group="both"),
        "both": GroupRecord(node_ids=("b", "c"), child_groups=("g",)),
    }


def test_dissolving_a_group_moves_the_groups_inside_it_up() -> None:
    groups = group_together(group_together({}, ["a", "b", "c"], [], "g"), ["a"], [], "h")

    assert dissolved(groups, "g") == {"h": GroupRecord(node_ids=("a",))}
    with pytest.raises(BrokenGroups, match="no such group"):
        dissolved(groups, "zzz")


def test_the_published_class_moves_a_group_up_out_of_groups_that_hold_nothing_else() -> None:
    """It said that there was no group, since the group around had gone with the one that was dissolved."""
    groups = NodeGroups()
    inner = groups.group_together(["a"])
    middle = groups.group_together([], [inner])
    outer = groups.group_together([], [middle])
    groups.remove_group(middle)
    assert groups.get_group(inner)["parent_group"] == outer
    assert groups.get_group(outer)["child_groups"] == [inner]


def steps(dice: Any) -> Any:
    """Give random groupings and dissolutions, as the published class of the core does them and as ours."""
    theirs, ours = NodeGroups(), dict[str, GroupRecord]()
    for number in range(dice.randint(1, 12)):
        if ours and dice.randint(0, 3) == 0:
            name = dice.choice(sorted(ours))
            theirs.remove_group(name)
            after = dissolved(ours, name)
        else:
            nodes = [node for node in NODES if dice.randint(0, 2) == 0]
            groups = [name for name in sorted(ours) if dice.randint(0, 3) == 0]
            # A group and one inside it can not both be put into a new one as they are.
            groups = [name for name in groups if not set(theirs.get_group_ancestors(name)) & set(groups)]
            if not nodes and not groups:
                continue
            theirs.group_together(nodes, groups, f"g{number}")
            after = group_together(ours, nodes, groups, f"g{number}")
        yield ours, after, theirs
        ours = dict(after)


@settings(max_examples=part_of(150))
@given(st.randoms(use_true_random=False))
def test_whatever_is_grouped_the_rules_allow_it_and_it_is_what_the_published_class_does(dice: Any) -> None:
    document = Document(nodes=NODES)
    for before, after, theirs in steps(dice):
        changes = difference(before, after)
        assert changed(before, changes) == after
        done = transact(document, [ChangeGroups(changes)])
        document = done.document
        assert document.groups == after
        plain = {
            name: (set(group["node_ids"]), set(group["child_groups"]), group["parent_group"])
            for name, group in theirs.serialize().items()
        }
        assert plain == {
            name: (set(group.node_ids), set(group.child_groups), group.parent_group)
            for name, group in after.items()
        }
