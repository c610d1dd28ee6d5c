"""Names of the documentation (contract 18), read as calls of the table."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from funcnodes_worker.rpc.envelope import ByPosition, Call, Dialect
from funcnodes_worker.rpc.errors import InvalidParams
from funcnodes_worker.server import documented
from funcnodes_worker.server.documented import understand
from funcnodes_worker.server.methods.table import make_table

EDGE = {"src_uuid": "a", "src_io": "x", "dst_uuid": "b", "dst_io": "y"}
REAL_EDGE = {"src_nid": "a", "src_ioid": "x", "trg_nid": "b", "trg_ioid": "y"}
VALUE = {"nid": "a", "ioid": "x", "value": 1}
MEANT: list[tuple[str, dict[str, Any], str, dict[str, Any]]] = [
    ("import_worker", {"data": "e30="}, "update_from_export", {"data": "e30="}),
    ("export_worker", {"include_files": False}, "export_worker", {"with_files": False}),
    (
        "add_node",
        {"node_id": "lab.add", "frontend": {"pos": [1, 2]}},
        "add_node",
        {"id": "lab.add", "properties": {"frontend:pos": [1, 2]}},
    ),
    ("remove_node", {"uuid": "a"}, "remove_node", {"id": "a"}),
    ("update_node", {"uuid": "a", "io_id": "x", "io_type": "input", "value": 1}, "set_io_value", VALUE),
    ("update_node", {"uuid": "a", "input_id": "x", "value": 1}, "set_io_value", VALUE),
    ("update_node_input", {"uuid": "a", "input_id": "x", "value": 1}, "set_io_value", VALUE),
    (
        "update_node",
        {"uuid": "a", "frontend": {"pos": [1, 2]}},
        "update_node_view",
        {"nid": "a", "data": {"pos": [1, 2]}},
    ),
    ("add_edge", EDGE, "add_edge", REAL_EDGE),
    ("remove_edge", EDGE, "remove_edge", REAL_EDGE),
    ("add_package_dependency", {"package": "p"}, "add_package_dependency", {"name": "p"}),
    ("remove_package_dependency", {"package": "p"}, "remove_package_dependency", {"name": "p"}),
    ("group_nodes", {"nodes": ["a"], "name": "g"}, "group_nodes", {"node_ids": ["a"], "group_ids": []}),
    ("list_local_workers", {}, "get_worker_dependencies", {}),
    ("start_local_worker", {"module": "m"}, "add_external_worker", {"module": "m"}),
    ("stop_local_worker", {"worker_id": "w"}, "remove_external_worker", {"worker_id": "w"}),
]


@pytest.mark.parametrize(("name", "params", "method", "arguments"), MEANT)
def test_documented_names_mean_published_ones(
    name: str, params: dict[str, Any], method: str, arguments: dict[str, Any]
) -> None:
    said = understand(Call(Dialect.PUBLISHED, name, params), Dialect.PUBLISHED)
    assert (said.method, dict(said.params)) == (method, arguments)
    assert (said.dialect, said.spoken) == (Dialect.DOCUMENTED, name)
    in_jsonrpc = understand(Call(Dialect.JSONRPC, name, params), Dialect.JSONRPC)
    assert (in_jsonrpc.method, dict(in_jsonrpc.params), in_jsonrpc.dialect) == (
        method,
        arguments,
        Dialect.JSONRPC,
    )


def test_every_other_name_is_tried() -> None:
    assert {name for name, *_ in MEANT} == documented._READINGS.keys()


def test_published_arguments_stay_published() -> None:
    """The published client is never told events in another form because of what it sends."""
    for call in (
        Call(Dialect.PUBLISHED, "update_node", {"nid": "a", "data": {}}),
        Call(Dialect.PUBLISHED, "add_node", {"id": "lab.add"}),
        Call(Dialect.PUBLISHED, "group_nodes", {"node_ids": [], "group_ids": []}),
        Call(Dialect.PUBLISHED, "uuid", {}),
    ):
        assert understand(call, Dialect.PUBLISHED) is call


def test_who_has_spoken_it_is_answered_in_it() -> None:
    said = understand(Call(Dialect.PUBLISHED, "uuid", {}), Dialect.DOCUMENTED)
    assert (said.dialect, said.method, said.spoken) == (Dialect.DOCUMENTED, "uuid", "uuid")
    call = Call(Dialect.JSONRPC, "uuid", {})
    assert understand(call, Dialect.DOCUMENTED) is call


def test_real_names_are_in_the_table() -> None:
    """What a documented name means is a command that exists, or is on its way from another page."""
    table = make_table()
    assert {method for _, _, method, _ in MEANT if method not in table} <= {
        "update_from_export",
        "export_worker",
        "group_nodes",
        "add_external_worker",
        "remove_external_worker",
    }


@pytest.mark.parametrize("name", ["properties", "frontend"])
@pytest.mark.parametrize("value", [5, "x", [1], True, []])
def test_an_argument_of_another_type_is_refused_by_its_name(name: str, value: object) -> None:
    params: dict[str, Any] = {"node_id": "lab.add", "frontend": {"pos": [1, 2]}, name: value}
    said = understand(Call(Dialect.PUBLISHED, "add_node", params), Dialect.PUBLISHED)
    assert (said.dialect, said.spoken) == (Dialect.DOCUMENTED, "add_node")
    assert isinstance(said.problem, InvalidParams)
    assert f"'add_node': {name!r} is an object" in str(said.problem)


def test_arguments_in_a_list_have_the_order_of_the_command_that_is_meant() -> None:
    given = ByPosition(enumerate(["a", "x", 1]))
    said = understand(Call(Dialect.JSONRPC, "update_node_input", given), Dialect.JSONRPC)
    method = make_table().get(said.method)
    assert method is not None
    assert msgspec.structs.asdict(method.read_params(said.params)) == {**VALUE, "set_default": False}
