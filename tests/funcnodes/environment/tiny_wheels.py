"""Packages of a few bytes, made for a test: a folder of wheels that uv takes besides the registry."""

from __future__ import annotations

import base64
import hashlib
import zipfile
from collections.abc import Sequence
from pathlib import Path


def make_wheel(
    folder: Path, name: str, version: str, code: str, *, requires: Sequence[str] = (), has_nodes: bool = False
) -> None:
    """Write a wheel with one module of this code."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    needs = "".join(f"Requires-Dist: {entry}\n" for entry in requires)
    files = {
        f"{module}.py": code,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{needs}",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    if has_nodes:
        files[f"{info}/entry_points.txt"] = f"[funcnodes.module]\nmodule = {module}\n"
    rows = [f"{path},sha256={_hash(text)},{len(text)}\n" for path, text in files.items()]
    files[f"{info}/RECORD"] = "".join([*rows, f"{info}/RECORD,,\n"])
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(folder / f"{module}-{version}-py3-none-any.whl", "w") as archive:
        for path, text in files.items():
            # Of no time: made twice, it is the same file.
            archive.writestr(zipfile.ZipInfo(path), text)


def _hash(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


_TELLER = """
from funcnodes_core import NodeDecorator, Shelf
import fntest_library

@NodeDecorator("fntest.tell", name="Tell the version")
def tell(text: str) -> str:
    return text + fntest_library.VERSION

NODE_SHELF = Shelf(name="teller", description="", nodes=[tell], subshelves=[])
"""


def make_shelf_of_wheels(folder: Path) -> Path:
    """Write the packages the tests speak of."""
    make_wheel(folder, "fntest-library", "1.0", "VERSION = '1.0'")
    make_wheel(folder, "fntest-library", "2.0", "VERSION = '2.0'")
    make_wheel(
        folder, "fntest-module", "1.0", "import fntest_library", requires=["fntest-library"], has_nodes=True
    )
    make_wheel(
        folder,
        "fntest-module",
        "2.0",
        "import fntest_library",
        requires=["fntest-library>=2"],
        has_nodes=True,
    )
    make_wheel(folder, "fntest-old", "1.0", "", requires=["fntest-library<2"], has_nodes=True)
    make_wheel(folder, "fntest-broken", "1.0", "raise RuntimeError('no camera')", has_nodes=True)
    make_wheel(folder, "fntest-abort", "1.0", "import os; os.abort()", has_nodes=True)
    # Breaks when the library is not the one it was made for, and does not say so in its requirements.
    fussy = "import fntest_library\nassert fntest_library.VERSION == '1.0', fntest_library.VERSION"
    make_wheel(folder, "fntest-fussy", "1.0", fussy, requires=["fntest-library"], has_nodes=True)
    make_wheel(folder, "fntest-teller", "1.0", _TELLER, requires=["fntest-library"], has_nodes=True)
    return folder
