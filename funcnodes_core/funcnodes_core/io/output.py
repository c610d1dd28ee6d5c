"""Outputs: a value that goes on to every connected input at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from funcnodes_core.io import links, shapes
from funcnodes_core.io.owner import Link, Owner, Seat
from funcnodes_core.io.port import NodeIO
from funcnodes_core.novalue import NoValue

if TYPE_CHECKING:
    from funcnodes_core.io.input import NodeInput

__all__ = ["NodeOutput"]


class NodeOutput(NodeIO):
    """A value that a node gives."""

    __slots__ = ("targets",)
    default_allow_multiple: ClassVar[bool] = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what every port takes; see `NodeIO`."""
        super().__init__(*args, **kwargs)
        # A tuple that is replaced: a listener may change connections while a value goes along them.
        self.targets: tuple[NodeInput, ...] = ()

    def copy_for(self, node: Owner | None, seat: Seat) -> Self:
        """Return an output like this one, without value and connections."""
        new: Any = NodeIO.copy_for(self, node, seat)  # without `super`, which costs as much as the copy
        new.targets = ()
        return new

    def is_input(self) -> bool:
        """Return False."""
        return False

    @property
    def does_trigger(self) -> bool:
        """Outputs always hand the trigger on."""
        return True

    # --- value ---------------------------------------------------------------------------------
    def set_value(self, value: Any, does_trigger: bool | None = None) -> None:
        """Store a value and push it to every connected input; from another thread, the pushing is posted."""
        cell = self.cell
        if not cell.here():
            self.stored = value
            cell.post(lambda: self._speak(self.stored, does_trigger))
        elif cell.lasting:
            self._speak(value, does_trigger)
        else:
            self.push(value, does_trigger)

    def _speak(self, value: Any, does_trigger: bool | None) -> None:
        cell = self.cell
        cell.speak(self)
        try:
            self.push(value, does_trigger)
        finally:
            cell.hush()

    def push(self, value: Any, does_trigger: bool | None = None) -> None:
        """Store a value and push it on, in the graph's thread. Called by the runner for results."""
        self.stored = value
        cell, failed = self.cell, None
        if cell.port_changed is not None:
            cell.port_changed(self)
        if (cell.heard or self.listeners is not None) and self.declaration.emit_value_set:
            try:
                self.emit("after_set_value", {"result": value})
            except Exception as error:  # noqa: BLE001 - raised below; it keeps the value from nobody
                failed = error
        wish = False if does_trigger is False else None
        for target in self.targets:
            try:
                target.receive(value, wish)
            except Exception as error:  # noqa: BLE001 - raised below; the others must not miss the value
                failed = failed or error
        if failed is not None:
            raise failed

    # --- connections ---------------------------------------------------------------------------
    @property
    def links(self) -> tuple[NodeIO, ...]:
        """The connected inputs."""
        return self.targets

    @property
    def connections(self) -> list[NodeIO]:
        """The connected inputs."""
        return list(self.targets)

    def is_connected(self) -> bool:
        """Whether an input is connected."""
        return bool(self.targets)

    def connect(self, other: NodeIO, replace: bool = False) -> Link | None:
        """Connect an input to this output."""
        return links.connect(self, other, replace, caller=self)

    def disconnect(self, other: NodeIO | None = None) -> Link | None:
        """Cut the connection to one input, or all connections."""
        return links.disconnect(self, other)

    def __gt__(self, other: Any) -> Any:
        """`output > input` connects."""
        return self.connect(other)

    c = connect
    d = disconnect

    # --- plain data ----------------------------------------------------------------------------
    def serialize_class(self) -> dict[str, Any]:
        """Return the port as part of a node class."""
        return shapes.of_class(self)

    def serialize(self, drop: bool = True) -> dict[str, Any]:
        """Return the port as part of a node, leaving out what goes without saying."""
        return shapes.compact(self, drop)

    def to_dict(self) -> dict[str, Any]:
        """Return the port's own name, options and value, as published modules ask for them."""
        return shapes.own(self)

    def full_serialize(self, with_value: bool = False) -> dict[str, Any]:
        """Return everything about the port."""
        return shapes.full(self, with_value)

    @property
    def told_value(self) -> Any:
        """The value as it is told in plain data."""
        return self.value

    def deserialize(self, data: Mapping[str, Any]) -> None:
        """Take over what a saved port says."""
        if len(data) > ("value" in data):
            shapes.take_over(self, data)
        if "value" in data and data["value"] is not NoValue:
            self.set_value(data["value"], does_trigger=False)
