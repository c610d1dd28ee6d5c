"""What published modules import is there: the MUST and SHOULD names of the Python API."""

import importlib
import subprocess
import sys

import pytest

# Top-level names of `funcnodes_core`, which `funcnodes` hands on: section 1.2 of the contract.
TOP_LEVEL = """
    Shelf NodeDecorator Node JSONEncoder NoValue controlled_wrapper RenderOptions Encdata DataEnum
    NodeInput NodeOutput InputMeta OutputMeta ByteEncoder BytesEncdata JSONDecoder NodeIO
    signaturewrapper instance_nodefunction FUNCNODES_LOGGER flatten_shelf NodeTriggerError
    run_until_complete NodeSpace NodeConnectionError MultipleConnectionsError
    SameNodeConnectionError NodeInputSerialization NodeOutputSerialization NodeIOSerialization
    get_nodeclass FullNodeSpaceJSON NodeSpaceJSON FullLibJSON NodeJSON NodeClassMixin
    make_run_in_new_process make_run_in_new_thread Library find_shelf NodeClassNotFoundError
    get_logger set_log_format config add_type types flatten_shelves IONotFoundError setup
    AVAILABLE_MODULES get_deep_connected_nodeset EventEmitterMixin emit_after emit_before IOOptions
    NodeOutputOptions NodeInputOptions lib nodemaker logging plugins exceptions
""".split()  # noqa: SIM905

# Names that modules reach by a path of their own, or as attributes of a room: section 1.1.
BY_PATH = {
    "funcnodes_core": "io decorator utils testing",
    "funcnodes_core.node": """
        Node REGISTERED_NODES ALLOW_REGISTERED_NODES_OVERRIDE get_nodeclass register_node
        NodeTriggerError PlaceHolderNode
    """,
    "funcnodes_core.io": "NodeInput NodeOutput NoValue InputMeta OutputMeta NodeIO EnumOf",
    "funcnodes_core.nodemaker": "NodeDecorator NodeClassMixin instance_nodefunction NodeClassNode",
    "funcnodes_core.lib": """
        Shelf module_to_shelf check_shelf find_shelf flatten_shelf flatten_shelves
        serialize_shelf get_node_in_shelf
    """,
    "funcnodes_core.lib.libfinder": "find_shelf_from_module",
    "funcnodes_core.decorator": """
        update_other_io_options update_other_io_value_options update_other_io fn
    """,
    "funcnodes_core.utils": "serialization",
    "funcnodes_core.utils.serialization": "JSONEncoder JSONDecoder Encdata ByteEncoder BytesEncdata",
    "funcnodes_core.utils.functions": """
        make_sync_if_needed make_async_if_needed call_sync make_run_in_new_thread
        make_run_in_new_process ExecutorWrapper
    """,
    "funcnodes_core.utils.deprecations": "FuncNodesDeprecationWarning",
    "funcnodes_core.config": """
        get_config get_config_dir update_config write_config load_config check_config_dir reload
        update_render_options FUNCNODES_RENDER_OPTIONS ConfigType set_in_test get_in_test
    """,
    "funcnodes_core._logging": "FUNCNODES_LOGGER _update_logger _update_logger_handlers set_logging_dir",
    "funcnodes_core.testing": "setup teardown",
    "funcnodes_core.utils.plugins": """
        InstalledModule BasePlugin register_setup_plugin get_installed_modules PLUGIN_FUNCTIONS
    """,
    "funcnodes_core.utils.files": "write_json_secure",
    "funcnodes_core.utils.cache": """
        get_cache_dir get_cache_path get_cache_meta_path_for get_cache_meta_for set_cache_meta_for
        write_cache_text clear_cache
    """,
    "funcnodes_worker": """
        FuncNodesExternalWorker ExternalWorkerConfig CustomLoop Worker RemoteWorker WSWorker SocketWorker
        MsQueueWorker
    """,
    "funcnodes": "LazyImport WorkerManager assert_worker_manager_running",
}

# Modules whose paths are kept for what they hold.
PATHS = """
    eventmanager datapath triggerstack exceptions nodespace data utils.nodeutils utils.nodetqdm utils.wrapper
    utils.saving utils.data utils.files utils.cache
""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", TOP_LEVEL)
def test_core_exports_the_name(name: str) -> None:
    core = importlib.import_module("funcnodes_core")

    assert name in core.__all__
    assert getattr(core, name) is not None


@pytest.mark.parametrize("name", [*TOP_LEVEL, "FuncNodesExternalWorker", "ExternalWorkerConfig"])
def test_funcnodes_hands_the_name_on(name: str) -> None:
    """Half of the published modules say `import funcnodes as fn`."""
    package = importlib.import_module("funcnodes")

    assert name in package.__all__
    assert getattr(package, name) is not None


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in BY_PATH.items() for name in names.split()]
)
def test_a_room_holds_the_name(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


@pytest.mark.parametrize("path", PATHS)
def test_the_path_can_be_imported(path: str) -> None:
    assert importlib.import_module(f"funcnodes_core.{path}").__doc__


@pytest.mark.parametrize("package", ["funcnodes_core", "funcnodes_worker", "funcnodes", "funcnodes_basic"])
def test_exports_are_said_once_and_exist(package: str) -> None:
    module = importlib.import_module(package)

    assert sorted(set(module.__all__)) == sorted(module.__all__)
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


@pytest.mark.parametrize(
    "package", ["funcnodes_core", "funcnodes_worker", "funcnodes", "funcnodes_basic", "funcnodes_react_flow"]
)
def test_versions_meet_what_published_modules_ask_for(package: str) -> None:
    assert importlib.import_module(package).__version__ == "3.0.0"


def test_importing_writes_nothing_and_prints_nothing(tmp_path: object) -> None:
    """Neither a folder in the home nor a line on the terminal: importing is not starting."""
    program = (
        "import funcnodes_core, funcnodes_basic, funcnodes, os; print(sorted(os.listdir(os.environ['HOME'])))"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program],
        env={"HOME": str(tmp_path), "PATH": ""},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert (ended.stdout, ended.stderr) == ("[]\n", "")
