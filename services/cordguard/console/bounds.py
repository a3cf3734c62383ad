"""How much is kept: names come off the bus, and made-up ones must not fill the memory. Who came first stays."""

from __future__ import annotations

from collections.abc import Collection, Hashable
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["rooms", "services", "watchdogs", "devices", "traces"]

MOST: Final[dict[Kind, int]] = {"rooms": 100, "services": 64, "watchdogs": 8, "devices": 64, "traces": 128}
"""Of a site: rooms, instances of services, watchdogs that report failures. Of a room: devices, traces."""

INSTANCES_MAX: Final = 8
"""Of one service, so that none crowds out the others."""

MARKED_MAX: Final = 4_096
"""Alarms that are known to be marked: far more than can be present at once."""


@dataclass(slots=True)
class LeftOut:
    """Kinds of which there was more than is kept."""

    kinds: set[Kind] = field(default_factory=set)

    def admits(self, kind: Kind, known: Collection[Hashable], name: Hashable, most: int | None = None) -> bool:
        """Whether ``name`` is among those known, or finds a place beside them; if not, this is remembered."""
        admitted = name in known or len(known) < (MOST[kind] if most is None else most)
        if not admitted:
            self.kinds.add(kind)
        return admitted

    def sentences(self) -> list[str]:
        """What the page says of it."""
        return [f"Too many {kind}: some are not shown." for kind in sorted(self.kinds)]


@dataclass(slots=True)
class Marked:
    """Which alarms are marked already; of too many those are forgotten that were not seen for longest."""

    _keys: dict[Hashable, None] = field(default_factory=dict)

    def is_new(self, key: Hashable) -> bool:
        """Whether this one is not known; now it is."""
        is_new = key not in self._keys
        self._keys.pop(key, None)
        self._keys[key] = None
        if len(self._keys) > MARKED_MAX:
            del self._keys[next(iter(self._keys))]
        return is_new

    def __len__(self) -> int:
        """How many are known."""
        return len(self._keys)
