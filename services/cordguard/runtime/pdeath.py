"""No orphans: what supervisors and child processes call. It lies with the embedded broker, which needs it too."""

from __future__ import annotations

from cordguard.bus.pdeath import die_with_parent

__all__ = ["die_with_parent"]
