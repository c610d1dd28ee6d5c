"""What our own records cost each start of a worker or manager, as far as it can be counted."""

import subprocess
import sys

PUBLISHED = {"BytesEncdata", "Encdata", "InstalledModule", "Shelf"}
"""What modules see of `funcnodes_core` stays what it was."""
OTHERS = {
    "Plan",  # `funcnodes_core` alone is imported without msgspec, which costs more than all of these.
    "Asked",  # So is the command line.
}
_LISTED = """
import sys, funcnodes_worker.process.main, funcnodes.cli.app, funcnodes.server.manager.service
ours = [module for name, module in sys.modules.items() if name.startswith("funcnodes")]
named = {id(one): one for module in ours for one in vars(module).values() if isinstance(one, type)}
print(*(one.__name__ for one in named.values() if "__dataclass_fields__" in vars(one)))
"""


def test_records_on_the_way_to_ready_are_no_dataclasses() -> None:
    """A dataclass writes and compiles its methods: half a millisecond each, ten times a Struct."""
    found = subprocess.run([sys.executable, "-c", _LISTED], check=True, capture_output=True, text=True)

    assert set(found.stdout.split()) <= PUBLISHED | OTHERS
