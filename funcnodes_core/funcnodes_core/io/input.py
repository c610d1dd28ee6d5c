"""Inputs: a value with a default behind it, and the trigger that follows when it is set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Self

from funcnodes_core.io import links, shapes
from funcnodes_core.io.datapath import DataPath
from funcnodes_core.io.owner import Link, Owner, Seat
from funcnodes_core.io.port import NodeIO
from funcnodes_core.novalue import NoValue

if TYPE_CHECKING:
    from funcnodes_core.io.output import NodeOutput

__all__ = ["DefaultFactory", "NodeInput"]


class DefaultFactory:
    """Marks a function that gives an input's default at each read."""

    __slots__ = ("func", "text")

    def __init__(self, func: Callable[[Any], Any], text: str | None = None) -> None:
        """`text` stands for a default that is no JSON wherever the port is told as plain data."""
        self.func, self.text = func, text

    def __call__(self, io: NodeInput) -> Any:
        """Return the default of this input."""
        return self.func(io)


class NodeInput(NodeIO):
    """A value that a node takes."""

    __slots__ = (
        "fallback",
        "forwarders",
        "forwards",
        "sources",
    )
    default_allow_multiple: ClassVar[bool] = False
    default_does_trigger: ClassVar[bool] = True
    default_required: ClassVar[bool] = True
    DefaultFactory = DefaultFactory

    def __init__(
        self,
        *args: Any,
        does_trigger: bool | None = None,
        required: bool | None = None,
        default: Any = NoValue,
        class_default: Any = NoValue,
        **kwargs: Any,
    ) -> None:
        """Take what every port takes (see `NodeIO`), and the default."""
        super().__init__(*args, **kwargs)
        said = self.declaration
        said.does_trigger = self.default_does_trigger if does_trigger is None else does_trigger
        said.required = self.default_required if required is None else required
        said.class_default = default if class_default is NoValue else class_default
        self.fallback: Any = default if default is not NoValue else said.class_default
        self.sources: tuple[NodeOutput, ...] = ()
        self.forwards: tuple[NodeInput, ...] = ()
        self.forwarders: tuple[NodeInput, ...] = ()
        self.tell_default()

    def copy_for(self, node: Owner | None, seat: Seat) -> Self:
        """Return an input like this one, without value and connections."""
        new: Any = NodeIO.copy_for(self, node, seat)  # without `super`, which costs as much as the copy
        new.fallback = self.fallback
        new.sources, new.forwards, new.forwarders = (), (), ()
        return new

    def adjust(self, options: Mapping[str, Any]) -> None:
        """Lay `default_io_options` or `io_options` over what the class says."""
        super().adjust(options)
        if "default" in options:
            self.own().class_default = self.fallback = options["default"]
        if options.get("does_trigger") is not None:
            self.own().does_trigger = bool(options["does_trigger"])
        if options.get("required") is not None:
            self.own().required = bool(options["required"])

    def is_input(self) -> bool:
        """Return True."""
        return True

    @property
    def does_trigger(self) -> bool:
        """Whether setting this input asks for a run."""
        return self.declaration.does_trigger

    @does_trigger.setter
    def does_trigger(self, value: bool) -> None:
        if value != self.declaration.does_trigger:
            self.own().does_trigger = value

    @property
    def required(self) -> bool:
        """Whether a run needs a value here."""
        return self.declaration.required

    @required.setter
    def required(self, value: bool) -> None:
        if value == self.declaration.required:
            return
        self.own().required = value
        if self.node is not None:
            self.node.ports_changed()

    @property
    def class_default(self) -> Any:
        """The default that the class gives."""
        return self.declaration.class_default

    @property
    def is_as_declared(self) -> bool:
        """Whether all that is said about the input is what its class says, the default too."""
        model = self.model
        return super().is_as_declared and isinstance(model, NodeInput) and self.fallback is model.fallback

    # --- value ---------------------------------------------------------------------------------
    @property
    def value(self) -> Any:
        """The value, or the default while nothing has arrived."""
        stored = self.stored
        return self.default if stored is NoValue else stored

    @value.setter
    def value(self, value: Any) -> None:
        self.set_value(value)

    @property
    def default(self) -> Any:
        """What readers see while nothing has arrived."""
        fallback = self.fallback
        return fallback(self) if type(fallback) is DefaultFactory else fallback

    @default.setter
    def default(self, value: Any) -> None:
        self.set_default(value)

    def set_default(self, default: Any) -> None:
        """Give the input another default; `NoValue` brings back what the class says."""
        is_the_class_s = default is NoValue or self._stands_for_the_class_default(default)
        self.fallback = self.class_default if is_the_class_s else default

    def _stands_for_the_class_default(self, said: Any) -> bool:
        """Tell whether plain data, a file above all, means by this text the object that the class gives."""
        own = self.class_default
        return type(own) is DefaultFactory and isinstance(said, str) and said == own.text

    @property
    def told_default(self) -> Any:
        """The default as it is told in plain data."""
        fallback = self.fallback
        text = fallback.text if type(fallback) is DefaultFactory else None
        return self.default if text is None else text

    @property
    def told_value(self) -> Any:
        """The value as it is told in plain data."""
        return self.told_default if self.stored is NoValue else self.stored

    def set_value(self, value: Any, does_trigger: bool | None = None, datapath: Any = None) -> None:
        """Store a value, tell it, and ask for a run; from another thread, all but the storing is posted."""
        cell = self.cell
        if cell.here():
            self.receive(value, does_trigger)
        else:
            self.stored = value
            cell.post(lambda: self.receive(self.stored, does_trigger))

    def receive(self, value: Any, does_trigger: bool | None = None) -> None:
        """Take a value in the graph's thread. Called by connected outputs."""
        self.stored = value
        cell, failed = self.cell, None
        if cell.port_changed is not None:
            cell.port_changed(self)
        if (cell.heard or self.listeners is not None) and self.declaration.emit_value_set:
            try:
                self._tell_value()
            except Exception as error:  # noqa: BLE001 - raised below; it leaves no value half set
                failed = error
        if self.declaration.does_trigger if does_trigger is None else does_trigger:
            cell.request(self)
        if self.forwards:
            failed = self._hand_on(value, does_trigger) or failed
        if failed is not None:
            raise failed

    def _hand_on(self, value: Any, does_trigger: bool | None) -> Exception | None:
        failed = None
        for target in self.forwards:
            try:
                target.receive(value, does_trigger)
            except Exception as error:  # noqa: BLE001 - raised by who asked; the others must not miss the value
                failed = failed or error
        return failed

    def tell_default(self) -> None:
        """Tell the handlers of the declaration what the input begins with. Called once a node has it, too."""
        if self.listeners is not None and self.fallback is not NoValue and self.declaration.emit_value_set:
            self._tell_value()

    def _tell_value(self) -> None:
        self.emit("after_set_value", {"result": self.value})

    @property
    def datapath(self) -> DataPath | None:
        """The way that the present value came, and a look at what it started; None without a node."""
        return None if self.node is None else DataPath(self)

    def ready(self) -> bool:
        """Whether a run may read this input."""
        return self.node is not None and (not self.required or self.value is not NoValue)

    def status(self) -> dict[str, bool]:
        """Return what is known about the input in five words."""
        return {**super().status(), "required": self.required}

    # --- connections ---------------------------------------------------------------------------
    @property
    def links(self) -> tuple[NodeIO, ...]:
        """The connected outputs."""
        return self.sources

    @property
    def connections(self) -> list[NodeIO]:
        """The connected outputs."""
        return list(self.sources)

    def is_connected(self) -> bool:
        """Whether an output is connected or another input forwards to this one."""
        return bool(self.sources or self.forwarders)

    def connect(self, other: NodeIO, replace: bool = False) -> Link | None:
        """Connect an output to this input, or forward this input to another."""
        if isinstance(other, NodeInput):
            return self.forward(other, replace)
        return links.connect(other, self, replace, caller=self)

    def disconnect(self, other: NodeIO | None = None) -> Link | None:
        """Cut the connection to one output, or all connections."""
        return links.disconnect(self, other)

    def forward(self, other: NodeInput, replace: bool = False) -> Link | None:
        """Let every value of this input arrive at `other` too."""
        return links.forward(self, other, replace)

    def unforward(self, other: NodeInput) -> Link | None:
        """Forward to `other` no more."""
        return links.unforward(self, other)

    def get_forward_connections(self) -> list[NodeInput]:
        """Return the inputs that this one forwards to."""
        return list(self.forwards)

    def has_forward_to(self, other: NodeInput) -> bool:
        """Return whether this input forwards to `other`."""
        return other in self.forwards

    def has_forwards_from(self, other: NodeInput) -> bool:
        """Return whether `other` forwards to this input."""
        return other in self.forwarders

    def __gt__(self, other: Any) -> Any:
        """`input > port` connects."""
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

    def deserialize(self, data: Mapping[str, Any]) -> None:
        """Take over what a saved port says; a saved default becomes the value too."""
        # Most say nothing, or a value only.
        if len(data) > ("value" in data):
            self._take_words(data)
        value = data.get("value", NoValue)
        if value is not NoValue and not self._stands_for_the_class_default(value):
            self.set_value(value, does_trigger=False)

    def _take_words(self, data: Mapping[str, Any]) -> None:
        shapes.take_over(self, data)
        if "does_trigger" in data:
            self.does_trigger = bool(data["does_trigger"])
        if "required" in data:
            self.required = bool(data["required"])
        if "default" in data:
            self.set_default(data["default"])
            self.set_value(NoValue, does_trigger=False)
