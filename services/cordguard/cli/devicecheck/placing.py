"""Is it there at all, and on the right topics, in the right manner? Pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from cordguard.cli.devicecheck.listening import KINDS, TELEMETRY, US_PER_S, Finding, Listening, foreign
from cordguard.contract.lenient import Unreadable, read_status
from cordguard.contract.topics import STATUS, parse, room_of

STATUS_GAP_US: Final = 2_000_000
"""Status is due once a second; one that is a whole second late is missing."""
WILL_WITHIN_S: Final = 15.0
"""A broker speaks the last will after 1.5 times the keep-alive: so soon with one of 10 s."""
NAMED_MAX: Final = 5
"""More topics than this are only counted."""


def check_presence(listening: Listening) -> Iterator[Finding]:
    """Whether anything came."""
    came = [kind for kind in KINDS if listening.live(kind)]
    if not came:
        yield Finding(
            "silent", f"Nothing came from {listening.source} in {listening.seconds:g} s. {_elsewhere(listening)}"
        )
    elif not any(kind in TELEMETRY for kind in came):
        yield Finding("no-telemetry", "Status comes, but neither generator readings nor temperatures.")
    if came and not listening.live(STATUS):
        words = f"No status came. Publish it to {listening.topic(STATUS)} at birth, then once a second, retained."
        yield Finding("no-status", words)


def check_topics(listening: Listening) -> Iterator[Finding]:
    """Whether what may be meant as its messages goes elsewhere. Only a listener to the whole site can tell."""
    unknown = [
        topic
        for topic, known in foreign(listening)
        if not known and (room_of(topic) == listening.room or listening.source in topic.lower().split("/"))
    ]
    for topic in unknown[:NAMED_MAX]:
        words = f"Messages come on {topic}, which the contract does not know: nobody hears them. {_expected(listening)}"
        yield Finding("unknown-topic", words)
    if len(unknown) > NAMED_MAX:
        yield Finding("unknown-topic", f"{len(unknown) - NAMED_MAX} more topics are unknown as well.")
    rooms = _rooms_of_source(listening)
    if rooms and any(listening.live(kind) for kind in KINDS):
        words = f"{listening.source} is heard in {', '.join(rooms)} too: one name for one device, in one room."
        yield Finding("other-room", words)


def check_manner(listening: Listening) -> Iterator[Finding]:
    """Retaining and quality of service."""
    for kind in TELEMETRY:
        if listening.kept_of(kind):
            words = (
                f"The broker holds a retained {kind.name} message: whoever connects would take an old value for a new "
                f"one. Publish {kind.name} without retain, and delete it (an empty retained message on its topic)."
            )
            yield Finding("retained-telemetry", words)
    for kind in KINDS:
        live = listening.live(kind)
        unsure = sum(heard.qos == 0 for heard in live)
        if unsure:
            words = (
                f"{unsure} of {len(live)} {kind.name} messages were published at QoS 0, and may get lost: use QoS 1."
            )
            yield Finding("qos-0", words)
    kept = listening.kept is not None and any(heard.topic == listening.topic(STATUS) for heard in listening.kept)
    if listening.kept is not None and listening.live(STATUS) and not kept:
        words = "Status is not retained: whoever connects later does not know that the source is there. Set retain."
        yield Finding("status-not-retained", words)


def check_life(listening: Listening) -> Iterator[Finding]:
    """The heartbeat, its end, and what stands for it when the source vanishes."""
    live = listening.live(STATUS)
    times = [listening.from_us, *(heard.received_us for heard in live), listening.to_us]
    gap_us = max(later - earlier for earlier, later in pairwise(times))
    if live and gap_us > STATUS_GAP_US:
        words = f"Up to {gap_us / US_PER_S:.1f} s passed without a status: publish one every second."
        yield Finding("status-slow", words)
    said = [(heard, read_status(heard.payload)) for heard in live]
    good = [(heard, status) for heard, status in said if not isinstance(status, Unreadable)]
    if any(status.state == "offline" for _, status in good):
        yield Finding("said-offline", f"{listening.source} said that it is offline while we listened.")
    stamps = [status.at_us for _, status in good if status.state == "online"]
    if any(later <= earlier for earlier, later in pairwise(stamps)):
        yield Finding("status-time", "Status comes with an at_us that does not move on: it is when the status is said.")
    newest_us = max((heard.received_us for kind in KINDS for heard in listening.live(kind)), default=None)
    left = bool(good) and good[-1][1].state == "offline"
    if newest_us is not None and not left and (listening.to_us - newest_us) / US_PER_S > WILL_WITHIN_S:
        words = (
            f"It fell silent {(listening.to_us - newest_us) / US_PER_S:.0f} s before the end, and no status 'offline' "
            f"came in its place: set a last will (that status, QoS 1, retained) and a keep-alive of 10 s."
        )
        yield Finding("no-last-will", words)


def _expected(listening: Listening) -> str:
    return f"Expected: {', '.join(listening.topic(kind) for kind in KINDS)}."


def _rooms_of_source(listening: Listening) -> list[str]:
    parsed = (parse(topic) for topic, known in foreign(listening) if known)
    return sorted({found.room for found in parsed if found and found.source == listening.source and found.room})


def _elsewhere(listening: Listening) -> str:
    rooms = _rooms_of_source(listening)
    if rooms:
        return f"It is heard in {', '.join(rooms)} instead: give --room that name, or set up the device for this room."
    parsed = [parse(topic) for topic, known in foreign(listening) if known]
    others = sorted({found.source for found in parsed if found and found.room == listening.room and found.source})
    heard = f"Heard in {listening.room} instead: {', '.join(others)}. " if others else ""
    return f"{heard}{_expected(listening)}"
