// @ts-check
/** The newest points of one trace in typed arrays; the oldest are overwritten. A value of NaN breaks the line. */

const CAPACITY = 8192; // more than 10 minutes at 10 Hz

export class Ring {
  #times = new Float64Array(CAPACITY);
  #values = new Float32Array(CAPACITY);
  #start = 0;
  length = 0;

  /** @param {number} atMs @param {number | null} value */
  push(atMs, value) {
    if (this.length && atMs <= this.time(this.length - 1)) return;
    const at = (this.#start + this.length) % CAPACITY;
    this.#times[at] = atMs;
    this.#values[at] = value ?? NaN;
    if (this.length < CAPACITY) this.length += 1;
    else this.#start = (this.#start + 1) % CAPACITY;
  }

  /** @param {number} index 0 is the oldest */
  time(index) {
    return this.#times[(this.#start + index) % CAPACITY];
  }

  /** @param {number} index */
  value(index) {
    return this.#values[(this.#start + index) % CAPACITY];
  }

  /** Index of the first point at or after this time. @param {number} atMs */
  firstFrom(atMs) {
    let low = 0;
    let high = this.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.time(middle) < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
