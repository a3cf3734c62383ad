from __future__ import annotations

import colorsys
import re
from importlib import resources

import pytest

from cordguard.console.presentation import alarm_views, highest, paused_for_s
from support.console_messages import T0_US, alarm, alarms, at


def css(name: str) -> str:
    return resources.files("cordguard.console").joinpath("static", name).read_text(encoding="utf-8")


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize(
    ("priority", "symbol", "word", "flash"),
    [("high", "!!!", "HIGH", "fast"), ("medium", "!!", "MEDIUM", "slow"), ("low", "!", "LOW", "none")],
)
def test_a3_each_priority_has_its_word_its_symbol_and_its_rate(
    priority: str, symbol: str, word: str, flash: str
) -> None:
    (view,) = alarm_views((alarm(priority),), T0_US)
    assert (view.symbol, view.word, view.flash) == (symbol, word, flash)


@pytest.mark.parametrize("priority", ["high", "medium", "low"])
def test_a4_alarm_text_has_a_contrast_of_7_to_1_in_both_halves_of_a_flash(priority: str) -> None:
    (rule,) = re.findall(rf'\.alarm\[data-priority="{priority}"\] {{(.*?)}}', css("alarms.css"))
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", rule))
    assert contrast(colours["bright"], colours["bright-ink"]) >= 7.0
    assert contrast(colours["dim"], colours["dim-ink"]) >= 7.0


def test_no_trace_has_a_colour_of_an_alarm() -> None:
    traces = re.findall(r"--trace-\d: (#[0-9a-f]{6})", css("base.css"))
    assert len(traces) == 6
    for trace in traces:
        hue, _, saturation = colorsys.rgb_to_hls(*(int(trace[at : at + 2], 16) / 255 for at in (1, 3, 5)))
        degrees = hue * 360
        is_alarm_hue = degrees < 20 or degrees > 340 or 40 < degrees < 70 or 170 < degrees < 200
        assert saturation < 0.2 or not is_alarm_hue, trace
        assert contrast(trace, "#121a23") >= 4.5


def test_a6_the_most_urgent_alarm_stands_first_and_the_unseen_before_the_seen() -> None:
    seen = alarm("high", rule="R06", acknowledged=True)
    present = (alarm("low", rule="R15"), seen, alarm("medium", rule="R02"), alarm("high"))
    assert [view.rule for view in alarm_views(present, T0_US)] == ["R01", "R06", "R02", "R15"]
    assert highest(present) == "high"
    assert highest(()) is None


def test_a8_a_latched_alarm_says_so_and_keeps_flashing_until_somebody_saw_it() -> None:
    (unseen,) = alarm_views((alarm(condition=False, latched=True),), T0_US)
    (seen,) = alarm_views((alarm(condition=False, latched=True, acknowledged=True),), T0_US)
    assert (unseen.states, unseen.flash, unseen.can_reset) == (("LATCHED",), "fast", True)
    assert (seen.states, seen.flash, seen.can_acknowledge) == (("LATCHED", "ACKNOWLEDGED"), "none", False)


def test_a9_an_acknowledged_alarm_whose_condition_holds_stays_visible_and_flashing() -> None:
    (view,) = alarm_views((alarm(acknowledged=True),), T0_US)
    assert (view.states, view.flash) == (("ACKNOWLEDGED",), "fast")


def test_a10_a_pause_of_the_sound_counts_down() -> None:
    paused = alarms(at(0), audio="paused", paused_until_us=T0_US + 90_000_000)
    assert paused_for_s(paused, at(0)) == 90.0
    assert paused_for_s(paused, at(30_000)) == 60.0
    assert paused_for_s(paused, at(95_000)) == 0.0
    assert paused_for_s(alarms(at(0)), at(0)) is None
