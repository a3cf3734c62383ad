"""Pictures and films of the field: they show what the model says, and a film that cannot be made says why."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest
from matplotlib.animation import FFMpegWriter
from PIL import Image

from cordguard.simulators.drawing.field import FieldPicture
from cordguard.simulators.drawing.film import FilmError, check_film, filming
from cordguard.simulators.drawing.scenes import NothingToDrawError, draw_scenario
from cordguard.simulators.scenario import Scenario, read_scenario
from cordguard.simulators.tissue.anatomy import Vertebra
from cordguard.simulators.tissue.needle import bipolar
from cordguard.simulators.tissue.placement import Placement
from cordguard.simulators.tissue.spine import SpineTissue
from support.sim_monitor import SHORT


@pytest.fixture(scope="module")
def tissue() -> SpineTissue:
    placed = Placement((0.0, -10.0, 0.0), lateral_deg=20.0)
    warm = SpineTissue(Vertebra(), bipolar(1.7, 7.0, 7.0, 4.0), placed, size_mm=44.0, spacing_mm=2.0)
    warm.step(4.0, 20.0)
    return warm


def test_a_picture_names_each_sensor_with_its_temperature(tissue: SpineTissue, tmp_path: Path) -> None:
    front_mm = tissue.vertebra.canal_front_mm
    picture = FieldPicture(tissue, {"canal": front_mm}, "T10")
    picture.draw(65.0)
    texts = [text.get_text() for axes in picture.figure.axes for text in axes.texts]
    assert texts.count(f"canal {tissue.temperature_c(front_mm):.1f} °C") == 2
    assert picture.figure.get_suptitle() == "T10: 1:05 of a simulated ablation"
    path = tmp_path / "field.png"
    picture.figure.savefig(path)
    with Image.open(path) as image:
        colours = image.convert("RGB").getcolors(1_000_000)
    assert colours is not None
    assert len(colours) > 500


def test_a_film_has_a_picture_for_each_moment(tissue: SpineTissue, tmp_path: Path) -> None:
    path = tmp_path / "film.gif"
    with filming(FieldPicture(tissue, {}, "T10"), path) as take:
        for time_s in (0.0, 10.0, 20.0):
            tissue.step(4.0, 10.0)
            take(time_s)
    with Image.open(path) as image:
        assert getattr(image, "n_frames", 1) == 3


def test_a_film_of_another_kind_or_without_ffmpeg_is_refused_before_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(FilmError, match=r"is a \.gif or \.mp4 file"):
        check_film(tmp_path / "film.avi")
    monkeypatch.setattr(FFMpegWriter, "isAvailable", classmethod(lambda _: False))
    with pytest.raises(FilmError, match="needs ffmpeg"):
        check_film(tmp_path / "film.mp4")


def short(text: str) -> Scenario:
    """A shipped scenario of which little is played, on a coarse grid."""
    script = text.partition("[recording]")[0] + "[recording]\nrf_off_s = 34.0\nuntil_s = 36.0\n"
    coarse = script.replace("[patient.needle]", "[patient.grid]\nsize_mm = 44.0\nspacing_mm = 2.0\n\n[patient.needle]")
    return read_scenario(coarse, "short")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    file = resources.files("cordguard.simulators") / "scenarios/overheating-near-canal.toml"
    return short(file.read_text(encoding="utf-8"))


def test_a_scenario_is_drawn_at_the_end_of_rf_and_filmed_as_a_whole(scenario: Scenario, tmp_path: Path) -> None:
    picture, film, told = tmp_path / "field.png", tmp_path / "film.gif", []
    draw_scenario(scenario, 1, picture, film, lambda at_s, ends_s: told.append((at_s, ends_s)))
    with Image.open(picture) as image:
        assert image.width > 1_000
    with Image.open(film) as image:
        assert getattr(image, "n_frames", 1) == 12
    assert told[-1] == (36.0, 36.0)


@pytest.mark.parametrize("ending", ["avi", "nix"])
def test_what_cannot_be_drawn_is_said_before_anything_is_played(
    scenario: Scenario, tmp_path: Path, ending: str
) -> None:
    told: list[float] = []
    path = tmp_path / f"field.{ending}"
    picture, film = (path, None) if ending == "nix" else (None, path)
    with pytest.raises((ValueError, FilmError), match=r"ending must be one of|is a \.gif or \.mp4"):
        draw_scenario(scenario, 1, picture, film, lambda at_s, _: told.append(at_s))
    with pytest.raises(FileNotFoundError):
        draw_scenario(scenario, 1, tmp_path / "nowhere" / "field.png", None, lambda at_s, _: told.append(at_s))
    assert told == []


def test_a_scenario_in_one_tissue_has_no_anatomy_to_draw(tmp_path: Path) -> None:
    with pytest.raises(NothingToDrawError, match="give it"):
        draw_scenario(read_scenario(SHORT, "ball"), 1, tmp_path / "field.png", None, lambda *_: None)
