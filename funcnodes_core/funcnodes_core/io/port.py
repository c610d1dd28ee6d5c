"""What inputs and outputs have in common: identity, type, options, events.

A port declared in a class body is the model from which each node's own port is copied; the copies share its
declaration. Slots keep a port small: a graph has four of them per node.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Self, cast

from funcnodes_core.eventmanager import EventEmitterMixin, Listener
from funcnodes_core.exceptions import NodeAlreadyDefinedError
from funcnodes_core.io.declaration import Declaration
from funcnodes_core.io.owner import LOOSE, Link, Owner, Seat
from funcnodes_core.io.types import SerializedType, options_of, serialized
from funcnodes_core.novalue import NoValue
from funcnodes_core.utils.data import merged
from funcnodes_core.utils.ids import new_id

__all__ = ["NodeIO"]


class NodeIO(EventEmitterMixin):
    """A port: one named value of a node."""

    __slots__ = (
        "__weakref__", "cell", "declaration", "error_listeners", "listeners", "model", "node", "noted",
        "stored",
    )  # fmt: skip
    default_allow_multiple: ClassVar[bool] = False

    def __init__(
        self,
        name: str | None = None,
        type: Any = "Any",  # noqa: A002 - the published name
        description: str | None = None,
        allow_multiple: bool | None = None,
        uuid: str | None = None,
        id: str | None = None,  # noqa: A002 - the published name
        render_options: Mapping[str, Any] | None = None,
        value_options: Mapping[str, Any] | None = None,
        is_input: bool | None = None,
        value: Any = None,
        emit_value_set: bool = True,
        on: Mapping[str, Listener | list[Listener]] | None = None,
        hidden: bool = False,
    ) -> None:
        """`is_input` and `value` are accepted and ignored, since saved options carry them."""
        own_id, kind = (uuid or id or f"_{new_id()}").strip(), serialized(type)
        said = self.declaration = Declaration(own_id, (name or own_id).strip(), kind)
        said.description, said.hidden = description, hidden
        said.allow_multiple, said.emit_value_set = allow_multiple, emit_value_set
        said.default_value_options = _layered(options_of(kind), value_options)
        said.default_render_options = dict(render_options) if render_options else None
        self.stored: Any = NoValue
        self.node: Owner | None = None
        self.cell: Seat = LOOSE
        self.model: NodeIO | None = None
        self.noted: Any = None
        """What the engine's sink keeps with the port; nobody else reads it."""
        self.listeners: dict[str, list[Listener]] | None = None
        self.error_listeners: list[Listener] | None = None
        self._register(on)

    def _register(self, on: Mapping[str, Listener | list[Listener]] | None) -> None:
        for event, callbacks in (on or {}).items():
            for callback in cast("list[Listener]", callbacks if isinstance(callbacks, list) else [callbacks]):
                self.on(event, callback)

    # --- copies of a class's port --------------------------------------------------------------
    def copy(self) -> Self:
        """Return a port like this one, without node, value and connections."""
        return self.copy_for(None, LOOSE)

    def copy_for(self, node: Owner | None, seat: Seat) -> Self:
        """Return a port like this one, without value and connections, that belongs to a node already."""
        cls = self.__class__
        new = cls.__new__(cls)
        said = self.declaration
        said.shared = True
        new.declaration = said
        new.stored, new.node, new.cell, new.model = NoValue, node, seat, self
        listeners = self.listeners
        new.listeners = None if listeners is None else {event: list(c) for event, c in listeners.items()}
        new.error_listeners = new.noted = None
        return new

    def own(self) -> Declaration:
        """Return the declaration to say something in: this port's alone."""
        said = self.declaration
        if said.shared:
            said = self.declaration = said.copy()
        return said

    @property
    def is_as_declared(self) -> bool:
        """Whether all that is said about the port is what its class says."""
        return self.model is not None and self.declaration is self.model.declaration

    def adjust(self, options: Mapping[str, Any]) -> None:
        """Lay `default_io_options` or `io_options` over what the class says; unknown words are ignored."""
        said = self.own()
        if (name := options.get("name")) is not None:
            said.name = str(name).strip()
        for key in ("description", "hidden"):
            if key in options:
                setattr(said, key, options[key])
        if "type" in options:
            said.type = serialized(options["type"])
            said.default_value_options = _layered(options_of(said.type), said.default_value_options)
        if "allow_multiple" in options:
            said.allow_multiple = options["allow_multiple"]
        if "emit_value_set" in options:
            said.emit_value_set = bool(options["emit_value_set"])
        if options.get("value_options"):
            said.default_value_options = _layered(said.default_value_options, options["value_options"])
        if options.get("render_options"):
            said.default_render_options = _layered(said.default_render_options, options["render_options"])
        self._register(options.get("on"))

    # --- identity ------------------------------------------------------------------------------
    @property
    def uuid(self) -> str:
        """The port's id, unique within its node."""
        return self.declaration.uuid

    @uuid.setter
    def uuid(self, value: str) -> None:
        self.own().uuid = value.strip()
        if self.node is not None:
            self.node.ports_changed()

    @property
    def id(self) -> str:
        """The same as `uuid`."""
        return self.declaration.uuid

    @property
    def name(self) -> str:
        """The display name."""
        return self.declaration.name

    @name.setter
    def name(self, value: str) -> None:
        if (name := value.strip()) != self.declaration.name:
            self.own().name = name

    def _get_type(self) -> SerializedType:
        return self.declaration.type

    def _set_type(self, value: SerializedType) -> None:
        self.own().type = value

    type = property(_get_type, _set_type, doc="The type of the value, as plain data.")

    @property
    def description(self) -> str | None:
        """What users may read about the port."""
        return self.declaration.description

    @description.setter
    def description(self, value: str | None) -> None:
        if value != self.declaration.description:
            self.own().description = value

    @property
    def hidden(self) -> bool:
        """Whether clients show the port only when asked to."""
        return self.declaration.hidden

    @hidden.setter
    def hidden(self, value: bool) -> None:
        if value != self.declaration.hidden:
            self.own().hidden = value

    def named_by_attribute(self, attribute: str) -> None:
        """Take the attribute's name where the declaration gave no id. Called when the class is made."""
        said = self.declaration
        if said.uuid.startswith("_"):
            said = self.own()
            if said.name == said.uuid:
                said.name = attribute
            said.uuid = attribute

    @property
    def full_id(self) -> str | None:
        """`<node>__<port>`, or None without a node."""
        return None if self.node is None else f"{self.node.uuid}__{self.uuid}"

    @property
    def allow_multiple(self) -> bool:
        """Whether several connections are allowed."""
        own = self.declaration.allow_multiple
        return self.default_allow_multiple if own is None else own

    @property
    def own_allow_multiple(self) -> bool | None:
        """What was said about several connections; None when nothing was."""
        return self.declaration.allow_multiple

    @property
    def emit_value_set(self) -> bool:
        """Whether a set value is told as an event."""
        return self.declaration.emit_value_set

    def attach(self, node: Owner) -> None:
        """Give the port to a node; once only."""
        if self.node is not None and self.node is not node:
            raise NodeAlreadyDefinedError(f"port {self.uuid!r} belongs to node {self.node.uuid!r} already")
        self.node = node
        self.cell = node.cell

    def detach(self) -> None:
        """Take the port from its node. Called when the node forgets it."""
        self.node = None
        self.cell = LOOSE

    def is_input(self) -> bool:
        """Whether this is an input."""
        raise NotImplementedError

    # --- options -------------------------------------------------------------------------------
    @property
    def value_options(self) -> dict[str, Any]:
        """What clients may offer for the value: the port's own over the defaults."""
        said = self.declaration
        if said.default_value_options is None and said.value_options is None:
            return {}
        return merged(said.default_value_options or {}, said.value_options or {})

    @value_options.setter
    def value_options(self, value: Mapping[str, Any]) -> None:
        self.own().value_options = dict(value)

    def update_value_options(self, **kwargs: Any) -> dict[str, Any]:
        """Lay options over the present ones, tell it, and return the result."""
        own = merged(self.declaration.value_options or {}, kwargs)
        for key, value in kwargs.items():
            # A choice is offered as a whole: merging two dictionaries of options would mix old with new.
            if key == "options":
                own[key] = value
        self.own().value_options = own
        result = self.value_options
        if self.cell.port_changed is not None:
            self.cell.port_changed(self)
        self.emit("after_update_value_options", {"result": result})
        return result

    @property
    def render_options(self) -> dict[str, Any]:
        """How clients show the port: its own over the defaults."""
        said = self.declaration
        if said.default_render_options is None and said.render_options is None:
            return {}
        return merged(said.default_render_options or {}, said.render_options or {})

    @render_options.setter
    def render_options(self, value: Mapping[str, Any]) -> None:
        self.own().render_options = dict(value)

    # --- events --------------------------------------------------------------------------------
    def emit(self, event_name: str, msg: dict[str, Any] | None = None, up: bool = True) -> bool:
        """Tell the port's listeners, then the node's, then (with `up`) the nodespace's."""
        heard = super().emit(event_name, msg) if self.listeners is not None else False
        if self.cell.heard and self.node is not None:
            self.node.tell_port_event(self, event_name, dict(msg) if msg else {}, up)
        return heard

    def status(self) -> dict[str, bool]:
        """Return what is known about the port in four words."""
        return {
            "has_value": self.value is not NoValue,
            "has_node": self.node is not None,
            "ready": self.ready(),
            "connected": self.is_connected(),
        }

    @property
    def value(self) -> Any:
        """The value as readers see it."""
        return self.stored

    @value.setter
    def value(self, value: Any) -> None:
        self.set_value(value)

    def set_value(self, value: Any, does_trigger: bool | None = None) -> None:
        """Store a value and tell those who depend on it."""
        raise NotImplementedError

    def __lt__(self, other: Any) -> bool:
        """`port < value` sets; returns True so that the statement reads as done."""
        self.set_value(other)
        return True

    def ready(self) -> bool:
        """Whether a run may read this port."""
        return self.node is not None

    def is_connected(self) -> bool:
        """Whether anything is connected."""
        raise NotImplementedError

    @property
    def links(self) -> tuple[NodeIO, ...]:
        """The ports at the other ends of connections."""
        raise NotImplementedError

    def disconnect(self, other: Any = None) -> Link | None:
        """Cut the connection to `other`, or all connections."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.full_id or self.uuid}>"


def _layered(below: Mapping[str, Any] | None, above: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if not above:
        return below
    return merged(below or {}, above)
