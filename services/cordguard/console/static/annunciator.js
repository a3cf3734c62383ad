// @ts-check
/** The sound of the page: sounds what calls if the room's sound is this page's, and beats to the server while it could. */

/** @import { Call } from "./bursts.js" */

import { Bursts } from "./bursts.js";
import { playBurst } from "./sound.js";

/** A little under a second: a timer that is slowed down to one call a second must not skip a beat. */
const BEAT_EVERY_MS = 900;
/** An audio clock that has not moved for so long drives no loudspeaker, whatever its state says. */
const STUCK_AFTER_MS = 1000;

export class Annunciator {
  #context = new AudioContext();
  #bursts = new Bursts();
  #endBurst = () => {};
  #say;
  #isOn = false;
  #saidMs = -Infinity;
  #audioS = 0;
  #movedMs = -Infinity;

  /** @param {(beat: {audible: boolean}) => void} say tells the server */
  constructor(say) {
    this.#say = say;
    // A browser is mute until its person has done something on the page; anything done there will do.
    for (const kind of ["pointerdown", "keydown", "click"]) document.addEventListener(kind, () => this.#unlock(), true);
  }

  /** Whether a burst would be heard here. */
  get isOn() {
    return this.#isOn;
  }

  /** To be called often. @param {Call[]} calls @param {boolean} isOurs whether this page sounds the room's alarms */
  step(calls, isOurs) {
    const wasOn = this.#isOn;
    this.#isOn = this.#isDriven();
    this.#sound(this.#isOn && isOurs ? calls : []);
    if (this.#isOn !== wasOn || performance.now() - this.#saidMs >= BEAT_EVERY_MS) {
      this.#saidMs = performance.now();
      this.#say({ audible: this.#isOn });
    }
  }

  #isDriven() {
    const { state, currentTime } = this.#context;
    if (currentTime !== this.#audioS) this.#movedMs = performance.now();
    this.#audioS = currentTime;
    return state === "running" && performance.now() - this.#movedMs < STUCK_AFTER_MS;
  }

  /** @param {Call[]} calls */
  #sound(calls) {
    const { cut, begin } = this.#bursts.next(calls, this.#context.currentTime);
    if (cut) this.#endBurst();
    if (begin) this.#endBurst = playBurst(this.#context, begin, this.#context.currentTime);
  }

  async #unlock() {
    if (this.#context.state !== "running") await this.#context.resume();
  }
}
