"""What the options before the command say, and the base folder that follows from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import typer
    from funcnodes_worker.home.base import Base, Config


@dataclass
class Asked:
    """The global options, and those given between a noun and its verb."""

    directory: str | None = None
    debug: bool = False
    uuid: str | None = None
    name: str | None = None
    which: str | None = None
    """A worker named after the verb: uuid, name, or the beginning of a uuid."""

    def base(self) -> Base:
        """Return the base folder, ready to be written to."""
        from funcnodes_worker.home.base import prepare_base, resolve_base

        base = resolve_base(self.directory)
        prepare_base(base)
        return base

    def config(self, base: Base) -> Config:
        """Return the settings of the base folder; says when only their copy could be read."""
        from funcnodes_worker.home.base import read_config

        from funcnodes.cli.output import warn

        config = read_config(base)
        if config.notice:
            warn(config.notice)
        return config


def author_of(base: Base) -> str:
    """Return whose edits those of the command line are: always the same, so that its undo finds them."""
    from hashlib import sha256

    return f"cli-{sha256(str(base.folder.resolve()).encode()).hexdigest()[:16]}"


def asked(context: typer.Context) -> Asked:
    """Return what was asked for before this command; nouns share one object."""
    found = context.find_object(Asked)
    assert found is not None
    return found
