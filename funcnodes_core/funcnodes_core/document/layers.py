"""A large mapping whose next version costs what changed, not what there is: a base and a thin layer above it.

A graph of ten thousand nodes would be copied whole for every edit (a quarter of a millisecond, and as much
memory for each of the versions that are told, followed and saved behind it). Versions share their base
instead; when the layer has grown to about the root of the base, the two become a new base. Small mappings
are plain dictionaries and stay so.

Owns that form and the order: what is changed keeps its place, what is new comes last. Whoever goes through
all of it goes through a plain dictionary, made once per version.
"""

from __future__ import annotations

from collections.abc import ItemsView, Iterator, KeysView, Mapping, ValuesView
from math import isqrt
from typing import Any, TypeVar, overload

from funcnodes_core.document.growing import Grown

SMALL = 64
"""Up to so many entries a dictionary is copied as quickly as a layer."""
_THINNEST = 32

K = TypeVar("K")
V = TypeVar("V")
T = TypeVar("T")


class Layered(Mapping[K, V]):
    """A version of a mapping. Written only by who opened it (`open_copy`), until it is handed on."""

    __slots__ = ("_base", "_count", "_gone", "_layer", "_whole")
    __hash__ = None  # pyright: ignore[reportAssignmentType] - as for every mapping that is compared by content

    def __init__(self, base: dict[K, V], layer: dict[K, V], gone: frozenset[K], count: int) -> None:
        """Use `open_copy`."""
        self._base, self._layer, self._count = base, layer, count
        self._gone: frozenset[K] = gone
        self._whole: dict[K, V] | None = None

    # Reading

    def __getitem__(self, key: K) -> V:
        layer = self._layer
        if key in layer:
            return layer[key]
        if self._gone and key in self._gone:
            raise KeyError(key)
        return self._base[key]

    @overload
    def get(self, key: K, default: None = None, /) -> V | None: ...
    @overload
    def get(self, key: K, default: V | T, /) -> V | T: ...
    def get(self, key: K, default: Any = None, /) -> Any:
        """Return what stands under a key, or the default."""
        layer = self._layer
        if key in layer:
            return layer[key]
        if self._gone and key in self._gone:
            return default
        return self._base.get(key, default)

    def __contains__(self, key: object) -> bool:
        return key in self._layer or (key in self._base and key not in self._gone)

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[K]:
        return iter(self.whole())

    def keys(self) -> KeysView[K]:
        """Return the keys, in order."""
        return self.whole().keys()

    def values(self) -> ValuesView[V]:
        """Return what stands under the keys, in order."""
        return self.whole().values()

    def items(self) -> ItemsView[K, V]:
        """Return keys and what stands under them, in order."""
        return self.whole().items()

    def __eq__(self, other: object) -> bool:
        return self.whole() == (other.whole() if isinstance(other, Layered) else other)

    def __repr__(self) -> str:
        return repr(self.whole())

    def whole(self) -> dict[K, V]:
        """Return this version as a plain dictionary that is not to be changed."""
        whole = self._whole
        if whole is None:
            whole = {**self._base, **self._layer}
            for key in self._gone:
                del whole[key]
            self._whole = whole
        return whole

    # Writing, before it is handed on

    def __setitem__(self, key: K, value: V) -> None:
        if key not in self:
            self._count += 1
            if key in self._gone:
                # It comes back at the end, and the base knows it at its old place.
                self._base, self._layer, self._gone = self.whole(), {}, frozenset()
        self._whole = None
        self._layer[key] = value

    def drop(self, key: K) -> None:
        """Take a key out; it need not be there."""
        if key not in self:
            return
        self._count -= 1
        self._whole = None
        self._layer.pop(key, None)
        if key in self._base:
            self._gone = self._gone.union((key,))

    def opened(self) -> Layered[K, V]:
        """Return a version of its own that may be written."""
        if self._whole is not None:
            return Layered(self._whole, {}, frozenset(), self._count)
        if len(self._layer) + len(self._gone) > max(_THINNEST, isqrt(len(self._base))):
            return Layered(self.whole(), {}, frozenset(), self._count)
        return Layered(self._base, dict(self._layer), self._gone, self._count)


def open_copy(mapping: Mapping[K, V]) -> dict[K, V] | Layered[K, V]:
    """Return a copy to be written: by layers when it is large."""
    if len(mapping) <= SMALL:
        return dict(mapping)
    if isinstance(mapping, Layered):
        # pyright loses the parameters of a narrowed generic; they are those of the mapping.
        layered: Layered[K, V] = mapping
        return layered.opened()
    return Layered(mapping if isinstance(mapping, dict) else dict(mapping), {}, frozenset(), len(mapping))


def with_entry(mapping: Mapping[K, V], key: K, value: V) -> Mapping[K, V]:
    """Return the mapping with one entry changed, or one more."""
    copy = open_copy(mapping)
    copy[key] = value
    return copy


def plain(mapping: Mapping[K, V]) -> Mapping[K, V]:
    """Return the mapping as a dictionary, which is what encoders know."""
    return mapping.whole() if isinstance(mapping, Layered) else mapping


def as_written(value: Any) -> Any:
    """Return a mapping by layers, or a sequence that grew, as a plain one: the `enc_hook` for documents."""
    if isinstance(value, Layered | Grown):
        return value.whole()  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    raise TypeError(f"Encoding objects of type {type(value).__name__} is unsupported")
