"""Messages as safety publishes them, for tests of what comes after it."""

from __future__ import annotations

from cordguard.contract.alarms import Transition
from cordguard.contract.units import SensorKey
from cordguard.contract.vitals import Forecast, GeneratorVitals, Limits, SensorVitals, Vitals

AT_US = 1_790_000_000_120_000
POLICY = "sha256:" + "0" * 64


def transition(
    *,
    step: int = 1,
    sensor: SensorKey | None = "gen-1/canal",
    event_us: int = AT_US,
    message: str = "Canal 45.2 °C, limit 45.0 °C: stop RF.",
) -> Transition:
    """A neural sensor above its stop limit."""
    return Transition(
        alarm_id="0123456789abcdef0123456789abcdef",
        step=step,
        session="s-1",
        rule="R01",
        name="neural_stop",
        sensor=sensor,
        kind="physiological",
        priority="high",
        change="raised",
        condition=True,
        latched=False,
        acknowledged=False,
        event_us=event_us,
        received_us=event_us + 4_000,
        value=45.2,
        limit=45.0,
        message=message,
        policy=POLICY,
        late=False,
        evidence={"temperature_c": 45.2},
    )


def vitals(*, as_of_us: int = AT_US, temperature_c: float | None = 41.2, rf_on: bool = True) -> Vitals:
    """A neural sensor and a probe sensor that has no temperature."""
    canal = SensorVitals(
        sensor="gen-1/canal",
        role="neural",
        temperature_c=temperature_c,
        age_ms=60,
        slope_c_per_s=0.05,
        cem43_min=0.4,
        dose_estimated=False,
        limits=Limits(warn_c=42.0, stop_c=45.0, cem43_min=10.0),
        forecast=Forecast(limit_in_s=48.0, peak_if_stopped_c=42.6, peak_sd_c=0.3),
    )
    tip = SensorVitals(sensor="gen-1/tip", role="probe", fault="open", age_ms=60, cem43_min=0.0, dose_estimated=False)
    return Vitals(
        as_of_us=as_of_us,
        session="s-1",
        rf_on=rf_on,
        profile="standard",
        policy=POLICY,
        sensors=(canal, tip),
        generator=GeneratorVitals(power_w=9.8, impedance_ohm=112.4, energy_j=1210.0),
    )
