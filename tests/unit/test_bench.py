"""``cordguard bench``: what a phantom file may say, and what comes of it."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest

from cordguard.cli.bench import run_bench
from cordguard.runtime.service import SetupError
from cordguard.simulators.bench.phantom import PhantomError, read_phantom
from cordguard.simulators.bench.run import run_phantom

PHANTOM = """
[domain]
size_mm = 40
spacing_mm = 2.0
start_c = 21.0
boundary_c = 21.0
[media.gel]
sigma_s_m = 0.20
sigma_per_c = 0.02
k_w_mk = 0.55
rho_kg_m3 = 1030
c_j_kgk = 4000
perfusion_1_s = 0.0
[layout]
tipward = "gel"
handward = "gel"
[electrode]
kind = "monopolar"
diameter_mm = 1.5
active_mm = 10
[drive]
mode = "power"
power_w = 8.0
duration_s = 6
[[probe]]
name = "gel-8"
radial_mm = 8.0
axial_mm = -2.5
[[probe]]
name = "near"
radial_mm = 2.0
axial_mm = 0.0
"""
BIPOLAR = 'kind = "bipolar"\ncontacts_mm = [4, 4]\ngap_mm = 2'


def changed(*changes: tuple[str, str]) -> str:
    text = PHANTOM
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.fixture
def phantom(tmp_path: Path) -> Path:
    path = tmp_path / "phantom.toml"
    path.write_text(PHANTOM, encoding="utf-8")
    return path


def test_the_result_is_json_with_a_row_for_each_second(phantom: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_bench(phantom, "json", None, None) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["time_s"] == [0, 1, 2, 3, 4, 5, 6]
    assert found["power_w"] == [8.0] * 7
    assert found["probes"].keys() == {"gel-8", "near"}
    near = found["probes"]["near"]
    assert near[0] == 21.0
    assert near == sorted(near)
    assert near[-1] > 30.0
    assert found["impedance_ohm"][-1] < found["impedance_ohm"][0]
    assert found["lesion_mm"].keys() == {"width", "length"}


def test_the_same_as_a_table_and_a_picture(phantom: Path, tmp_path: Path) -> None:
    table, picture = tmp_path / "out.csv", tmp_path / "out.png"
    assert run_bench(phantom, "csv", table, picture) == 0
    rows = list(csv.DictReader(io.StringIO(table.read_text(encoding="utf-8"))))
    assert [row["time_s"] for row in rows] == ["0.0", "1.0", "2.0", "3.0", "4.0", "5.0", "6.0"]
    assert rows[0].keys() == {"time_s", "power_w", "impedance_ohm", "gel-8_c", "near_c"}
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_pulses_pause_the_power() -> None:
    result = run_phantom(read_phantom(changed(("duration_s = 6", "duration_s = 6\npulses_s = [2, 1]")), "x"))
    assert result.power_w[:6] == [8.0, 8.0, 0.0, 8.0, 8.0, 0.0]


def test_a_set_temperature_is_reached_and_held_within_the_power_that_there_is() -> None:
    drive = 'mode = "temperature"\ntemperature_set_c = 70.0\npower_max_w = 20.0'
    text = changed(('mode = "power"\npower_w = 8.0', drive), ("duration_s = 6", "duration_s = 12"))
    result = run_phantom(read_phantom(text, "x"))
    assert result.power_w[0] == 20.0
    assert 0.0 < result.power_w[-1] < 10.0
    assert result.probes["near"][-1] < 70.0


def test_a_bipolar_needle_heats_between_its_contacts_and_not_far_away() -> None:
    text = changed(('kind = "monopolar"', BIPOLAR), ("active_mm = 10\n", ""), ("axial_mm = -2.5", "axial_mm = 17.0"))
    result = run_phantom(read_phantom(text, "x"))
    assert result.probes["near"][-1] > 25.0
    assert result.probes["gel-8"][-1] < 21.2


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("active_mm = 10", "active_mm = 10\nlength_mm = 3", "electrode.monopolar.length_mm: Extra inputs"),
        ("active_mm = 10", "active_mm = 30", "electrode: 30 mm of active part do not fit"),
        ("spacing_mm = 2.0", "spacing_mm = 0.1", "domain.spacing_mm: 0.1 is too fine for this size; take 0.2 or more"),
        ("spacing_mm = 2.0", "spacing_mm = 1.7", "must be a whole number of spacing_mm"),
        ("spacing_mm = 2.0", "spacing_mm = 5.0", "domain.spacing_mm"),
        ('tipward = "gel"', 'tipward = "bone"', "there is no medium 'bone'; media are gel"),
        ("power_w = 8.0", "power_w = 8.0\npower_max_w = 9.0", 'mode = "power" needs power_w, and nothing else'),
        ("radial_mm = 2.0", "radial_mm = 0.5", "probe 'near' lies inside the needle"),
        ("radial_mm = 8.0", "radial_mm = 30.0", "probe 'gel-8' lies outside the cube"),
        ('name = "near"', 'name = "gel-8"', "two probes are called 'gel-8'"),
        ("power_w = 8.0", "power_w = nan", "drive.power_w"),
        ("sigma_s_m = 0.20", "sigma_s_m = 0.0", "media.gel.sigma_s_m"),
        ("diameter_mm = 1.5", "diameter_mm =", "is not TOML"),
    ],
)
def test_bad_input_is_a_sentence_that_names_the_field(old: str, new: str, says: str) -> None:
    with pytest.raises(PhantomError) as refused:
        read_phantom(changed((old, new)), "phantom.toml")
    assert str(refused.value).startswith("phantom.toml")
    assert says in str(refused.value)


def test_what_cannot_be_read_or_written_is_a_sentence(phantom: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="cannot be read"):
        run_bench(tmp_path / "none.toml", "json", None, None)
    with pytest.raises(SetupError, match="cannot be written"):
        run_bench(phantom, "json", tmp_path / "no" / "folder.json", None)
    with pytest.raises(SetupError, match=r"out\.xyz"):
        run_bench(phantom, "json", tmp_path / "out.json", tmp_path / "out.xyz")
