"""Which limits hold: the four profiles, the stricter of name and anatomy, amendments under RF, and the policy file."""

from __future__ import annotations

import pytest

from cordguard.contract.units import ProfileName
from cordguard.engine.policy import PolicyRefused, parse_policy
from cordguard.safety.playback import shipped_policy_text
from support.room import CANAL, Room, policy_of, shipped_policy

PROFILES: list[tuple[ProfileName, float, float, float, float, float, float, float, float]] = [
    # R01 stop, R02 warn, R04 high, medium, tau, R06 low, medium, high
    ("standard", 45, 42, 45, 43.5, 60, 2, 5, 10),
    ("near", 45, 42, 45, 43.5, 80, 1, 2.5, 5),
    ("breached", 43, 41, 43, 41.5, 80, 0.6, 1.5, 3),
    ("unknown", 43, 41, 43, 41.5, 80, 0.6, 1.5, 3),
]


@pytest.mark.parametrize("row", PROFILES)
def test_the_shipped_profiles_are_the_documented_ones(
    row: tuple[ProfileName, float, float, float, float, float, float, float, float],
) -> None:
    limits = shipped_policy().profile(row[0])
    assert row[1:] == (
        limits.stop_c,
        limits.warn_c,
        limits.predicted_high_c,
        limits.predicted_medium_c,
        limits.lookahead_s,
        limits.dose_low_cem43_min,
        limits.dose_medium_cem43_min,
        limits.dose_high_cem43_min,
    )


@pytest.mark.parametrize(
    ("profile", "wall", "distance_mm", "in_force"),
    [
        ("standard", "intact", 12.0, "standard"),
        ("standard", "intact", 10.0, "standard"),
        ("standard", "intact", 9.99, "near"),
        ("standard", "breached", 12.0, "breached"),
        ("standard", "breached", 9.0, "breached"),
        ("standard", None, None, "standard"),
        ("standard", "unknown", 12.0, "standard"),
        ("standard", "unknown", None, "standard"),
        ("standard", None, 9.0, "near"),
        ("near", "intact", 12.0, "near"),
        ("near", None, None, "near"),
        ("near", "breached", 12.0, "breached"),
        ("breached", "intact", 12.0, "breached"),
        ("breached", None, 9.0, "breached"),
        ("unknown", "intact", 12.0, "unknown"),
        (None, "intact", 12.0, "standard"),
        (None, "intact", 9.0, "near"),
        (None, "breached", 12.0, "breached"),
        (None, "breached", None, "breached"),
        (None, None, None, "unknown"),
        (None, "unknown", None, "unknown"),
    ],
)
def test_limits_are_the_stricter_of_the_named_profile_and_the_anatomy(
    profile: str | None, wall: str | None, distance_mm: float | None, in_force: ProfileName
) -> None:
    room = Room()
    room.case(profile=profile, posterior_wall=wall, sensors={"canal": ("neural", distance_mm)})
    assert room.vitals().profile == in_force
    limits, expected = room.sensor().limits, room.policy.profile(in_force)
    assert limits is not None
    assert (limits.stop_c, limits.warn_c) == (expected.stop_c, expected.warn_c)
    assert limits.cem43_min == expected.dose_high_cem43_min


@pytest.mark.parametrize(("wall", "distance_mm"), [(None, 9.0), ("unknown", 9.0), (None, 12.0), ("intact", None)])
def test_partial_facts_and_no_name_are_at_least_as_strict_as_what_is_known(
    wall: str | None, distance_mm: float | None
) -> None:
    room = Room()
    room.case(profile=None, posterior_wall=wall, sensors={"canal": ("neural", distance_mm)})
    limits, near = room.sensor().limits, room.policy.profiles.near
    assert limits is not None
    assert limits.cem43_min <= near.dose_high_cem43_min
    assert limits.stop_c <= near.stop_c


def test_the_nearest_neural_sensor_counts_and_a_probe_does_not() -> None:
    room = Room()
    room.case(sensors={"canal": ("neural", 15.0), "tip": ("probe", 0.0)})
    assert room.vitals().profile == "standard"
    room.amend(sensors={"canal": ("neural", 15.0), "root": ("neural", 8.0), "tip": ("probe", 0.0)})
    assert room.vitals().profile == "near"


def test_no_case_is_judged_under_unknown() -> None:
    room = Room()
    room.status(canal="neural")
    room.run(0.2, canal=43.0)
    assert room.vitals().profile == "unknown"
    assert room.story("R01") == ["R01 raised high"]
    assert room.of("R01")[0].limit == 43.0


def test_an_unlisted_sensor_is_neural_under_the_strictest_profile() -> None:
    room = Room()
    room.case()
    room.run(2.0, power_w=10.0, canal=43.0, extra=43.0)
    assert [(entry.sensor, entry.limit) for entry in room.of("R01")] == [("dev/extra", 43.0)]
    assert room.sensor("dev/extra").role == "neural"
    assert [entry.sensor for entry in room.of("R40")] == ["dev/extra"]


@pytest.mark.parametrize(
    ("of_case", "of_status", "role"),
    [("probe", "neural", "neural"), ("neural", "probe", "neural"), ("edge", "tissue", "tissue")],
)
def test_h4_of_two_roles_the_stricter_counts(of_case: str, of_status: str, role: str) -> None:
    room = Room()
    room.case(sensors={"canal": (of_case, None)})
    room.status(canal=of_status)
    assert room.sensor().role == role


def running(profile: str = "near") -> Room:
    """A room under RF."""
    room = Room()
    room.case(profile=profile)
    room.run(2.0, power_w=10.0, canal=37.0)
    return room


def test_under_rf_an_amendment_tightens_at_once() -> None:
    room = running("near")
    room.amend(posterior_wall="breached")
    assert (room.vitals().profile, room.vitals().case_pending) == ("breached", False)
    room.run(0.2, power_w=10.0, canal=43.0)
    assert room.of("R01")[0].limit == 43.0


def test_under_rf_what_would_loosen_waits_is_shown_and_applies_when_rf_is_off() -> None:
    room = running("near")
    room.amend(profile="standard")
    room.run(5.0, power_w=10.0, canal=37.0)
    assert (room.vitals().profile, room.vitals().case_pending) == ("near", True)
    room.run(0.1, power_w=0.0, canal=37.0)
    assert (room.vitals().profile, room.vitals().case_pending) == ("standard", False)


def test_under_rf_a_neural_sensor_can_be_added_but_not_taken_away() -> None:
    room = running()
    room.amend(sensors={"canal": ("neural", 12.0), "root": ("neural", 12.0)})
    assert room.sensor("dev/root").role == "neural"
    assert not room.vitals().case_pending
    room.amend(sensors={"canal": ("probe", None), "root": ("neural", 12.0)})
    assert (room.sensor(CANAL).role, room.vitals().case_pending) == ("neural", True)
    room.run(0.1, power_w=0.0, canal=37.0)
    assert (room.sensor(CANAL).role, room.vitals().case_pending) == ("probe", False)


def test_under_rf_an_amendment_tightens_with_one_hand_and_waits_with_the_other() -> None:
    room = running("near")
    sensors = {"canal": ("probe", None), "root": ("neural", 12.0)}
    room.amend(sensors=sensors, posterior_wall="breached")
    assert (room.vitals().profile, room.vitals().case_pending) == ("breached", True)
    assert room.sensor(CANAL).role == room.sensor("dev/root").role == "neural"


def test_without_rf_an_amendment_loosens_at_once() -> None:
    room = running("near")
    room.run(0.1, power_w=0.0, canal=37.0)
    room.amend(profile="standard")
    assert (room.vitals().profile, room.vitals().case_pending) == ("standard", False)


def test_a_sensor_that_stops_being_neural_ends_its_conditions() -> None:
    room = Room()
    room.case()
    room.run(3.0, canal=46.0)
    room.amend(sensors={"canal": ("probe", None), "root": ("neural", 12.0)})
    assert room.story("R02")[-1] == "R02 ended medium"
    alarm = room.alarm("R01")
    assert alarm is not None
    assert (alarm.condition, alarm.latched) == (False, True)


COOLER = shipped_policy_text().replace("stop_c = 45.0 ", "stop_c = 44.0 ")


def test_h13_h27_a_changed_policy_applies_from_the_next_case_and_stands_in_its_transitions() -> None:
    room = Room()
    room.case()
    old, new = room.policy.hash, policy_of(COOLER).hash
    assert old != new
    room.new_policy(COOLER)
    room.run(1.0, canal=44.5)
    assert room.story("R01") == []
    room.run(0.2, canal=45.0)
    room.case("s-2")
    room.run(1.0, canal=37.0)
    room.run(0.2, canal=44.0)
    assert [(entry.change, entry.limit, entry.policy) for entry in room.of("R01")] == [
        ("raised", 45.0, old),
        ("ended", 44.0, new),
        ("raised", 44.0, new),
    ]
    assert room.vitals().policy == new


def test_h27_an_amendment_of_the_open_case_stays_under_the_policy_it_was_opened_under() -> None:
    room = Room()
    room.case()
    room.new_policy(COOLER)
    room.amend(level="T9")
    limits = room.sensor().limits
    assert limits is not None
    assert limits.stop_c == 45.0


def test_a_bad_policy_changes_nothing() -> None:
    room = Room()
    room.new_policy(shipped_policy_text().replace("stop_c = 45.0 ", "stop_c = 50.1 "))
    room.case()
    assert room.vitals().policy == room.policy.hash
    assert room.engine.counters["refused_policies"] == 1


STOP_LIMITS = ("stop_c", "warn_c", "predicted_high_c", "predicted_medium_c")


@pytest.mark.parametrize("field", STOP_LIMITS)
@pytest.mark.parametrize("value", ["37.9", "50.1", "nan", "inf", '"45"', "true", "-45.0", "113.0"])
@pytest.mark.parametrize("profile", ["standard", "near", "breached", "unknown"])
def test_h13_a_neural_limit_outside_38_to_50_is_refused_and_named(profile: str, field: str, value: str) -> None:
    head, begun, rest = shipped_policy_text().partition(f"[profiles.{profile}]")
    lines = rest.split("\n")
    index = next(index for index, line in enumerate(lines) if line.startswith(f"{field} "))
    lines[index] = f"{field} = {value}"
    refused = parse_policy(head + begun + "\n".join(lines))
    assert isinstance(refused, PolicyRefused)
    assert f"profiles.{profile}.{field}" in refused.reason


@pytest.mark.parametrize(("field", "value"), [("stop_c", "50.0"), ("warn_c", "38.0"), ("predicted_high_c", "50.0")])
def test_h13_limits_of_exactly_38_and_50_are_taken(field: str, value: str) -> None:
    lines = shipped_policy_text().split("\n")
    everywhere = [f"{field} = {value}" if line.startswith(f"{field} ") else line for line in lines]
    assert getattr(policy_of("\n".join(everywhere)).profiles.standard, field) == float(value)


@pytest.mark.parametrize(
    ("field", "value"), [("stop_c", "45.5"), ("lookahead_s", "79.0"), ("dose_high_cem43_min", "6.0")]
)
def test_h13_nothing_known_must_be_watched_at_least_as_strictly_as_anything_else(field: str, value: str) -> None:
    known, begun, unknown = shipped_policy_text().partition("[profiles.unknown]")
    lines = [f"{field} = {value}" if line.startswith(f"{field} ") else line for line in unknown.split("\n")]
    refused = parse_policy(known + begun + "\n".join(lines))
    assert isinstance(refused, PolicyRefused)
    assert f"unknown.{field} {value} must be at least as strict" in refused.reason


@pytest.mark.parametrize(
    "change",
    [
        ("version = 1", "version = 2"),
        ("warn_c = 42.0 ", "warn_c = 46.0 "),
        ("dose_low_cem43_min = 2.0 ", "dose_low_cem43_min = 6.0 "),
        ("[profiles.near]", "[profiles.nearer]"),
        ("stop_c = 45.0 ", "stop_f = 113.0 "),
        ("[alarm_system]", "[alarm_system"),
        ("audio_pause_s = 120.0", "audio_pause_s = 121.0"),
    ],
)
def test_h13_a_policy_that_does_not_fit_the_schema_is_refused_with_a_sentence(change: tuple[str, str]) -> None:
    text = shipped_policy_text()
    assert change[0] in text
    refused = parse_policy(text.replace(*change))
    assert isinstance(refused, PolicyRefused)
    assert len(refused.reason) > 10


def test_the_policy_hash_ignores_comments_and_spacing_and_sees_every_number() -> None:
    text = shipped_policy_text()
    assert (
        policy_of(text.replace("# R01: published stop value at the canal", "# other words")).hash
        == policy_of(text).hash
    )
    assert policy_of(text.replace("lookahead_s = 60.0", "lookahead_s = 60.1")).hash != policy_of(text).hash


def test_every_transition_names_the_policy_in_force() -> None:
    room = Room()
    room.case(profile="near")
    room.run(5.0, power_w=10.0, canal=46.0, tip="open")
    room.command("pause-audio")
    room.wait(10.0)
    assert len(room.transitions) > 6
    assert {entry.policy for entry in room.transitions} == {room.policy.hash}


@pytest.mark.parametrize("listed", [("probe", 0.0), ("neural", 12.0)])
def test_h13_under_rf_listing_an_unlisted_sensor_waits_since_it_would_loosen_its_limits(
    listed: tuple[str, float],
) -> None:
    room = Room()
    room.case(sensors={"canal": ("neural", 12.0)})
    room.run(4.0, power_w=10.0, canal=37.0, extra=42.0)
    assert room.alarm("R02", "dev/extra") is not None
    room.amend(sensors={"canal": ("neural", 12.0), "extra": listed})
    room.run(1.0, power_w=10.0, canal=37.0, extra=42.0)
    assert room.alarm("R02", "dev/extra") is not None
    limits = room.sensor("dev/extra").limits
    assert limits is not None
    assert limits.stop_c == 43.0
    assert room.vitals().case_pending
    room.run(1.0, power_w=0.0, canal=37.0, extra=41.7)
    assert not room.vitals().case_pending
    assert room.sensor("dev/extra").role == listed[0]
