"""What the verbs about packages ask of the manager, and how plans and changes are shown.

Owns the words. What a plan is, and whether it can be, is `environment`'s.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

from funcnodes.cli import output
from funcnodes.cli.choose import Status
from funcnodes.cli.problems import FAILED, WRONGLY_ASKED, Problem
from funcnodes.cli.reach import Reached
from funcnodes.cli.session import Asked
from funcnodes.cli.worker_actions import find, say_done, title, with_manager

Change: TypeAlias = dict[str, Any]
"""What is to change, as the manager's `plan` and `apply` take it."""
Answer: TypeAlias = dict[str, Any]

_WANTED = re.compile(r"\s*([A-Za-z0-9][A-Za-z0-9._-]*?)\s*((?:[=<>!~]=?=?).*)?")
_ALL = "all"


def change_of(
    install: Sequence[str] | None, remove: Sequence[str] | None, upgrade: Sequence[str] | None
) -> Change:
    """Return the change that the options mean; raise `Problem` when there is none."""
    if not (install or remove or upgrade):
        raise Problem("say what is to change: --install, --remove or --upgrade", WRONGLY_ASKED)
    change: Change = {}
    if install:
        change["install"] = [_wanted(text) for text in install]
    if remove:
        change["remove"] = list(remove)
    if upgrade:
        change["upgrade"] = True if _ALL in upgrade else list(upgrade)
    return change


def _wanted(text: str) -> dict[str, str]:
    if text.startswith((".", "~", os.sep)) or Path(text).is_absolute():
        # A module in development. The manager may stand in another folder.
        return {"package": str(Path(text).expanduser().absolute().resolve())}
    found = _WANTED.fullmatch(text)
    if found is None:
        # The manager says what is wrong with such a name.
        return {"package": text}
    name, version = found[1], (found[2] or "").strip()
    return {"package": name, "version": version} if version else {"package": name}


def change_package(asked: Asked, method: str, package: str, version: str | None) -> None:
    """Install or remove one package."""
    found = _wanted(package) if method == "install" and version is None else {"package": package}
    if version is not None:
        found["version"] = version

    async def ask(reached: Reached) -> tuple[Status, Answer]:
        worker = await find(asked, reached)
        return worker, await reached.manager.call(method, workerid=worker["uuid"], **found)

    worker, done = with_manager(asked, ask)
    say_done(
        worker,
        _outcome(output.escape(package), done) if method == "remove" else f"has {output.escape(package)} now",
    )


def _outcome(package: str, done: Answer) -> str:
    """Return what became of a package that was to be removed."""
    if done["left_out"]:
        return f"has the nodes of {package} no more; its files stay, since FuncNodes itself needs them"
    for one in done["stays"]:
        needed_by = output.escape(", ".join(one["needed_by"]))
        return f"does not ask for {package} any more, but it stays: {needed_by} needs it"
    return f"has no {package} any more"


def show_plan(asked: Asked, change: Change, *, as_json: bool) -> None:
    """Print what a change would bring; exit with 1 when it cannot be."""
    worker, plan = with_manager(asked, lambda reached: _planned(asked, reached, change))
    if as_json:
        output.json(plan)
    else:
        if output.is_terminal():
            output.markup(f"[bold]{title(worker)}[/bold]")
        _show_plan(plan)
    if plan["conflicts"]:
        raise Problem(_conflicts(plan), FAILED)


async def _planned(asked: Asked, reached: Reached, change: Change) -> tuple[Status, Answer]:
    worker = await find(asked, reached)
    return worker, await reached.manager.call("plan", workerid=worker["uuid"], **change)


def apply(asked: Asked, change: Change, *, yes: bool, as_json: bool) -> None:
    """Show the plan and ask, unless told not to; then do all of it or nothing."""

    async def act(reached: Reached) -> tuple[Status, Answer]:
        worker = await find(asked, reached)
        if not yes:
            plan = await reached.manager.call("plan", workerid=worker["uuid"], **change)
            await asyncio.to_thread(_confirm, worker, plan)
        return worker, await reached.manager.call("apply", workerid=worker["uuid"], **change)

    _show_done(*with_manager(asked, act, pause=not yes), as_json=as_json)


def _confirm(worker: Status, plan: Answer) -> None:
    if plan["conflicts"]:
        raise Problem(_conflicts(plan), FAILED)
    if not sys.stdin.isatty():
        raise Problem("nobody can be asked here; say --yes, or see `worker plan` first", WRONGLY_ASKED)
    output.markup(f"[bold]{title(worker)}[/bold]")
    _show_plan(plan)
    if input("Do it? [y/N] ").strip().lower() not in ("y", "yes"):
        raise Problem("nothing was changed")


def upgrade(asked: Asked, packages: Sequence[str], *, as_json: bool) -> None:
    """Bring packages to their newest releases."""

    async def act(reached: Reached) -> tuple[Status, Answer]:
        worker = await find(asked, reached)
        which = {"packages": list(packages)} if packages else {}
        return worker, await reached.manager.call("upgrade", workerid=worker["uuid"], **which)

    _show_done(*with_manager(asked, act), as_json=as_json)


def repair(asked: Asked, versions: str | None = None, *, as_json: bool) -> None:
    """Build an environment once more and tell what was damaged."""
    wish = {} if versions is None else {"versions": versions}

    async def act(reached: Reached) -> tuple[Status, dict[str, list[str]]]:
        worker = await find(asked, reached)
        return worker, (await reached.manager.call("repair", workerid=worker["uuid"], **wish))["damaged"]

    worker, damaged = with_manager(asked, act)
    if as_json:
        output.json({"damaged": damaged})
        return
    for package, files in damaged.items():
        output.line(f"{package}: {len(files)} damaged, among them {files[0]}" if files else package)
    if versions == "none":
        say_done(worker, "has no environment of its own any more; it uses the manager's")
        return
    say_done(worker, "has its environment built anew" + ("" if damaged else "; nothing was damaged"))


def show_pythons(asked: Asked, *, as_json: bool) -> None:
    """Print the Pythons of this machine."""

    async def ask(reached: Reached) -> list[dict[str, str]]:
        return (await reached.manager.call("pythons"))["pythons"]

    found = with_manager(asked, ask)
    if as_json:
        output.json(found)
    elif output.is_terminal():
        rows = [(one["minor"], one["version"], output.escape(one["path"])) for one in found]
        output.table(("Python", "Release", "Where"), rows)
    else:
        for one in found:
            output.line(f"{one['minor']}\t{one['version']}\t{one['path']}")


def show_modules(asked: Asked, *, as_json: bool) -> None:
    """Print the modules of one worker."""

    async def ask(reached: Reached) -> Answer:
        worker = await find(asked, reached)
        return await reached.manager.call("catalog", workerid=worker["uuid"])

    answer = with_manager(asked, ask)
    active = {str(name) for name in answer["active"]}
    found = [{**one, "active": str(one["name"]) in active} for one in answer["installed"]]
    if as_json:
        output.json(found)
    elif not output.is_terminal():
        for one in found:
            word = "active" if one["active"] else "installed"
            output.line(f"{one['name']}\t{one.get('version') or ''}\t{word}")
    elif found:
        rows = [
            (output.escape(m["name"]), output.escape(m.get("version") or ""), "yes" if m["active"] else "")
            for m in found
        ]
        output.table(("Module", "Version", "Asked for"), rows)
    else:
        output.line("No module is installed. Add one: funcnodes worker install demo funcnodes-numpy")


def _show_done(worker: Status, done: Answer, *, as_json: bool) -> None:
    if as_json:
        output.json(done)
        return
    _show_plan(done)
    if not output.is_terminal():
        return
    if done["stays"] or done["left_out"]:
        return  # The summary says what became of it.
    say_done(worker, "has its environment changed" if _rows(done) else "has all of that already")


def _show_plan(plan: Answer) -> None:
    if not output.is_terminal():
        _print_plan(plan)
        return
    rows = _rows(plan)
    if rows:
        output.table(("", "Package", "Version", "Size"), rows)
    output.line(plan["summary"])
    if rows and "live" in plan:
        when = "at once, without a restart" if plan["live"] else "with a restart of the worker"
        output.line(f"It takes effect {when}.{_load(plan['download'])}")


def _load(download: int | None) -> str:
    if download is None:
        return " How much is fetched is not known."
    return f" {output.size(download)} are fetched." if download else ""


def _print_plan(plan: Answer) -> None:
    """Write a line for each package: what becomes of it, name, version, bytes to fetch where known."""
    for kind in ("added", "changed", "removed"):
        for one in plan[kind]:
            version = one.get("version") or f"{one['before']} → {one['after']}"
            output.row(kind, one["name"], version, one.get("size"))
    for one in plan["stays"]:
        output.row("stays", one["name"], f"needed by {', '.join(one['needed_by'])}")
    for name in plan["left_out"]:
        output.row("left out", name)


def _rows(plan: Answer) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for kind, mark in (
        ("added", "[green]+[/green]"),
        ("changed", "[yellow]~[/yellow]"),
        ("removed", "[red]-[/red]"),
    ):
        for one in plan[kind]:
            version = one.get("version") or f"{one['before']} → {one['after']}"
            size = output.size(one["size"]) if one.get("size") else ""
            rows.append((mark, output.escape(one["name"]), output.escape(version), size))
    return rows


def _conflicts(plan: Answer) -> str:
    return "this cannot be: " + "; ".join(str(sentence).rstrip(".") for sentence in plan["conflicts"])
