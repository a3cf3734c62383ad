"""What a scenario says of the patient and of the needle in him, and the tissue model that follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import Field, model_validator

from cordguard.simulators.checked import Checked
from cordguard.simulators.tissue.anatomy import CORD_MM, LesionKind, LesionShape, Vertebra, Wall
from cordguard.simulators.tissue.cement import CementedTissue, CementFill
from cordguard.simulators.tissue.model import PositionMm, TissueModel
from cordguard.simulators.tissue.needle import Needle, bipolar, monopolar
from cordguard.simulators.tissue.placement import Placement
from cordguard.simulators.tissue.properties import TISSUES
from cordguard.simulators.tissue.spherical import SphereGrid, SphericalTissue
from cordguard.simulators.tissue.spine import SpineTissue

Length = Annotated[float, Field(gt=0.0, le=100.0)]
Degrees = Annotated[float, Field(ge=-80.0, le=80.0)]
REACH_MM: Final = 10.0
"""The fine rings around the needle reach so far beyond its ends: the block must hold them."""


class SphereSettings(Checked):
    """One kind of tissue all around a ball: the quickest model, for trying things out."""

    kind: str = Field(description="A row of the table of tissue properties.")
    electrode_radius_mm: Annotated[float, Field(gt=0.5, le=15.0)] = Field(description="Radius of the active part.")

    @model_validator(mode="after")
    def _is_in_the_table(self) -> SphereSettings:
        if self.kind not in TISSUES:
            msg = f"kind {self.kind!r} is not in the table of tissues; take one of {', '.join(sorted(TISSUES))}"
            raise ValueError(msg)
        return self


class LesionSettings(Checked):
    """A metastasis in the vertebral body; mm in the patient's frame."""

    kind: LesionKind = Field(description="lytic, mixed or sclerotic.")
    centre_mm: PositionMm = Field(default=(0.0, -13.0, 0.0), description="Its middle: left, back, head.")
    radii_mm: tuple[Length, Length, Length] = Field(default=(10.0, 9.0, 9.0), description="Its half axes.")


class VertebraSettings(Checked):
    """The vertebra; what is left out is that of a lower thoracic one.

    The patient's frame: mm from the middle of the posterior wall, towards the patient's left, back and head.
    """

    lesion: LesionSettings | None = Field(default=None, description="The metastasis, if there is one.")
    wall: Wall = Field(default="intact", description="State of the posterior wall.")
    width_mm: Length = Field(default=38.0, description="Of the body.")
    depth_mm: Length = Field(default=30.0, description="Of the body.")
    height_mm: Length = Field(default=25.0, description="Of the body.")
    canal_depth_mm: Length = Field(default=16.0, description="Of the spinal canal.")
    cord: bool = Field(default=True, description="False below the first lumbar vertebra, where the cord has ended.")

    def shape(self) -> Vertebra:
        """As the physics knows it."""
        lesion = self.lesion
        return Vertebra(
            LesionShape(lesion.kind, lesion.centre_mm, lesion.radii_mm) if lesion is not None else None,
            self.wall,
            width_mm=self.width_mm,
            depth_mm=self.depth_mm,
            height_mm=self.height_mm,
            canal_depth_mm=self.canal_depth_mm,
            cord_mm=CORD_MM if self.cord else None,
        )


class NeedleSettings(Checked):
    """The needle and how it lies."""

    diameter_mm: Annotated[float, Field(ge=0.5, le=5.0)] = Field(description="Of its metal.")
    contacts_mm: Annotated[tuple[Length, ...], Field(min_length=1, max_length=2)] = Field(
        description="Length of its contact, or of both, the tip's first: two make it bipolar."
    )
    gap_mm: Length | None = Field(default=None, description="Between two contacts.")
    cooling_c: Annotated[float, Field(ge=0.0, le=37.0)] | None = Field(
        default=None, description="Temperature of the coolant in it, if there is one."
    )
    target_mm: PositionMm = Field(description="Where the middle of its active part is meant to be; patient's frame.")
    lateral_deg: Degrees = Field(default=0.0, description="The hand, from straight behind towards the patient's left.")
    cranial_deg: Degrees = Field(default=0.0, description="The hand, towards the head.")
    error_mm: PositionMm = Field(default=(0.0, 0.0, 0.0), description="By how much it misses its target.")

    @model_validator(mode="after")
    def _has_a_gap_between_two(self) -> NeedleSettings:
        if (len(self.contacts_mm) == 2) != (self.gap_mm is not None):  # noqa: PLR2004 - two contacts
            msg = "gap_mm belongs to two contacts: give it with contacts_mm = [7.0, 7.0], and leave it out with one"
            raise ValueError(msg)
        return self

    def needle(self) -> Needle:
        """As the physics knows it."""
        if self.gap_mm is None:
            return monopolar(self.diameter_mm, self.contacts_mm[0], cooling_c=self.cooling_c)
        tipward_mm, handward_mm = self.contacts_mm
        return bipolar(self.diameter_mm, tipward_mm, handward_mm, self.gap_mm, cooling_c=self.cooling_c)

    def placement(self) -> Placement:
        """How it lies."""
        return Placement(self.target_mm, self.lateral_deg, self.cranial_deg, self.error_mm)


class CementSettings(Checked):
    """Bone cement, if the operator injects any."""

    volume_ml: Annotated[float, Field(gt=0.0, le=15.0)] = Field(description="In the body, around the lesion's middle.")
    leak_ml: Annotated[float, Field(ge=0.0, le=5.0)] = Field(default=0.0, description="Into the front of the canal.")
    setting_s: Annotated[float, Field(gt=0.0, le=3_600.0)] = Field(
        default=690.0, description="Setting time at 23 °C, from the end of mixing."
    )
    age_s: Annotated[float, Field(ge=0.0, le=3_600.0)] = Field(
        default=300.0, description="From the end of mixing to injection."
    )

    def fill(self, middle_mm: PositionMm) -> CementFill:
        """As the physics knows it."""
        return CementFill(self.volume_ml, middle_mm, self.leak_ml, setting_s=self.setting_s, age_s=self.age_s)


class GridSettings(Checked):
    """The cells that heat is computed in. Finer is slower: by the fourth power or more."""

    size_mm: Annotated[float, Field(ge=40.0, le=120.0)] = Field(default=60.0, description="Edge of the block.")
    spacing_mm: Annotated[float, Field(ge=0.5, le=2.0)] = Field(default=1.0, description="Edge of a cell.")


class PatientSettings(Checked):
    """A needle in a vertebra."""

    vertebra: VertebraSettings = Field(description="Who is treated.")
    needle: NeedleSettings = Field(description="What with.")
    cement: CementSettings | None = Field(default=None, description="What is injected afterwards.")
    grid: GridSettings = Field(default=GridSettings(), description="How finely it is computed.")

    @model_validator(mode="after")
    def _fits(self) -> PatientSettings:
        needle = self.needle.needle()
        reach_mm = max(-needle.tip_mm, needle.contacts_mm[-1][1]) + REACH_MM
        if 2.0 * reach_mm > self.grid.size_mm:
            msg = f"grid.size_mm must be at least {2.0 * reach_mm:g} for this needle"
            raise ValueError(msg)
        return self

    def tissue(self) -> SpineTissue:
        """Warm, without RF."""
        return SpineTissue(
            self.vertebra.shape(),
            self.needle.needle(),
            self.needle.placement(),
            size_mm=self.grid.size_mm,
            spacing_mm=self.grid.spacing_mm,
        )

    def cemented(self, before: SpineTissue) -> CementedTissue:
        """The same patient with the needle out and the cement in, as warm as he was ``before``."""
        vertebra, grid = self.vertebra, self.grid
        middle_mm = vertebra.lesion.centre_mm if vertebra.lesion is not None else self.needle.target_mm
        if self.cement is None:
            msg = "a scenario that was read has cement if somebody injects it"
            raise AssertionError(msg)
        return CementedTissue(
            vertebra.shape(),
            self.cement.fill(middle_mm),
            size_mm=grid.size_mm,
            spacing_mm=grid.spacing_mm,
            before=before.temperatures_c,
        )


Mount = Literal["patient", "needle"]
"""Whether a sensor stays where it is in the patient, or goes with the needle."""


def model_of(patient: SphereSettings | PatientSettings) -> TissueModel:
    """The tissue that a scenario speaks of."""
    if isinstance(patient, PatientSettings):
        return patient.tissue()
    return SphericalTissue(TISSUES[patient.kind], SphereGrid(patient.electrode_radius_mm))


class PlacedSensors:
    """A tissue model as devices know it: a load, and temperatures at the sensors' places."""

    def __init__(self, model: TissueModel, places_mm: Mapping[str, PositionMm]) -> None:
        """``places_mm`` in the model's own frame, by sensor."""
        self.model = model
        """What the needle lies in; after it, cement."""
        self.places_mm: Final = dict(places_mm)
        """Where each sensor lies."""

    def impedance_ohm(self) -> float:
        """The load that a generator sees now."""
        return self.model.impedance_ohm()

    def temperatures_c(self) -> dict[str, float]:
        """How warm it is now at each sensor."""
        return {name: self.model.temperature_c(place) for name, place in self.places_mm.items()}

    def take(self, power_w: float, dt_s: float) -> None:
        """Let ``dt_s`` seconds pass while the needle delivers ``power_w``."""
        self.model.step(power_w, dt_s)


def place_mm(patient: SphereSettings | PatientSettings, position_mm: PositionMm, mount: Mount) -> PositionMm:
    """Where a sensor lies, in the model's own frame."""
    if mount == "needle" and isinstance(patient, PatientSettings):
        return patient.needle.placement().to_patient_point(position_mm)
    return position_mm
