"""The whole state of a room as canonical JSON values, and back, bit for bit."""

from __future__ import annotations

from typing import Any, Final

from pydantic import TypeAdapter

from cordguard.engine.state import RoomState

_ADAPTER: Final = TypeAdapter(RoomState)


def dump_state(state: RoomState) -> dict[str, Any]:
    """The state as JSON values."""
    if state.fold is not None:
        state.fold.settle()
    dumped: dict[str, Any] = _ADAPTER.dump_python(state, mode="json")
    return dumped


def load_state(content: dict[str, Any]) -> RoomState:
    """The state of ``dump_state``.

    Raises:
        pydantic.ValidationError: it is none.
    """
    return _ADAPTER.validate_python(content)
