// @ts-check
/** Which alarms are to be heard, and when a burst begins or is cut off. Pure: time is an argument. */

/** @import { Latest } from "./types.js" */
/** @import { Sounding } from "./sound.js" */

import { burstS, SIGNALS } from "./sound.js";

/** An alarm system that failed is heard for so long (A16); seen it is until it works again. */
export const FAILURE_HEARD_S = 120;
/** A new alarm waits no longer than this after a burst of its own priority. */
const NEWS_AFTER_S = 2.5;
/** In a pause a reminder calls for the time of one burst, and a little for one that begins late. */
const REMINDER_S = burstS("high") + 1;

/** @type {Sounding[]} */
const BY_URGENCY = ["high", "medium", "low"];

/**
 * @typedef {object} Call
 * @property {string} key an alarm and its priority: one that escalates is another call
 * @property {Sounding} priority
 */

/**
 * What calls for somebody: unacknowledged alarms while the room's sound is not paused, and a failed alarm system. Alarms
 * that were last known count like current ones: nobody said that they are over. In a pause a reminder calls once.
 * @param {Latest} latest @param {number} ageS how old it is
 * @param {number | null} failingForS since when the alarm system has failed, or is not heard; null if it works
 * @returns {Call[]}
 */
export function callsOf(latest, ageS, failingForS) {
  if (latest.stands_still) return [];
  const failure = failingForS !== null && failingForS < FAILURE_HEARD_S ? [{ key: "failure", priority: BY_URGENCY[0] }] : [];
  const isPaused = (latest.alarms.audio_paused_for_s ?? 0) > ageS;
  return isPaused ? [...failure, ...reminder(latest, ageS)] : [...failure, ...unacknowledged(latest)];
}

/** One burst of HIGH while a HIGH alarm that nobody acknowledged has just reminded of itself.
 * @param {Latest} latest @param {number} ageS @returns {Call[]} */
function reminder(latest, ageS) {
  const forS = latest.alarms.reminded_for_s;
  const isNew = forS !== null && forS + ageS < REMINDER_S;
  return isNew ? unacknowledged(latest).filter(({ priority }) => priority === "high").slice(0, 1) : [];
}

/** @param {Latest} latest @returns {Call[]} */
function unacknowledged(latest) {
  return latest.alarms.present.flatMap(({ alarm_id, priority, can_acknowledge }) =>
    can_acknowledge && priority !== "info" ? [{ key: `${alarm_id} ${priority}`, priority }] : [],
  );
}

/** One burst after the other, always of the most urgent priority that calls. */
export class Bursts {
  /** @type {Sounding | null} */
  #priority = null;
  #endS = 0;
  #dueS = 0;
  /** @type {Set<string>} */
  #known = new Set();

  /**
   * @param {Call[]} calls @param {number} nowS
   * @returns {{cut: boolean, begin: Sounding | null}} whether to end the burst that sounds, and which one to begin now
   */
  next(calls, nowS) {
    const top = BY_URGENCY.find((priority) => calls.some((call) => call.priority === priority)) ?? null;
    const hasNews = calls.some(({ key, priority }) => priority === top && !this.#known.has(key));
    this.#known = new Set(calls.map(({ key }) => key));
    const isOther = top !== this.#priority;
    const cut = isOther && this.#priority !== null && nowS < this.#endS;
    if (!isOther && hasNews) this.#dueS = Math.min(this.#dueS, this.#endS + NEWS_AFTER_S);
    this.#priority = top;
    if (top === null || !(isOther || nowS >= this.#dueS)) return { cut, begin: null };
    this.#endS = nowS + burstS(top);
    this.#dueS = this.#endS + SIGNALS[top].pauseS;
    return { cut, begin: top };
  }
}
