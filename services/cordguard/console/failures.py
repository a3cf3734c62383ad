"""Whether anybody watches: reasons to say ALARM SYSTEM FAILURE. Empty means that everything needed speaks."""

from __future__ import annotations

from typing import Final

from cordguard.console.live import RoomLive, SiteLive
from cordguard.console.moments import Moment
from cordguard.contract.health import Health

SILENT_MS: Final = 3_000
"""Who says something every second and has been silent for this long is taken for dead."""

GRACE_MS: Final = 5_000
"""After our own start nobody is called silent for so long."""

_ALIVE: Final = frozenset({"ok", "degraded"})


def alarm_system_failures(site: SiteLive, room: RoomLive | None, now: Moment, *, connected: bool) -> list[str]:
    """Sentences that say what is missing, worst first."""
    if not connected:
        return ["LINK LOST: this page's server has no connection to the message broker."]
    reasons = [failure.what for instance, failure in sorted(site.failures.items()) if _is_standing(site, instance)]
    if _silent_for(site.started, now) <= GRACE_MS:
        return reasons
    if room is not None and not stands_still(site, now) and (silence := _room_silence(room, now)) is not None:
        reasons.append(silence)
    if not _somebody_alive(site, "safety", now):
        reasons.append("The safety service does not answer: nobody judges the temperatures.")
    if not _somebody_alive(site, "watchdog", now):
        reasons.append("The watchdog does not answer: nobody checks that alarms work.")
    return reasons


def stands_still(site: SiteLive, now: Moment) -> bool:
    """Whether our simulated run has stopped telling its time: ended, or held up. Safety then is silent, too.

    In real time nothing excuses a silent safety: one stray message about a clock must not mute a page.
    """
    return site.simulated and site.clock_came is not None and _silent_for(site.clock_came, now) > SILENT_MS


def hears_foreign_clock(site: SiteLive, now: Moment) -> bool:
    """Whether a simulated run tells its time on this broker, and we go by real time."""
    return not site.simulated and site.clock_came is not None and _silent_for(site.clock_came, now) <= SILENT_MS


def service_state(health: Health, came: Moment | None, now: Moment) -> str:
    """A service's state in one word; one that should speak and does not is silent."""
    if health.state in _ALIVE and (came is None or _silent_for(came, now) > SILENT_MS):
        return "silent"
    return health.state


def _is_standing(site: SiteLive, instance: str) -> bool:
    """A watchdog that was stopped on purpose leaves its last word behind; that word is void."""
    health, _ = site.services.get(("watchdog", instance), (None, None))
    return site.failures[instance].failed and not (health is not None and health.state == "stopped")


def _room_silence(room: RoomLive, now: Moment) -> str | None:
    """What is missing from safety about this room; both come from it all the time, once it knows the room."""
    if _silent_for(room.heard, now) <= GRACE_MS:
        return None
    if room.alarms_came is None or _silent_for(room.alarms_came, now) > SILENT_MS:
        return "No word about alarms from the safety service: this room may be unwatched."
    if room.vitals_came is not None and _silent_for(room.vitals_came, now) > SILENT_MS:
        return "No vitals from the safety service: what it sees of this room is unknown."
    return None


def _somebody_alive(site: SiteLive, service: str, now: Moment) -> bool:
    return any(
        service_state(health, came, now) in _ALIVE
        for (name, _), (health, came) in site.services.items()
        if name == service
    )


def _silent_for(since: Moment, now: Moment) -> int:
    """Milliseconds on our own clock: deadlines for the living are wall time, also in a simulated run."""
    return (now.server_us - since.server_us) // 1_000
