// @ts-check
/**
 * What an alarm sounds like, and nothing else: pulses and tones after IEC 60601-1-8 (domain A5).
 *
 * HIGH is ten pulses in two groups of five (3 + 2), MEDIUM three, LOW two. Every tone is a fundamental between 150 and
 * 1000 Hz with its next four harmonics, all of them between 300 and 4000 Hz and within 15 dB of the fundamental: an ear,
 * or a room, that swallows one of them leaves the others. Times are seconds.
 */

/** @typedef {"high" | "medium" | "low"} Sounding */

/**
 * @typedef {object} Signal
 * @property {number} frequencyHz the fundamental
 * @property {number} level 0 to 1; the more urgent is never the quieter
 * @property {number} pulseS how long a pulse lasts
 * @property {number[]} gapsS from the end of each pulse to the next one's beginning
 * @property {number} pauseS from the end of a burst to the next one's beginning
 */

/** @type {Record<Sounding, Signal>} */
export const SIGNALS = {
  high: { frequencyHz: 523, level: 0.8, pulseS: 0.15, gapsS: [0.1, 0.1, 0.35, 0.1, 0.6, 0.1, 0.1, 0.35, 0.1], pauseS: 4 },
  medium: { frequencyHz: 392, level: 0.6, pulseS: 0.2, gapsS: [0.2, 0.2], pauseS: 10 },
  low: { frequencyHz: 330, level: 0.45, pulseS: 0.2, gapsS: [0.2], pauseS: 20 },
};

/** Amplitudes of the fundamental and of the harmonics above it. */
const PARTIALS = [1, 0.7, 0.55, 0.45, 0.35];
/** How long a pulse rises, and falls: no click. */
const EDGE_S = 0.02;

/** When each pulse of a burst begins, from the beginning of the burst. @param {Sounding} priority */
export function pulseStartsS(priority) {
  const { pulseS, gapsS } = SIGNALS[priority];
  const starts = [0];
  for (const gapS of gapsS) starts.push(starts[starts.length - 1] + pulseS + gapS);
  return starts;
}

/** How long a burst lasts. @param {Sounding} priority */
export function burstS(priority) {
  return Math.max(...pulseStartsS(priority)) + SIGNALS[priority].pulseS;
}

/**
 * Have a context, live or offline, sound one burst.
 * @param {BaseAudioContext} context @param {Sounding} priority @param {number} startS by the clock of the context
 * @returns {() => void} ends the burst at once
 */
export function playBurst(context, priority, startS) {
  const { frequencyHz, level, pulseS } = SIGNALS[priority];
  const tone = context.createOscillator();
  tone.setPeriodicWave(context.createPeriodicWave(new Float32Array(PARTIALS.length + 1), new Float32Array([0, ...PARTIALS])));
  tone.frequency.value = frequencyHz;
  const envelope = context.createGain();
  envelope.gain.value = 0;
  for (const pulseStartS of pulseStartsS(priority)) {
    const beginS = startS + pulseStartS;
    envelope.gain.setValueAtTime(0, beginS);
    envelope.gain.linearRampToValueAtTime(level, beginS + EDGE_S);
    envelope.gain.setValueAtTime(level, beginS + pulseS - EDGE_S);
    envelope.gain.linearRampToValueAtTime(0, beginS + pulseS);
  }
  tone.connect(envelope).connect(context.destination);
  tone.start(startS);
  tone.stop(startS + burstS(priority));
  return () => {
    envelope.gain.cancelScheduledValues(context.currentTime);
    envelope.gain.setTargetAtTime(0, context.currentTime, EDGE_S / 4);
    tone.stop(context.currentTime + 2 * EDGE_S);
  };
}
