"""The rules about tissue: what happens to the patient."""

from __future__ import annotations

from typing import Final

from cordguard.engine.rules.definition import Rule, RuleLevel

NEURAL_STOP: Final = Rule(
    "R01",
    "neural_abs_stop",
    "physiological",
    latching=True,
    levels=(
        RuleLevel(
            "irreversible",
            "immediate",
            "neural sensor at or above stop_c of the profile",
            "2 of the last 3 samples within 1 s, or 3 in a row",
            "2 °C below the limit (stays latched until reset)",
        ),
    ),
    guidance="Stop RF now. Keep watching: temperature may rise for minutes after RF is off. Consider cooling.",
    rationale="Published stop value at the spinal canal.",
    source="Nakatsuka 2009; Sag 2022",
)

NEURAL_WARN: Final = Rule(
    "R02",
    "neural_warn",
    "physiological",
    latching=False,
    levels=(
        RuleLevel(
            "irreversible",
            "delayed",
            "neural sensor at or above warn_c of the profile",
            "2 s",
            "0.5 °C below the limit",
        ),
    ),
    guidance="Be ready to stop RF. Check the position of the sensor and the rate of rise.",
    rationale="Top of the range tolerated for 40 to 60 minutes.",
    source="Haveman 2005",
)

PREDICTED_PEAK: Final = Rule(
    "R04",
    "predicted_peak",
    "physiological",
    latching=False,
    levels=(
        RuleLevel(
            "irreversible",
            "prompt",
            "temperature + lookahead_s x slope at or above predicted_high_c, from 39 °C and 0.03 °C/s",
            "3 s",
            "1 °C below the limit",
        ),
        RuleLevel(
            "irreversible",
            "delayed",
            "the same at or above predicted_medium_c",
            "3 s",
            "1 °C below the limit",
        ),
    ),
    guidance="Heat is on its way: reduce or stop RF now, before the limit is reached.",
    rationale="Heat keeps arriving after RF is off; stopping at the limit is too late in fast ramps.",
    source="Nakatsuka 2009 (45 to 48 °C after RF-off); spherical bioheat model",
)

NEURAL_DOSE: Final = Rule(
    "R06",
    "neural_dose",
    "physiological",
    latching=True,
    levels=(
        RuleLevel(
            "irreversible",
            "prompt",
            "CEM43 of a neural sensor at or above dose_high_cem43_min",
            clears="only with a new dose",
        ),
        RuleLevel(
            "irreversible", "delayed", "the same at or above dose_medium_cem43_min", clears="only with a new dose"
        ),
        RuleLevel("reversible", "delayed", "the same at or above dose_low_cem43_min", clears="only with a new dose"),
    ),
    guidance="The thermal dose at the nerve is used up: stop RF, let it cool, and weigh what more is worth.",
    rationale="Lower edge of the tolerance of the central nervous system is 10 to 30 CEM43.",
    source="Haveman 2005; Sminia 1990",
)

IMPEDANCE_RISE: Final = Rule(
    "R18",
    "impedance_rise",
    "physiological",
    latching=False,
    levels=(
        RuleLevel(
            "irreversible", "prompt", "impedance at or above 2 x its baseline", "3 s", "below 1.15 x the baseline"
        ),
        RuleLevel(
            "reversible",
            "prompt",
            "impedance at or above 1.3 x its baseline, or 20 Ω above it",
            "3 s",
            "below 1.15 x the baseline",
        ),
    ),
    guidance="Tissue at the electrode dries out or chars. Reduce power, or stop and reposition.",
    rationale="Desiccation, charring, roll-off. The baseline is the median of the first 10 s at power.",
    source="practice of impedance-controlled generators",
)
