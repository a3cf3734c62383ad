"""Sound as samples: what the page's own modules render offline, and what can be measured in it."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from playwright.sync_api import Page

RATE_HZ: Final = 16_000
WINDOW_S: Final = 0.005

Samples = npt.NDArray[np.float64]

RENDER: Final = """
async ([calls, forS, rateHz]) => {
  const { playBurst } = await import("/static/sound.js");
  const { Bursts } = await import("/static/bursts.js");
  const context = new OfflineAudioContext(1, forS * rateHz, rateHz);
  const bursts = new Bursts();
  for (let at = 0; at < forS; at += 0.1) {
    const { begin } = bursts.next(calls, at);
    if (begin) playBurst(context, begin, at);
  }
  const bytes = new Uint8Array((await context.startRendering()).getChannelData(0).buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 30000) text += String.fromCharCode(...bytes.subarray(at, at + 30000));
  return btoa(text);
}
"""

TAP: Final = """
(() => {
  window.bursts = [];
  const start = OscillatorNode.prototype.start;
  OscillatorNode.prototype.start = function (at) {
    window.bursts.push(Math.round(this.frequency.value));
    return start.call(this, at);
  };
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (target, ...more) {
    if (target === this.context.destination && this.context instanceof AudioContext) {
      window.tap ??= this.context.createAnalyser();
      connect.call(this, window.tap);
    }
    return connect.call(this, target, ...more);
  };
  window.loudness = () => {
    if (!window.tap) return 0;
    const wave = new Float32Array(window.tap.fftSize);
    window.tap.getFloatTimeDomainData(wave);
    return Math.sqrt(wave.reduce((sum, value) => sum + value * value, 0) / wave.length);
  };
})()
"""
"""A page so prepared keeps in ``bursts`` the fundamentals that it began to sound, and measures what goes out."""


@dataclass(frozen=True, slots=True)
class Pulse:
    """A stretch of sound, in seconds."""

    begin_s: float
    end_s: float


def render(page: Page, *priorities: str, for_s: float) -> Samples:
    """What the page would sound for so long while alarms of these priorities call."""
    calls = [{"key": str(number), "priority": priority} for number, priority in enumerate(priorities)]
    content = base64.b64decode(page.evaluate(RENDER, [calls, for_s, RATE_HZ]))
    return np.frombuffer(content, dtype=np.float32).astype(np.float64)


def pulses(samples: Samples) -> list[Pulse]:
    """Stretches in which it is not silent: the envelope is above a tenth of its highest."""
    size = int(WINDOW_S * RATE_HZ)
    windows = samples[: len(samples) // size * size].reshape(-1, size)
    envelope = np.sqrt((windows**2).mean(axis=1))
    is_loud = np.concatenate(([False], envelope > envelope.max() / 10, [False]))
    (edges,) = np.nonzero(np.diff(is_loud.astype(int)))
    return [Pulse(begin * WINDOW_S, end * WINDOW_S) for begin, end in zip(edges[::2], edges[1::2], strict=True)]


def bursts(found: list[Pulse], apart_s: float = 1.5) -> list[list[Pulse]]:
    """Pulses in groups that lie further apart than the pulses of one burst do."""
    groups: list[list[Pulse]] = []
    for pulse in found:
        if groups and pulse.begin_s - groups[-1][-1].end_s < apart_s:
            groups[-1].append(pulse)
        else:
            groups.append([pulse])
    return groups


def fundamental_and_harmonics_hz(samples: Samples, pulse: Pulse) -> tuple[float, list[float]]:
    """The lowest tone of a pulse, and which of its multiples from 300 to 4000 Hz are within 15 dB of it."""
    cut = samples[int(pulse.begin_s * RATE_HZ) : int(pulse.end_s * RATE_HZ)]
    spectrum = np.abs(np.fft.rfft(cut * np.hanning(len(cut)), 1 << 16))
    frequencies = np.fft.rfftfreq(1 << 16, 1 / RATE_HZ)
    is_peak = (spectrum[1:-1] > spectrum[:-2]) & (spectrum[1:-1] > spectrum[2:])
    (peaks,) = np.nonzero(is_peak & (spectrum[1:-1] > spectrum.max() / 10))
    lowest = peaks[0] + 1
    fundamental_hz = float(frequencies[lowest])

    def level_db(hz: float) -> float:
        near = np.abs(frequencies - hz) < 10.0
        return float(20 * np.log10(spectrum[near].max() / spectrum[lowest]))

    multiples = [fundamental_hz * number for number in range(2, 27)]
    return fundamental_hz, [hz for hz in multiples if 300 <= hz <= 4_000 and abs(level_db(hz)) <= 15]
