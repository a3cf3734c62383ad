"""The generated reference pages are what code and tests say, and nothing on them lacks a proof."""

from __future__ import annotations

import re

import pytest

from cordguard.console.annunciator import LIVE_FOR_MS
from cordguard.console.desk import TURN_S
from cordguard.console.failures import SILENT_MS
from cordguard.console.moments import UNKNOWN_MS
from cordguard.engine.rules.catalogue import RULES
from cordguard.engine.rules.neural import GATE_SLOPE_C_PER_S, GATE_TEMPERATURE_C, PREDICTED_PERSIST_US
from cordguard.engine.rules.oversight import UNACKED_US, UNHEARD_US
from cordguard.safety.shell import SELF_CHECK_US
from support import alarm_figures, hazards
from support.alarm_requirements import REQUIREMENTS, Requirement, missing
from support.hazards import HAZARDS, Control, Hazard
from support.made_tables import filled, tables_in
from support.reference_pages import ANALYSES, DOCS, WITH_TABLES, gaps, pages
from support.traceability import HOW_TO_WRITE, ROOT, FoundTest, found_tests, ids_of, proving

TESTS = found_tests()
PAGES = pages(TESTS)
PROSE = re.sub(r"\s+", " ", PAGES[ANALYSES])
S_US = 1_000_000


@pytest.mark.parametrize("name", PAGES)
def test_a_committed_page_is_what_code_and_tests_say(name: str) -> None:
    drifted = f"docs/{name} is not what code and tests say; run: {HOW_TO_WRITE}"
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name], drifted


def prose() -> dict[str, str]:
    """Every page for people, by its path."""
    found = [*DOCS.rglob("*.md"), *ROOT.glob("*.md")]
    return {path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8") for path in found}


def test_every_test_that_a_page_names_exists() -> None:
    names = {test.name for test in TESTS}
    named = {page: set(re.findall(r"`(test_\w+)`", text)) - names for page, text in prose().items()}
    assert {page: missing for page, missing in named.items() if missing} == {}


def test_every_link_between_pages_leads_somewhere() -> None:
    broken = [
        f"{page}: {target}"
        for page, text in prose().items()
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text)
        if not (ROOT / page).parent.joinpath(target).exists()
    ]
    assert broken == []


def test_every_requirement_and_every_control_has_its_proof() -> None:
    assert gaps(TESTS, PAGES[ANALYSES]) == []


def test_there_are_21_requirements_and_27_hazards() -> None:
    assert [each.number for each in REQUIREMENTS] == list(range(1, 22))
    assert [each.number for each in HAZARDS] == list(range(1, 28))


def test_every_id_in_the_name_of_a_test_is_one_that_exists() -> None:
    known = {*RULES, *(each.id for each in REQUIREMENTS), *(each.id for each in HAZARDS), "R31"}
    strange = {test.name: ids_of(test.name) - known for test in TESTS}
    assert {name: ids for name, ids in strange.items() if ids} == {}


# --- the checks can fail ---


PROOF, NEGATIVE = FoundTest("unit/test_x.py", "test_a8_it_does"), FoundTest("unit/test_x.py", "test_a8_it_does_not")
MET = Requirement(8, "It does.", "Code.", NEGATIVE.name)


def test_a_requirement_with_both_halves_lacks_nothing() -> None:
    assert list(missing(MET, [PROOF, NEGATIVE], set())) == []


@pytest.mark.parametrize(
    ("requirement", "tests", "on_paper", "says"),
    [
        pytest.param(MET._replace(negative=None), [], set(), "neither a test nor an analysis", id="no proof at all"),
        pytest.param(MET, [PROOF], set(), "test_a8_it_does_not does not exist", id="its negative test is gone"),
        pytest.param(MET._replace(negative=None), [PROOF], set(), "no test is named", id="no negative half"),
        pytest.param(MET, [NEGATIVE], set(), "positive half", id="no positive half"),
        pytest.param(MET._replace(on_paper=True), [PROOF, NEGATIVE], {"A7"}, "is not written", id="no section"),
        pytest.param(
            MET._replace(negative="test_a9_other"),
            [PROOF, FoundTest("unit/test_x.py", "test_a9_other")],
            set(),
            "does not carry its number",
            id="a negative test of another requirement",
        ),
    ],
)
def test_what_a_requirement_lacks_is_said(
    requirement: Requirement, tests: list[FoundTest], on_paper: set[str], says: str
) -> None:
    found = list(missing(requirement, tests, on_paper))
    assert any(says in each and each.startswith("A8: ") for each in found), found


@pytest.mark.parametrize(
    ("controls", "still_open", "says"),
    [
        pytest.param((), (), "neither a control nor a word", id="an empty row"),
        pytest.param((Control("it beeps", "R99"),), (), "R99 is no rule", id="a rule that is not built"),
        pytest.param((Control("it beeps", "R04"),), (), "no test carries R04", id="a rule that no test proves"),
    ],
)
def test_what_a_hazard_lacks_is_said(controls: tuple[Control, ...], still_open: tuple[str, ...], says: str) -> None:
    (found,) = hazards.wrong(Hazard(1, "Something", 5, controls, still_open), [PROOF])
    assert says in found


@pytest.mark.parametrize(
    ("name", "ids"),
    [
        ("test_a8_it_does", {"A8"}),
        ("test_h11_a16_r39_it_says_so", {"H11", "A16", "R39"}),
        ("test_a_8_is_no_id", set()),
        ("test_it_reads_a8_in_the_middle", set()),
        ("test_b7_is_nobodys", set()),
    ],
)
def test_ids_stand_at_the_front_of_a_name(name: str, ids: set[str]) -> None:
    assert ids_of(name) == ids
    assert bool(proving([FoundTest("x", name)], "A8")) == ("A8" in ids)


# --- the figures ---


def test_a_table_that_nobody_makes_is_an_error_and_every_table_has_its_place() -> None:
    for page, makers in WITH_TABLES.items():
        assert tables_in(PAGES[page]) == set(makers)
    with pytest.raises(KeyError):
        filled("<!-- made: nothing -->\n<!-- end -->", alarm_figures.FIGURES)


def test_contrast_and_angle_are_computed_as_defined() -> None:
    assert alarm_figures.contrast("#000000", "#ffffff") == pytest.approx(21.0)
    assert alarm_figures.contrast("#777777", "#777777") == 1.0
    assert alarm_figures.arcmin(20.0, 4.0) == pytest.approx(17.19, abs=0.01)
    assert alarm_figures.Screen(24.0, 1920, 1080, 1.0).pixel_mm == pytest.approx(0.2767, abs=1e-4)


def test_a4_every_text_of_an_alarm_has_a_contrast_of_7_to_1() -> None:
    rows = [row for row in alarm_figures.contrasts() if "`" in row and not row.startswith("| symbol of another room")]
    assert len(rows) == 8
    assert min(float(row.split("|")[3].split(":")[0]) for row in rows) >= 7.0


def test_a21_the_slope_follows_a_rise_as_a_least_squares_line_does() -> None:
    """Of a rise that began x windows ago such a line shows 3x² − 2x³."""
    for row in list(alarm_figures.lags())[2:]:
        window_s, half_s, most_s, _ = (float(cell) for cell in re.findall(r"[\d.]+", row))
        for after_s, share in ((half_s, 0.5), (most_s, 0.9)):
            x, before = after_s / window_s, (after_s - 0.1) / window_s
            assert 3 * before**2 - 2 * before**3 < share + 0.02
            assert 3 * x**2 - 2 * x**3 >= share - 0.02


def script(name: str) -> str:
    """A script of the page."""
    return alarm_figures.style(name)


def number(text: str, pattern: str) -> float:
    found = re.search(pattern, text)
    assert found is not None, pattern
    return float(found.group(1))


def test_what_the_prose_states_of_times_is_what_the_code_does() -> None:
    heard_s = number(script("bursts.js"), r"FAILURE_HEARD_S = ([\d.]+);")
    news_s = number(script("bursts.js"), r"NEWS_AFTER_S = ([\d.]+);")
    persist_s = PREDICTED_PERSIST_US / S_US
    taken_s = LIVE_FOR_MS / 1_000 + TURN_S
    for sentence in (
        f"freezes | another page takes it over | {taken_s:.1f} s |",
        f"closed | another page of the room takes the sound over | {TURN_S} s |",
        f"on every screen and in the record | {UNHEARD_US / S_US:g} s |",
        f"sounds ALARM SYSTEM FAILURE for {heard_s:g} s | 1 s, {UNKNOWN_MS / 1_000:g} s |",
        f"the owning page sounds it for {heard_s:g} s | {SILENT_MS / 1_000:g} s |",
        f"R46 after {UNHEARD_US / S_US:g} s of RF without",
        f"R38 after {UNACKED_US / S_US:g} s without",
        f"are looked at every {SELF_CHECK_US / S_US:g} s",
        f"makes a frame every {TURN_S * 1_000:g} ms",
        f"the next begins {news_s:g} s after its end",
        f"temperature ≥ {GATE_TEMPERATURE_C:g} °C, and slope ≥ {GATE_SLOPE_C_PER_S:g} °C/s, for {persist_s:g} s",
    ):
        assert sentence in PROSE, sentence


def test_a_second_high_alarm_waits_no_longer_for_its_burst_than_stated() -> None:
    high = re.search(r"high: {.*pulseS: ([\d.]+), gapsS: \[(.*)\]", script("sound.js"))
    assert high is not None
    gaps_s = [float(gap) for gap in high.group(2).split(",")]
    burst_s = float(high.group(1)) * (len(gaps_s) + 1) + sum(gaps_s)
    waits_s = burst_s + number(script("bursts.js"), r"NEWS_AFTER_S = ([\d.]+);")
    assert f"may wait {waits_s:.1f} s for a burst of its own" in PROSE
