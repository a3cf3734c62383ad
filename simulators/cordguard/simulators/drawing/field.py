"""The temperature field in two planes through the needle's middle, with anatomy, isotherms, needle and sensors.

No hardware shows this: a monitor knows its sensors only. It is for people who want to understand what they see.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, Normalize
from matplotlib.figure import Figure

from cordguard.simulators.tissue.anatomy import MEDIA_NAMES, Vertebra
from cordguard.simulators.tissue.media import Field
from cordguard.simulators.tissue.model import PositionMm
from cordguard.simulators.tissue.needle import Needle
from cordguard.simulators.tissue.placement import Placement
from cordguard.simulators.tissue.spine import SpineTissue

SPAN_MM: Final = 36.0
"""What is shown reaches so far from the middle of the needle's active part."""
FINE_MM: Final = 0.4
ISOTHERMS_C: Final = (42.0, 45.0, 50.0, 60.0)
WARM_C: Final = 37.5
OPAQUE_C: Final = 55.0
"""Between these two, heat covers anatomy more and more."""
HOTTEST_C: Final = 90.0
"""Colours end here."""
NEAR_MM: Final = 6.0
"""A sensor further from a plane than this is not drawn in it."""
SHAFT_MM: Final = 60.0
TISSUE_COLOURS: Final[Mapping[str, str]] = {
    "muscle": "#e3c8c0",
    "bone-cortical": "#8f8a7a",
    "bone-cancellous": "#e9e2c6",
    "intervertebral-disc": "#bcd0d6",
    "fat": "#f6efb8",
    "cerebrospinal-fluid": "#cfe3f5",
    "spinal-cord": "#b7a6cf",
    "nerve": "#9f8bc0",
    "lytic-tumour": "#c9a58f",
    "mixed-tumour": "#bda08c",
    "sclerotic-tumour": "#a89684",
}
"""Pale, so that heat stands out; red, yellow and cyan of alarms are not among them."""


LABEL: Final = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.7}


@dataclass(frozen=True, slots=True)
class Plane:
    """A cut through the patient."""

    title: str
    across: int
    """Axis of the patient that runs to the right: 0 left, 1 back, 2 head."""
    up: int
    labels: tuple[str, str]
    flipped: bool = False
    """Whether the upward axis is drawn downward, as radiologists look at it."""

    def points(self, middle_mm: PositionMm) -> tuple[Field, Field, tuple[Field, Field, Field]]:
        """Edges of the picture's cells, and the points in their middles."""
        count = round(2.0 * SPAN_MM / FINE_MM)
        offsets = (np.arange(count) + 0.5) * FINE_MM - SPAN_MM
        place = [np.full((count, count), value) for value in middle_mm]
        place[self.across], place[self.up] = np.meshgrid(middle_mm[self.across] + offsets, middle_mm[self.up] + offsets)
        return place[self.across][0], place[self.up][:, 0], (place[0], place[1], place[2])


PLANES: Final = (
    Plane("seen from below", 0, 1, ("to the patient's left, mm", "to the back, mm"), flipped=True),
    Plane("seen from the left", 1, 2, ("to the back, mm", "to the head, mm")),
)


class FieldPicture:
    """A figure that can be drawn again as time goes on: anatomy stays, heat moves."""

    def __init__(self, tissue: SpineTissue, sensors: Mapping[str, PositionMm], title: str) -> None:
        """``sensors``: name to place in the patient's frame."""
        self.figure: Final = Figure(figsize=(11.0, 5.6), layout="constrained")
        self._tissue: Final = tissue
        self._sensors: Final = sensors
        self._title: Final = title
        self._middle_mm: Final = tissue.placement.middle_mm
        self._axes: Final[list[Axes]] = list(self.figure.subplots(1, len(PLANES)))
        self._norm: Final = Normalize(WARM_C, HOTTEST_C)
        self._shows_bar = False

    def draw(self, time_s: float) -> None:
        """As it is now, ``time_s`` after the start."""
        for axes, plane in zip(self._axes, PLANES, strict=True):
            axes.clear()
            across_mm, up_mm, points = plane.points(self._middle_mm)
            _draw_anatomy(axes, self._tissue.vertebra, across_mm, up_mm, points)
            heat_c = self._tissue.temperatures_c(*points)
            shown = axes.imshow(
                heat_c,
                origin="lower",
                extent=(across_mm[0], across_mm[-1], up_mm[0], up_mm[-1]),
                cmap="OrRd",
                norm=self._norm,
                alpha=np.clip((heat_c - WARM_C) / (OPAQUE_C - WARM_C), 0.0, 0.85),
            )
            lines = axes.contour(across_mm, up_mm, heat_c, levels=ISOTHERMS_C, colors="black", linewidths=0.8)
            axes.clabel(lines, fmt="%g °C", fontsize=7)
            _draw_needle(axes, plane, self._tissue.needle, self._tissue.placement)
            self._draw_sensors(axes, plane)
            axes.set(title=plane.title, xlabel=plane.labels[0], ylabel=plane.labels[1], aspect="equal")
            axes.set_xlim(across_mm[0], across_mm[-1])
            axes.set_ylim(*((up_mm[-1], up_mm[0]) if plane.flipped else (up_mm[0], up_mm[-1])))
            if not self._shows_bar:
                self.figure.colorbar(shown, ax=self._axes, label="temperature, °C", shrink=0.8)
                self._shows_bar = True
        self.figure.suptitle(f"{self._title}: {int(time_s) // 60}:{int(time_s) % 60:02d} of a simulated ablation")

    def _draw_sensors(self, axes: Axes, plane: Plane) -> None:
        through = 3 - plane.across - plane.up
        for name, place_mm in self._sensors.items():
            if abs(place_mm[through] - self._middle_mm[through]) > NEAR_MM:
                continue
            across_mm, up_mm = place_mm[plane.across], place_mm[plane.up]
            axes.plot([across_mm], [up_mm], marker="o", markersize=6, color="white", markeredgecolor="black")
            text = f"{name} {self._tissue.temperature_c(place_mm):.1f} °C"
            axes.annotate(text, (across_mm, up_mm), (5, 5), textcoords="offset points", fontsize=8, bbox=LABEL)


def _draw_anatomy(
    axes: Axes, vertebra: Vertebra, across_mm: Field, up_mm: Field, points: tuple[Field, Field, Field]
) -> None:
    numbers = vertebra.layout(*points)
    colours = ListedColormap([TISSUE_COLOURS[name] for name in MEDIA_NAMES])
    extent = (across_mm[0], across_mm[-1], up_mm[0], up_mm[-1])
    axes.imshow(numbers, origin="lower", extent=extent, cmap=colours, vmin=-0.5, vmax=len(MEDIA_NAMES) - 0.5)


def _draw_needle(axes: Axes, plane: Plane, needle: Needle, placement: Placement) -> None:
    """The shaft, thin, and the contacts on it, thick: seen from the side, whatever lies before the plane."""

    def line(low_mm: float, high_mm: float, **style: object) -> None:
        ends = placement.to_patient(np.zeros(2), np.zeros(2), np.array([low_mm, high_mm]))
        axes.plot(ends[plane.across], ends[plane.up], solid_capstyle="butt", **style)  # type: ignore[arg-type]

    line(needle.tip_mm, needle.contacts_mm[-1][1] + SHAFT_MM, color="#555555", linewidth=1.5)
    for low_mm, high_mm in needle.contacts_mm:
        line(low_mm, high_mm, color="white", linewidth=4.0)
        line(low_mm, high_mm, color="#2b2b2b", linewidth=2.5)
