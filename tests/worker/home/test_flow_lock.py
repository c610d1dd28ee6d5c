"""The lock of a flow as it travels: all that says what was installed, nothing that says where."""

from __future__ import annotations

import tomllib

import pytest
from funcnodes_worker.home.flow_lock import (
    FlowLock,
    LockDamaged,
    LockedPackage,
    lock_of,
    read_flow_lock,
    write_flow_lock,
)
from packaging.pylock import Pylock

A, B = "a" * 64, "b" * 64
UV_LOCK = f"""
version = 1
revision = 5
requires-python = "==3.11.*"
supported-markers = ["platform_machine == 'x86_64' and sys_platform == 'linux'"]

[[package]]
name = "funcnodes"
version = "3.0.0"
source = {{ path = "/srv/ann/.funcnodes/cache/build/1/funcnodes-3.0.0-py3-none-any.whl" }}

[[package]]
name = "click"
version = "8.1.7+x"
source = {{ registry = "https://ann:secret@packages.example.org/simple" }}
sdist = {{ url = "https://packages.example.org/click-8.1.7%2Bx.tar.gz", hash = "sha256:{A}", size = 5 }}
wheels = [
    {{ url = "https://packages.example.org/click-8.1.7%2Bx-py3-none-any.whl", hash = "sha256:{B}" }},
]

[[package]]
name = "found-here"
version = "1.0"
source = {{ registry = "/srv/ann/wheels" }}
wheels = [{{ path = "/srv/ann/wheels/found_here-1.0-py3-none-any.whl" }}]

[[package]]
name = "in-the-making"
version = "0.1"
source = {{ editable = "/srv/ann/in-the-making" }}

[[package]]
name = "funcnodes-worker-environment"
version = "0"
source = {{ virtual = "." }}
"""
LOCK = FlowLock(
    python="3.11",
    environments=("platform_machine == 'x86_64' and sys_platform == 'linux'",),
    packages=(
        LockedPackage("click", "8.1.7+x", {"click-8.1.7+x-py3-none-any.whl": B, "click-8.1.7+x.tar.gz": A}),
        LockedPackage("found-here", "1.0", {}),
    ),
    linked={"in-the-making": "0.1"},
    release="3.0.0",
)


def test_versions_hashes_python_and_platform_travel_and_no_place_does() -> None:
    """In the form that other programs read, too."""
    text = write_flow_lock(LOCK)
    assert lock_of(UV_LOCK) == LOCK == read_flow_lock(text)
    assert [word for word in ("/", "example", "ann", "secret") if word in text] == []
    standard = Pylock.from_dict(tomllib.loads(text))
    assert [(str(package.name), str(package.version)) for package in standard.packages] == [
        ("click", "8.1.7+x")
    ]
    assert str(standard.requires_python) == "==3.11.*"


def test_a_lock_of_another_program_is_read() -> None:
    """Its places are passed over; what is no release of an index counts as linked."""
    text = f"""
lock-version = "1.0"
requires-python = ">=3.11"
created-by = "uv"
[[packages]]
name = "Click"
version = "8.1.7"
index = "https://packages.example.org/simple"
wheels = [{{ url = "https://example.org/a/click-8.1.7-py3-none-any.whl", hashes = {{ sha256 = "{A}" }} }}]
[[packages]]
name = "mine"
directory = {{ path = "/srv/mine" }}
[[packages]]
name = "funcnodes-core"
version = "0.1"
"""
    assert read_flow_lock(text) == FlowLock(
        python=None,
        packages=(LockedPackage("click", "8.1.7", {"click-8.1.7-py3-none-any.whl": A}),),
        linked={"mine": ""},
    )


def package(name: str = "click", version: str = "1.0", rest: str = "") -> str:
    return f'lock-version = "1.0"\n[[packages]]\nname = {name!r}\nversion = {version!r}\n{rest}'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("not toml [", "is no TOML"),
        ("", "'lock-version'"),
        ('lock-version = "2.0"', "version '2.0', which is not known"),
        ('lock-version = "1.0"\npackages = 3', "packages is no list of tables"),
        ('lock-version = "1.0"\npackages = [3]', "packages is no list of tables"),
        (package("../evil"), "'../evil' is no name of a package"),
        (package("--index-url"), "is no name of a package"),
        (package(version="1.0 @ https://example.org/x"), "is no version of click"),
        (package() + package().partition("\n")[2], "names click twice"),
        (package(rest="wheels = [{path = 'x.whl', hashes = {sha256 = 'ff'}}]"), "or its hash is none"),
        (package(rest="wheels = [{path = 'x.whl'}]"), "is not of its form"),
        ("\x00", "is no TOML"),
        ("a = " + "[" * 100_000, "is no TOML"),
    ],
)
def test_a_damaged_lock_is_told_with_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(LockDamaged) as damaged:
        read_flow_lock(text)
    assert said in str(damaged.value)


@pytest.mark.parametrize("text", ["", "x = [", "package = 3", '[[package]]\nname = "a b"\n'])
def test_what_is_no_lock_of_uv_gives_none(text: str) -> None:
    """The export then goes out without, or with none in it."""
    assert lock_of(text) in (None, FlowLock(python=None))
