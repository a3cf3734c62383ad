"""The figures of ``docs/reference/alarm-analyses.md`` that follow from style sheets, dictionary and policy."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from importlib import resources
from typing import Final, NamedTuple, get_args

from cordguard.contract.alarms import Transition
from cordguard.contract.units import Priority, ProfileName
from cordguard.engine.policy import Policy, PolicyRefused, parse_policy
from cordguard.engine.rules.catalogue import CATALOGUE
from cordguard.engine.rules.neural import GATE_SLOPE_C_PER_S
from cordguard.engine.slope import SlopeWindow
from cordguard.safety.playback import shipped_policy_text
from support.made_tables import Makers, head, row
from support.traceability import ROOT

GOLDEN: Final = ROOT / "tests" / "scenarios" / "golden"

INCH_MM: Final = 25.4
PIXELS_PER_INCH: Final = 96
"""What a style sheet takes an inch for."""
CAPITAL: Final = 0.7
"""Height of a capital as a share of its font's size, which ``font-size-adjust`` makes the same for every font."""
FAR_M, NEAR_M = 4.0, 1.0
SMALLEST: Final = (1280, 800)
"""The smallest layout, in a style sheet's pixels, that the page's tests look at."""
LETTER_ARCMIN: Final = 5.0
"""What an eye of normal acuity (20/20, by definition) just reads."""


class Screen(NamedTuple):
    """A screen that a theatre may have, and the zoom that its browser shows the page at."""

    inches: float
    width: int
    height: int
    zoom: float

    @property
    def pixel_mm(self) -> float:
        """Side of a style sheet's pixel on it."""
        return self.inches * INCH_MM / math.hypot(self.width, self.height) * self.zoom


SCREENS: Final = (
    Screen(21.5, 1920, 1080, 1.0),
    Screen(24.0, 1920, 1080, 1.0),
    Screen(27.0, 1920, 1080, 1.0),
    Screen(27.0, 2560, 1440, 1.0),
    Screen(32.0, 3840, 2160, 1.5),
    Screen(15.6, 1920, 1080, 1.0),
    Screen(13.3, 1920, 1200, 1.5),
)


def style(name: str) -> str:
    """A style sheet of the page."""
    return resources.files("cordguard.console.static").joinpath(name).read_text(encoding="utf-8")


def arcmin(height_mm: float, distance_m: float) -> float:
    """How large something looks, in minutes of arc."""
    return math.degrees(math.atan(height_mm / 1_000 / distance_m)) * 60


def font_px(selector: str) -> float:
    """The size of a font in pixels, as the style sheet of alarms states it for wide screens."""
    found = re.search(rf"^{re.escape(selector)} {{[^}}]*?font-size: ([\d.]+)(px|mm)", style("alarms.css"), re.MULTILINE)
    if found is None:
        msg = f"alarms.css states no font-size for {selector}"
        raise LookupError(msg)
    size = float(found.group(1))
    return size if found.group(2) == "px" else size / INCH_MM * PIXELS_PER_INCH


TEXTS: Final[tuple[tuple[str, str, float], ...]] = (
    ("sign of the most urgent alarm", ".alarm.first .sign", FAR_M),
    ("condition of the most urgent alarm", ".alarm.first .message", NEAR_M),
    ("condition of the others, up to four alarms", ".alarm .message", NEAR_M),
    ("condition of the others, if there are more", ".many .alarm:not(.first) .message", NEAR_M),
)


def heights() -> Iterator[str]:
    """Table: how high capitals are at 96 pixels an inch, and how large they look."""
    yield from head("text", "font", "capital", "at", "looks", "capital : distance", "times what 20/20 reads")
    for what, selector, distance_m in TEXTS:
        size_px = font_px(selector)
        capital_mm = size_px * CAPITAL / PIXELS_PER_INCH * INCH_MM
        looks = arcmin(capital_mm, distance_m)
        yield row(
            what,
            f"{size_px:.1f} px",
            f"{capital_mm:.1f} mm",
            f"{distance_m:g} m",
            f"{looks:.1f} arcmin",
            f"1 : {distance_m * 1_000 / capital_mm:.0f}",
            f"{looks / LETTER_ARCMIN:.1f}",
        )


def screens() -> Iterator[str]:
    """Table: the same on screens, and how far away the sign keeps 1 : 200."""
    yield from head(
        "screen", "zoom", "a pixel is", "sign", "condition", "sign is 1 : 200 up to", "zoom for 4 m", "layout then"
    )
    sign_px, condition_px = (
        font_px(selector) * CAPITAL for selector in (".alarm.first .sign", ".alarm.first .message")
    )
    for screen in SCREENS:
        sign_mm = sign_px * screen.pixel_mm
        needed = math.ceil(FAR_M * 1_000 / 200 / sign_mm * screen.zoom * 20) / 20
        width, height = int(screen.width / needed), int(screen.height / needed)
        too_small = "" if width >= SMALLEST[0] and height >= SMALLEST[1] else ", **too small**"
        yield row(
            f"{screen.inches:g} in, {screen.width} × {screen.height}",
            f"{screen.zoom:.0%}",
            f"{screen.pixel_mm:.3f} mm",
            f"{sign_mm:.1f} mm",
            f"{condition_px * screen.pixel_mm:.1f} mm",
            f"{sign_mm * 200 / 1_000:.1f} m",
            f"{needed:.0%}",
            f"{width} × {height}{too_small}",
        )


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def variables(text: str, selector: str) -> dict[str, str]:
    """Colours that a rule of a style sheet names, by the names it gives them."""
    found = re.search(rf"{re.escape(selector)} {{(.*?)}}", text, re.DOTALL)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", found.group(1))) if found else {}


def contrasts() -> Iterator[str]:
    """Table: contrast of every text that belongs to an alarm with what it stands on."""
    yield from head("text", "on", "contrast")
    sheet, palette = style("alarms.css"), variables(style("base.css"), ":root")
    for priority in ("high", "medium", "low"):
        colours = variables(sheet, f'.alarm[data-priority="{priority}"]')
        for half in ("bright", "dim"):
            ink, ground = colours[f"{half}-ink"], colours[half]
            steady = " (steady)" if priority == "low" else f", {half} half"
            if priority != "low" or half == "bright":
                yield _contrast_row(f"{priority.upper()}{steady}", ink, ground)
    stripes = re.search(r"\.failure {\s*background: repeating-linear-gradient\((.*)\);", sheet)
    for stripe in re.findall(r"#[0-9a-f]{6}", stripes.group(1) if stripes else ""):
        yield _contrast_row("ALARM SYSTEM FAILURE", "#ffffff", stripe)
    yield _contrast_row("AUDIO PAUSED", palette["ink"], palette["panel-2"])
    for priority in ("high", "medium", "low"):
        what = f"symbol of another room, {priority.upper()}"
        yield _contrast_row(what, palette[f"alarm-{priority}"], palette["ground"])


def _contrast_row(what: str, ink: str, ground: str) -> str:
    return row(f"{what}, `{ink}`", f"`{ground}`", f"{contrast(ink, ground):.1f} : 1")


def delays() -> Iterator[str]:
    """Table: how late each level of each rule speaks after its condition began."""
    yield from head("rule", "level", "when", "delay of the condition", "ends")
    for rule in CATALOGUE:
        for level in rule.levels:
            name = f"{rule.id} {rule.name}"
            yield row(name, level.priority.upper(), level.when, level.persistence, level.clears)


def forecasts() -> Iterator[str]:
    """Table: what R04 compares, by profile."""
    policy = shipped_policy()
    yield from head("profile", "looks ahead τ", "MEDIUM from", "HIGH from", "at 40.0 °C HIGH wants a slope of")
    for name in get_args(ProfileName):
        profile = policy.profile(name)
        slope = max((profile.predicted_high_c - 40.0) / profile.lookahead_s, GATE_SLOPE_C_PER_S)
        medium_c, high_c = profile.predicted_medium_c, profile.predicted_high_c
        yield row(name, f"{profile.lookahead_s:g} s", f"{medium_c:g} °C", f"{high_c:g} °C", f"{slope:.3f} °C/s")


def lags() -> Iterator[str]:
    """Table: after a rise began, how long the slope takes to show it; samples at 10 Hz."""
    yield from head("window", "half of the slope after", "nine tenths after", "all of it after")
    for length_s in (10, 5):
        window = SlopeWindow(length_s * 1_000_000)
        for number in range(-10 * length_s, 1):
            window.add((number + 10 * length_s) * 100_000, 37.0)
        shown = []
        for number in range(1, 10 * length_s + 1):
            window.add((number + 10 * length_s) * 100_000, 37.0 + 0.01 * number)
            shown.append((number / 10, (window.slope_c_per_s() or 0.0) / 0.1))
        times = (next(after_s for after_s, share in shown if share >= wanted) for wanted in (0.5, 0.9, 0.999))
        yield row(f"{length_s} s", *(f"{after_s:.1f} s" for after_s in times))


def leads() -> Iterator[str]:
    """Table: by how much the forecast came before the limit in the case that is kept as golden."""
    yield from head("golden case", "R04 HIGH before R01", "temperature then", "forecast then", "highest in the end")
    name = "overheating-near-canal"
    said = [
        Transition.model_validate_json(line)
        for line in (GOLDEN / f"{name}.transitions.jsonl").read_bytes().splitlines()
    ]
    warned, stopped = (
        next(each for each in said if (each.rule, each.change, each.priority) == (rule, "raised", "high"))
        for rule in ("R04", "R01")
    )
    sensors = json.loads((GOLDEN / f"{name}.summary.json").read_bytes())["sensors"]
    highest_c = max(each["max_temperature_c"] for each in sensors if each["role"] == "neural")
    at_c = (warned.evidence or {})["temperature_c"]
    before_s = (stopped.event_us - warned.event_us) / 1e6
    yield row(name, f"{before_s:.1f} s", f"{at_c:.1f} °C", f"{warned.value:.1f} °C", f"{highest_c:.1f} °C")


def changing() -> Iterator[str]:
    """Table: rules whose alarms may change priority, and the priorities they may have."""
    yield from head("rule", "priorities", "latches")
    order: tuple[Priority, ...] = ("low", "medium", "high")
    for rule in CATALOGUE:
        priorities = sorted({level.priority for level in rule.levels}, key=order.index)
        if len(priorities) > 1:
            shown = " → ".join(priority.upper() for priority in priorities)
            latches = "yes: never falls before its reset" if rule.latching else "no"
            yield row(f"{rule.id} {rule.name}", shown, latches)


def shipped_policy() -> Policy:
    """The limits that come with the software."""
    policy = parse_policy(shipped_policy_text())
    if isinstance(policy, PolicyRefused):
        raise TypeError(policy.reason)
    return policy


FIGURES: Final[Makers] = {
    "heights": heights,
    "screens": screens,
    "contrasts": contrasts,
    "delays": delays,
    "forecasts": forecasts,
    "lags": lags,
    "leads": leads,
    "changing": changing,
}
"""Every table by its name on the page."""
