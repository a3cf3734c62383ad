"""The file that describes a phantom: what is in it, the needle, how it is driven, and where probes lie."""

from __future__ import annotations

import math
import tomllib
from typing import Annotated, Final, Literal

import numpy as np
from pydantic import Field, ValidationError, model_validator

from cordguard.simulators.checked import Checked, first_problems
from cordguard.simulators.tissue.block import SLEEVE_MM, Surroundings
from cordguard.simulators.tissue.media import Field as Coordinates
from cordguard.simulators.tissue.media import Indices
from cordguard.simulators.tissue.needle import Needle, bipolar, monopolar
from cordguard.simulators.tissue.properties import Tissue

CELLS_MAX: Final = 200
"""Along each edge: 8 million in all, about 3 GB of memory."""
SPACING_MAX_MM: Final = 2.0
"""Coarser cells would not tell the needle's core from what lies around it."""
Positive = Annotated[float, Field(gt=0.0)]
NotNegative = Annotated[float, Field(ge=0.0)]
Celsius = Annotated[float, Field(ge=-20.0, le=100.0)]


class PhantomError(Exception):
    """A phantom that cannot be run: says which field, and what was expected."""


class Domain(Checked):
    """The cube; the needle's axis goes through its middle."""

    size_mm: Annotated[float, Field(ge=30.0, le=400.0)] = Field(description="Length of its edges.")
    spacing_mm: Annotated[float, Field(gt=0.0, le=SPACING_MAX_MM)] = Field(description="Of the cells.")
    start_c: Celsius = Field(description="Temperature at the start.")
    boundary_c: Celsius = Field(description="Temperature at which the faces are held.")


class Medium(Checked):
    """What one part is made of."""

    sigma_s_m: Positive = Field(description="Electrical conductivity at 37 °C.")
    sigma_per_c: Annotated[float, Field(ge=0.0, le=0.1)] = Field(description="Relative rise of it per degree.")
    k_w_mk: Positive = Field(description="Thermal conductivity.")
    rho_kg_m3: Positive = Field(description="Density.")
    c_j_kgk: Positive = Field(description="Specific heat capacity.")
    perfusion_1_s: NotNegative = Field(default=0.0, description="Blood volume per volume and second, at 37 °C.")

    def tissue(self) -> Tissue:
        """As the physics knows it: its conductivity rises without end, until its water boils away."""
        return Tissue(
            self.rho_kg_m3,
            self.c_j_kgk,
            self.k_w_mk,
            self.perfusion_1_s,
            self.sigma_s_m,
            "phantom",
            self.sigma_per_c,
            math.inf,
        )


class Halves(Checked):
    """The plane across the needle, through the middle of its active part, parts two media."""

    tipward: str = Field(description="Medium on the tip's side.")
    handward: str = Field(description="Medium on the hand's side; may be the same.")


class Monopolar(Checked):
    """One contact, the needle's flat end included; the faces are its return."""

    kind: Literal["monopolar"]
    diameter_mm: Annotated[float, Field(ge=0.2, le=6.0)] = Field(description="Of the needle.")
    active_mm: Annotated[float, Field(ge=1.0, le=100.0)] = Field(description="Length of the contact.")
    cooling_c: Celsius | None = Field(default=None, description="The active surface is held at this temperature.")

    def needle(self) -> Needle:
        """As the physics knows it."""
        return monopolar(self.diameter_mm, self.active_mm, cooling_c=self.cooling_c)


class Bipolar(Checked):
    """Two contacts with a gap between them, the one at the tip with its flat end; the faces insulate."""

    kind: Literal["bipolar"]
    diameter_mm: Annotated[float, Field(ge=0.2, le=6.0)] = Field(description="Of the needle.")
    contacts_mm: tuple[Annotated[float, Field(ge=1.0, le=50.0)], Annotated[float, Field(ge=1.0, le=50.0)]] = Field(
        description="Lengths of the contacts, the one at the tip first."
    )
    gap_mm: Annotated[float, Field(ge=0.5, le=50.0)] = Field(description="Insulation between them.")
    cooling_c: Celsius | None = Field(default=None, description="The contacts are held at this temperature.")

    def needle(self) -> Needle:
        """As the physics knows it."""
        return bipolar(self.diameter_mm, *self.contacts_mm, self.gap_mm, cooling_c=self.cooling_c)


class Drive(Checked):
    """How much power, and for how long."""

    mode: Literal["power", "temperature"] = Field(description="Delivers a power, or holds the needle's temperature.")
    power_w: NotNegative | None = Field(default=None, description="For mode power.")
    temperature_set_c: Celsius | None = Field(default=None, description="For mode temperature.")
    power_max_w: Positive | None = Field(default=None, description="For mode temperature.")
    pulses_s: tuple[Positive, Positive] | None = Field(default=None, description="Seconds on, seconds off, and again.")
    duration_s: Annotated[float, Field(gt=0.0, le=7_200.0)] = Field(description="Of the whole run.")

    @model_validator(mode="after")
    def _has_what_its_mode_needs(self) -> Drive:
        given = {name for name in ("power_w", "temperature_set_c", "power_max_w") if getattr(self, name) is not None}
        wanted = {"power_w"} if self.mode == "power" else {"temperature_set_c", "power_max_w"}
        if given != wanted:
            msg = f'mode = "{self.mode}" needs {" and ".join(sorted(wanted))}, and nothing else of the three'
            raise ValueError(msg)
        return self


class Probe(Checked):
    """A thermometer without size."""

    name: Annotated[str, Field(min_length=1, max_length=64)] = Field(description="Its name in the result.")
    radial_mm: NotNegative = Field(description="From the needle's axis.")
    axial_mm: float = Field(description="From the middle of the active part, tipward negative.")


class Phantom(Checked):
    """A whole file."""

    domain: Domain
    media: dict[str, Medium] = Field(min_length=1)
    layout: Halves
    electrode: Annotated[Monopolar | Bipolar, Field(discriminator="kind")]
    drive: Drive
    probe: tuple[Probe, ...] = ()

    @model_validator(mode="after")
    def _can_be_built(self) -> Phantom:
        for problem in _contradictions(self):
            raise ValueError(problem)
        return self

    def surroundings(self) -> Surroundings:
        """The block that the needle lies in."""
        media = [self.media[self.layout.tipward].tissue(), self.media[self.layout.handward].tissue()]
        domain = self.domain
        return Surroundings(media, _halves, domain.size_mm, domain.spacing_mm, domain.start_c, domain.boundary_c)


def read_phantom(text: str, name: str) -> Phantom:
    """The phantom that a TOML text describes.

    Raises:
        PhantomError: it is no TOML, or a field is missing, unknown, out of range or contradicts another.
    """
    try:
        return Phantom.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        msg = f"{name} is not TOML: {error}"
    except ValidationError as error:
        msg = f"{name}: {first_problems(error)}"
    raise PhantomError(msg)


def _halves(x_mm: Coordinates, y_mm: Coordinates, z_mm: Coordinates) -> Indices:
    del x_mm, y_mm
    return np.asarray((z_mm >= 0.0).astype(np.intp))


def _contradictions(phantom: Phantom) -> list[str]:
    domain, needle = phantom.domain, phantom.electrode.needle()
    cells = domain.size_mm / domain.spacing_mm
    found = []
    if abs(cells - round(cells)) > 1e-6 * cells:
        found.append(f"domain: size_mm {domain.size_mm:g} must be a whole number of spacing_mm {domain.spacing_mm:g}")
    if round(cells) > CELLS_MAX:
        coarsest = domain.size_mm / CELLS_MAX
        found.append(f"domain.spacing_mm: {domain.spacing_mm:g} is too fine for this size; take {coarsest:g} or more")
    room_mm = domain.size_mm / 2.0 - SLEEVE_MM - SPACING_MAX_MM
    if -needle.tip_mm > room_mm or needle.radius_mm * 2.0 > room_mm:
        found.append(
            f"electrode: {-2.0 * needle.tip_mm:g} mm of active part do not fit: a cube of {domain.size_mm:g} mm "
            f"takes at most {2.0 * room_mm:g} mm"
        )
    found += [
        f"layout: there is no medium {name!r}; media are {', '.join(sorted(phantom.media))}"
        for name in (phantom.layout.tipward, phantom.layout.handward)
        if name not in phantom.media
    ]
    if phantom.drive.mode == "temperature" and needle.cooling_c is not None:
        found.append('drive: mode = "temperature" needs a needle without cooling_c: its surface cannot be held twice')
    return found + [problem for probe in phantom.probe for problem in _misplaced(probe, phantom, needle)]


def _misplaced(probe: Probe, phantom: Phantom, needle: Needle) -> list[str]:
    half_mm = phantom.domain.size_mm / 2.0
    found = []
    if probe.radial_mm > half_mm or abs(probe.axial_mm) > half_mm:
        found.append(f"probe {probe.name!r} lies outside the cube, which ends {half_mm:g} mm from its middle")
    if probe.radial_mm < needle.radius_mm and probe.axial_mm > needle.tip_mm:
        found.append(f"probe {probe.name!r} lies inside the needle, whose radius is {needle.radius_mm:g} mm")
    if [other.name for other in phantom.probe].count(probe.name) > 1:
        found.append(f"two probes are called {probe.name!r}")
    return found
