"""The files of the page, read once at start: nothing else can be asked for."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources
from typing import Final

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """One file, ready to be served."""

    content: bytes
    media_type: str


def load_pages() -> dict[str, PageFile]:
    """All files of the page by name."""
    folder = resources.files("cordguard.console").joinpath("static")
    return {
        entry.name: PageFile(entry.read_bytes(), media_type)
        for entry in folder.iterdir()
        if (media_type := _TYPES.get(entry.name[entry.name.rfind(".") :])) is not None
    }
