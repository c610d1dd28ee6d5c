"""Node classes bound to one object: each instance of a `NodeClassMixin` has its own class per node function.

The object's method stays a method; the node class calls it on that very object. Classes and their nodes are
held by the object and go with it.
"""

from __future__ import annotations

import functools
import inspect
import weakref
from abc import ABC
from collections.abc import Callable
from typing import Any, ClassVar, cast

from funcnodes_core.node.node import Node
from funcnodes_core.nodemaker.function import node_class_from_function

__all__ = ["BoundNodeFunction", "NodeClassMixin", "NodeClassNode", "instance_nodefunction"]


class NodeClassNode(Node, ABC):
    """The base of nodes that belong to an object."""

    default_trigger_on_create = False
    owner: ClassVar[weakref.ref[Any]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Make a node and let its object know it."""
        super().__init__(*args, **kwargs)
        bound = type(self).bound_function()
        if bound is not None:
            bound.add(self)

    @classmethod
    def bound_function(cls) -> BoundNodeFunction | None:
        """Return the object's method that this class belongs to, while the object lives."""
        return None


class BoundNodeFunction:
    """A node function on one object: callable, with its node class and the living nodes of it."""

    def __init__(self, owner: NodeClassMixin, declared: InstanceNodeFunction) -> None:
        self._owner = weakref.ref(owner)
        self._declared = declared
        self._nodes: weakref.WeakSet[Node] = weakref.WeakSet()
        self._class: type[Node] | None = None
        functools.update_wrapper(self, declared.function)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Call the method on its object."""
        result = self._declared.function(self._living_owner(), *args, **kwargs)
        if self._declared.trigger_on_call:
            return _after(result, self.trigger)
        return result

    def add(self, node: Node) -> None:
        """Know one more living node. Called by the node."""
        self._nodes.add(node)

    def nodes(self, _: Any = None) -> list[Node]:
        """Return the living nodes."""
        return list(self._nodes)

    def nodeclass(self, _: Any = None) -> type[Node]:
        """Return the object's node class of this method."""
        if self._class is None:
            self._class = self._make_class()
        return self._class

    def trigger(self) -> None:
        """Ask every living node for a run."""
        for node in self.nodes():
            node.request_trigger()

    def close(self) -> None:
        """Let go of the nodes and the class."""
        for node in self.nodes():
            space = node.nodespace
            if space is not None:
                space.remove_node_instance(node)
            else:
                node.cleanup()
        self._class = None

    def _living_owner(self) -> NodeClassMixin:
        owner = self._owner()
        if owner is None:
            raise ReferenceError(f"the object that {self._declared.name!r} belongs to is gone")
        return owner

    def _make_class(self) -> type[Node]:
        owner = self._living_owner()
        function, mine = self._declared.function, weakref.ref(self)
        me = self._owner
        options = {**self._declared.options}
        base = options.pop("superclass", NodeClassNode)
        shown = options.pop("name", None) or self._declared.name.replace("_", " ").title().replace(" ", "_")
        on_object = _on_object(function, me)
        found = node_class_from_function(
            on_object,
            f"{owner.NODECLASSID}.{owner.uuid}.{self._declared.name}",
            name=shown,
            superclass=base,
            **options,
        )
        found.bound_function = classmethod(lambda cls: mine())  # type: ignore[attr-defined]
        return found


def _on_object(function: Callable[..., Any], owner: weakref.ref[Any]) -> Callable[..., Any]:
    """Return the method as a function without `self`, with the same signature and docstring."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())[1:]

    @functools.wraps(function)
    async def awaiting(*args: Any, **kwargs: Any) -> Any:
        return await function(owner(), *args, **kwargs)

    @functools.wraps(function)
    def calling(*args: Any, **kwargs: Any) -> Any:
        return function(owner(), *args, **kwargs)

    on_object = awaiting if inspect.iscoroutinefunction(function) else calling
    cast("Any", on_object).__signature__ = signature.replace(parameters=parameters)
    for mark in ("ef_funcmeta", "_is_exposed_method"):
        on_object.__dict__.pop(mark, None)
    return on_object


def _after(result: Any, then: Callable[[], None]) -> Any:
    """Do `then` when the call is over: at once, or when what it returned has been awaited."""
    if not inspect.isawaitable(result):
        then()
        return result

    async def awaited() -> Any:
        value = await result
        then()
        return value

    return awaited()


class InstanceNodeFunction:
    """The declaration of a node function in a class body."""

    def __init__(
        self, function: Callable[..., Any], trigger_on_call: bool | None, options: dict[str, Any]
    ) -> None:
        self.function, self.trigger_on_call, self.options = function, trigger_on_call, options
        self.name = function.__name__
        self.__doc__ = function.__doc__
        self.__wrapped__ = function

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Return the node function of the instance; on the class, the declaration."""
        if instance is None:
            return self
        return instance.bound_node_function(self)

    def triggers(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Let every call of another method, once it is over, trigger the nodes of this one."""
        name = self.name

        @functools.wraps(function)
        def calling(self: Any, *args: Any, **kwargs: Any) -> Any:
            return _after(function(self, *args, **kwargs), getattr(self, name).trigger)

        if not inspect.iscoroutinefunction(function):
            return calling

        @functools.wraps(function)
        async def awaiting(self: Any, *args: Any, **kwargs: Any) -> Any:
            result = await function(self, *args, **kwargs)
            getattr(self, name).trigger()
            return result

        return awaiting


def instance_nodefunction(
    trigger_on_call: bool | None = None, **kwargs: Any
) -> Callable[[Callable[..., Any]], InstanceNodeFunction]:
    """Return a decorator that makes a method a node function of each instance."""

    def decorate(function: Callable[..., Any]) -> InstanceNodeFunction:
        return InstanceNodeFunction(function, trigger_on_call, kwargs)

    return decorate


class NodeClassMixin:
    """Something whose methods can be nodes."""

    NODECLASSID: ClassVar[str]
    IS_ABSTRACT: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Refuse a class without an id, unless it says that it is abstract."""
        super().__init_subclass__(**kwargs)
        abstract = vars(cls).get("IS_ABSTRACT", False) or _will_be_abstract(cls)
        if not abstract and not isinstance(getattr(cls, "NODECLASSID", None), str):
            raise ValueError(f"class {cls.__name__} needs a NODECLASSID")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    @property
    def uuid(self) -> str:
        """The id of this object; it can be set once."""
        uuid = self.__dict__.get("_uuid")
        if uuid is None:
            raise ValueError(f"this {type(self).__name__} has no uuid yet")
        return uuid

    @uuid.setter
    def uuid(self, value: str) -> None:
        if self.__dict__.get("_uuid") is not None:
            raise ValueError("the uuid can be set once")
        self.__dict__["_uuid"] = value

    @property
    def name(self) -> str:
        """The name that users see."""
        return self.__dict__.get("_name") or f"{type(self).__name__}({self.uuid})"

    @name.setter
    def name(self, value: str) -> None:
        self.__dict__["_name"] = value

    def bound_node_function(self, declared: InstanceNodeFunction) -> BoundNodeFunction:
        """Return this object's side of a declared node function. Called when the attribute is read."""
        bound: dict[str, BoundNodeFunction] = self.__dict__.setdefault("_node_functions", {})
        if declared.name not in bound:
            bound[declared.name] = BoundNodeFunction(self, declared)
        return bound[declared.name]

    def node_functions(self) -> dict[str, BoundNodeFunction]:
        """Return all node functions by name, inherited ones included."""
        names: dict[str, None] = {}
        for base in reversed(type(self).__mro__):
            names.update(
                {key: None for key, value in vars(base).items() if isinstance(value, InstanceNodeFunction)}
            )
        return {
            name: getattr(self, name) for name in names if isinstance(getattr(self, name), BoundNodeFunction)
        }

    def get_nodeclass(self, name: str) -> type[Node]:
        """Return the node class of a method; KeyError when there is none."""
        return self.node_functions()[name].nodeclass()

    def get_all_nodeclasses(self) -> list[type[Node]]:
        """Return the node classes of this object."""
        return [function.nodeclass() for function in self.node_functions().values()]

    def create_nodes(self) -> None:
        """Make all node classes of this object."""
        self.get_all_nodeclasses()

    def get_nodes(self, name: str) -> list[Node]:
        """Return the living nodes of a method."""
        return self.node_functions()[name].nodes()

    def get_all_nodes(self) -> list[Node]:
        """Return all living nodes of this object."""
        return [node for function in self.node_functions().values() for node in function.nodes()]

    def cleanup(self) -> None:
        """Let go of all nodes and node classes."""
        for function in self.__dict__.get("_node_functions", {}).values():
            function.close()
        after = getattr(super(), "cleanup", None)
        if after is not None:
            after()


def _will_be_abstract(cls: type) -> bool:
    """Return whether the class has methods left to define; asked before ABCMeta has counted them."""
    return any(getattr(getattr(cls, name, None), "__isabstractmethod__", False) for name in dir(cls))
