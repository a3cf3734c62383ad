"""One full example of every payload: those of the specification, and of the small ones beside them."""

from __future__ import annotations

from typing import Any

from cordguard.contract.alarms import PresentAlarms, Transition
from cordguard.contract.case import Case, Mark
from cordguard.contract.commands import AnnunciatorBeat, Command
from cordguard.contract.health import ClockReading, Failure, Health, Rejected
from cordguard.contract.summary import SessionSummary
from cordguard.contract.telemetry import GeneratorReading, Status, TemperatureReading
from cordguard.contract.units import WireModel
from cordguard.contract.vitals import Vitals

AT_US = 1_790_000_000_120_000
POLICY = "sha256:" + "5e" * 32
ALARM_ID = "0123456789abcdef" * 2
CANAL = "gen-1/canal"

Json = dict[str, Any]

ALARM: Json = {
    "alarm_id": ALARM_ID,
    "rule": "R04",
    "name": "predicted_peak",
    "sensor": CANAL,
    "kind": "physiological",
    "priority": "high",
    "condition": True,
    "latched": False,
    "acknowledged": False,
    "value": 43.1,
    "limit": 45.0,
    "message": "Predicted peak 45.2 °C at gen-1/canal.",
}
SENSOR_SUMMARY: Json = {
    "sensor": CANAL,
    "role": "neural",
    "structure": "spinal-cord",
    "distance_mm": 9.0,
    "samples": 4200,
    "faults": 0,
    "completeness_percent": 100.0,
    "max_temperature_c": 43.4,
    "max_at_us": AT_US,
    "time_above_42_s": 31.0,
    "time_above_43_s": 4.5,
    "time_above_45_s": 0.0,
    "cem43_min": 0.6,
    "dose_estimated": False,
}
EXAMPLES: dict[type[WireModel], Json] = {
    GeneratorReading: {
        "seq": 812,
        "at_us": AT_US,
        "session": "s-1",
        "rf_on": True,
        "power_w": 9.8,
        "impedance_ohm": 112.4,
        "power_set_w": 10.0,
        "voltage_v": 33.2,
        "current_a": 0.295,
        "temperature_set_c": 70.0,
        "pump_flow_ml_min": 30.0,
        "pad_impedance_ohm": 60.0,
    },
    TemperatureReading: {
        "seq": 812,
        "at_us": AT_US,
        "readings": [
            {"sensor": "canal", "temperature_c": 38.41, "cold_junction_c": 23.9},
            {"sensor": "tip", "fault": "open"},
        ],
    },
    Status: {
        "state": "online",
        "at_us": AT_US,
        "device": {"model": "M1", "serial": "0001", "udi": "(01)00000000000000", "software": "1.0"},
        "sensors": [{"sensor": "canal", "role": "neural"}],
    },
    Case: {
        "session": "s-1",
        "revision": 3,
        "state": "open",
        "opened_us": AT_US,
        "procedure": "p-1",
        "actor": "a-1",
        "electrode": "bipolar",
        "level": "T8",
        "lesion": "lytic",
        "posterior_wall": "intact",
        "profile": "near",
        "sensors": [
            {"sensor": CANAL, "role": "neural", "structure": "spinal-cord", "distance_mm": 9.0},
            {"sensor": "gen-1/tip", "role": "probe"},
        ],
        "plan": {"ablations": 2, "temperature_set_c": 70.0, "duration_s": 420.0},
    },
    Mark: {"mark_id": "m-1", "at_us": AT_US, "mark": "cement-injected", "actor": "a-1", "role": "clinician"},
    Command: {
        "command_id": "c-1",
        "at_us": AT_US,
        "expires_us": AT_US + 10_000_000,
        "alarm_id": ALARM_ID,
        "action": "acknowledge",
        "actor": "a-1",
        "role": "clinician",
        "reason_code": "seen",
    },
    Transition: ALARM
    | {
        "step": 1,
        "session": "s-1",
        "change": "raised",
        "event_us": AT_US,
        "received_us": AT_US + 400,
        "policy": POLICY,
        "late": False,
        "command_id": "c-1",
        "actor": "a-1",
        "role": "clinician",
        "reason_code": "seen",
        "evidence": {"temperature_c": 43.1, "slope_c_per_s": 0.05, "window": [1, 2.5, None, {"rf_on": True}]},
    },
    PresentAlarms: {
        "as_of_us": AT_US,
        "audio": "paused",
        "paused_until_us": AT_US + 120_000_000,
        "present": [ALARM | {"since_us": AT_US, "guidance": "Stop RF."}],
    },
    Vitals: {
        "as_of_us": AT_US,
        "session": "s-1",
        "case_pending": False,
        "rf_on": True,
        "profile": "near",
        "policy": POLICY,
        "sensors": [
            {
                "sensor": CANAL,
                "role": "neural",
                "temperature_c": 41.2,
                "age_ms": 60,
                "slope_c_per_s": 0.05,
                "cem43_min": 0.4,
                "dose_estimated": False,
                "limits": {"warn_c": 42.0, "stop_c": 45.0, "cem43_min": 10.0},
                "forecast": {"limit_in_s": 48.0, "peak_if_stopped_c": 42.6, "peak_sd_c": 0.3},
            }
        ],
        "generator": {"power_w": 9.8, "impedance_ohm": 112.4, "energy_j": 1210.0},
        "latency_ms": {"p50": 0.8, "p99": 2.1},
    },
    SessionSummary: {
        "session": "s-1",
        "revision": 1,
        "final": True,
        "procedure": "p-1",
        "actor": "a-7",
        "opened_us": AT_US,
        "closed_us": AT_US + 900_000_000,
        "released_us": AT_US + 1_200_000_000,
        "level": "T8",
        "electrode": "bipolar",
        "lesion": "lytic",
        "posterior_wall": "intact",
        "profile": "near",
        "policy": POLICY,
        "monitor": "cordguard 0.1.0",
        "devices": [{"source": "gen-1", "model": "Ablator 3", "serial": "0815", "udi": "(01)0401", "software": "2.1"}],
        "rf_on_s": 420.0,
        "energy_j": 4100.0,
        "sensors": [SENSOR_SUMMARY],
        "ablations": [
            {
                "index": 1,
                "started_us": AT_US,
                "ended_us": AT_US + 420_000_000,
                "rf_on_s": 420.0,
                "energy_j": 4100.0,
                "mean_power_w": 9.76,
                "max_power_w": 10.1,
                "temperature_set_c": 70.0,
                "impedance_start_ohm": 120.0,
                "impedance_min_ohm": 98.0,
                "impedance_max_ohm": 130.0,
                "high_at_end": ["R04"],
                "sensors": [SENSOR_SUMMARY],
            }
        ],
        "alarm_counts": {"high": 1, "medium": 0, "low": 0},
        "alarms": [
            {
                "alarm_id": ALARM_ID,
                "rule": "R04",
                "name": "predicted_peak",
                "sensor": CANAL,
                "kind": "physiological",
                "priority": "high",
                "raised_us": AT_US,
                "ended_us": AT_US + 5_000_000,
                "acknowledged_after_s": 3.2,
                "times_raised": 1,
            }
        ],
        "marks": [{"mark": "cement-injected", "at_us": AT_US}],
        "alarms_left_out": 0,
        "audio_pauses": 0,
        "monitor_blind_s": 0.0,
        "thermometry": "neural",
        "capture": {"sha256": "5e" * 32, "lines": 9000, "from_us": AT_US, "to_us": AT_US + 900_000_000},
    },
    Rejected: {
        "topic": "cordguard/v1/site/or-1/gen-1/temperature",
        "received_us": AT_US,
        "reason": "temperature frame without readings",
        "count": 1,
        "bytes_base64": "e30=",
    },
    Health: {
        "state": "ok",
        "at_us": AT_US,
        "version": "0.1.0",
        "policy": POLICY,
        "lag_ms": 1.2,
        "queue": 0,
        "detail": {"frames": 12},
    },
    Failure: {"failed": True, "since_us": AT_US, "what": "no answer from safety", "last_proof_us": AT_US - 3_000_000},
    AnnunciatorBeat: {"at_us": AT_US, "audible": True},
    ClockReading: {"at_us": AT_US},
}
"""By payload; every optional key is there."""
