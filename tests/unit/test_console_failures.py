from __future__ import annotations

import pytest

from cordguard.console.failures import alarm_system_failures, hears_foreign_clock, stands_still
from cordguard.console.live import SiteLive
from cordguard.console.moments import Moment
from cordguard.contract import topics
from cordguard.contract.health import ClockReading
from support.console_messages import ROOM, at, failure, health, incoming, living, speak


def reasons(site: SiteLive, now: Moment, *, connected: bool = True) -> str:
    return " ".join(alarm_system_failures(site, site.rooms.get(ROOM), now, connected=connected))


def test_no_failure_is_claimed_while_everything_speaks() -> None:
    assert reasons(living(at(0)), at(2_900)) == ""


@pytest.mark.parametrize(
    ("silent", "said"),
    [
        ("vitals", "No vitals from the safety service"),
        ("alarms", "No word about alarms"),
        ("safety", "The safety service does not answer"),
        ("watchdog", "The watchdog does not answer"),
    ],
)
def test_a16_a19_each_silence_alone_is_an_alarm_system_failure_after_3_s(silent: str, said: str) -> None:
    site = living(at(0))
    speak(site, at(3_100), silent)
    assert said in reasons(site, at(3_101))
    speak(site, at(3_200))
    assert reasons(site, at(3_201)) == ""


def test_a16_the_watchdogs_word_is_an_alarm_system_failure_until_it_is_taken_back() -> None:
    site = living(at(0))
    site.apply(incoming(topics.FAILURE, failure(), at(0), instance="main"))
    assert reasons(site, at(1)) == "No answer from safety."
    site.apply(incoming(topics.FAILURE, failure(failed=False), at(2), instance="main"))
    assert reasons(site, at(3)) == ""


def test_the_last_word_of_a_watchdog_stopped_on_purpose_is_void() -> None:
    site = living(at(0))
    site.apply(incoming(topics.FAILURE, failure(), at(0), instance="old", retained=True))
    stopped = health(at(0), "stopped")
    site.apply(incoming(topics.HEALTH, stopped, at(0), service="watchdog", instance="old", retained=True))
    assert reasons(site, at(1)) == ""


def test_a16_a_watchdog_that_failed_itself_is_an_alarm_system_failure() -> None:
    site = living(at(0))
    site.apply(incoming(topics.HEALTH, health(at(0), "failed"), at(0), service="watchdog", instance="main"))
    assert "watchdog does not answer" in reasons(site, at(1))


def test_a17_a_lost_broker_says_link_lost() -> None:
    assert reasons(living(at(0)), at(1), connected=False).startswith("LINK LOST")


def test_nobody_is_called_silent_in_the_first_seconds_after_our_own_start() -> None:
    site = SiteLive(at(0))
    assert reasons(site, at(4_900)) == ""
    assert "safety service does not answer" in reasons(site, at(5_100))


def test_silence_is_measured_on_the_wall_also_when_the_simulated_clock_races() -> None:
    site = living(at(0))
    racing = Moment(at(60_000).clock_us, at(1_000).server_us)
    assert reasons(site, racing) == ""


@pytest.mark.parametrize(
    ("silent", "said"), [("vitals", "No vitals from the safety service"), ("alarms", "No word about alarms")]
)
def test_a16_a_clock_on_the_broker_excuses_no_silence_in_real_time(silent: str, said: str) -> None:
    site = living(at(0))
    site.apply(incoming(topics.CLOCK, ClockReading(at_us=at(0).clock_us), at(0), instance="main"))
    speak(site, at(3_100), silent)
    assert not stands_still(site, at(3_200))
    assert said in reasons(site, at(3_200))


def test_a_clock_on_the_broker_is_noted_in_real_time_for_as_long_as_it_is_heard() -> None:
    site, simulated = living(at(0)), living(at(0), simulated=True)
    assert not hears_foreign_clock(site, at(0))
    for each in (site, simulated):
        each.apply(incoming(topics.CLOCK, ClockReading(at_us=at(0).clock_us), at(0), instance="main"))
    assert hears_foreign_clock(site, at(3_000))
    assert not hears_foreign_clock(site, at(3_001))
    assert not hears_foreign_clock(simulated, at(0))


def test_a_simulated_run_that_has_ended_is_no_failure_of_the_alarm_system() -> None:
    site = living(at(0), simulated=True)
    site.apply(incoming(topics.CLOCK, ClockReading(at_us=at(0).clock_us), at(0), instance="main"))
    assert not stands_still(site, at(2_900))
    speak(site, at(3_100), "vitals", "alarms")
    assert stands_still(site, at(3_200))
    assert reasons(site, at(3_200)) == ""
    assert "The safety service does not answer" in reasons(site, at(6_500))
