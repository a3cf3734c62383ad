// @ts-check
/** The strips of the live page: which trace goes where, with which limits and marks. */

/** @import { Batch, Latest, RecordFrame, Sensor } from "./types.js" */

import { StripChart } from "./chart.js";
import { byId, element, setText } from "./dom.js";
import { colour, traceColour } from "./palette.js";
import { Ring } from "./ring.js";

const SPANS_MIN = [1, 3, 5, 10];
const SHOWN_AT_START_MIN = 5;

export class Charts {
  #neural = new StripChart(canvas("chart-neural"), { title: "Neural sensors °C", range: { low: 34, high: 48 }, digits: 1, withTimes: false });
  #tissue = new StripChart(canvas("chart-tissue"), { title: "Probe and tissue °C", range: { low: 20, high: 90 }, digits: 1, withTimes: false });
  #power = new StripChart(canvas("chart-power"), { title: "Power W", range: { low: 0, high: 14 }, digits: 1, withTimes: false });
  #impedance = new StripChart(canvas("chart-impedance"), { title: "Impedance Ω", range: { low: 0, high: 210 }, digits: 0, withTimes: true });
  #strips = [this.#neural, this.#tissue, this.#power, this.#impedance];
  /** @type {Map<string, Ring>} */
  #rings = new Map();
  /** @type {Sensor[]} */
  #sensors = [];

  constructor() {
    const buttons = SPANS_MIN.map((minutes) => {
      const button = element("button", { type: "button", class: "quiet", text: `${minutes} min` });
      button.onclick = () => this.#show(minutes, buttons);
      return button;
    });
    byId("spans").append(...buttons);
    this.#show(SHOWN_AT_START_MIN, buttons);
  }

  /** @param {Batch} batch */
  addPoints(batch) {
    if (batch.whole) this.#rings.clear();
    for (const [key, points] of Object.entries(batch.traces)) {
      const ring = this.#rings.get(key) ?? new Ring();
      this.#rings.set(key, ring);
      for (const [atUs, value] of points) ring.push(atUs / 1000, value);
    }
    this.#assign();
  }

  /** @param {RecordFrame} record */
  setMarks(record) {
    this.#neural.marks = record.marks.map(({ at_us, priority, symbol }) => ({
      atMs: at_us / 1000,
      symbol,
      colour: colour(`alarm-${priority}`),
    }));
  }

  /** @param {Latest} latest @param {number} dropped */
  show(latest, dropped) {
    this.#sensors = latest.numerals?.sensors ?? [];
    this.#neural.limits = limitLines(this.#sensors);
    this.#assign();
    for (const strip of this.#strips) {
      strip.nowMs = latest.clock_us / 1000;
      strip.draw();
    }
    byId("dropped").hidden = dropped === 0;
    setText(byId("dropped"), `${dropped} points not drawn: this page was too slow`);
  }

  /** The sensors whose temperatures came in, whoever else knows them. */
  get sensorKeys() {
    return [...this.#rings.keys()].filter((key) => !key.includes("#")).sort();
  }

  /** Put every trace on its strip: by what its sensor guards; a sensor that nobody knows yet is judged as neural. */
  #assign() {
    const roles = new Map(this.#sensors.map(({ sensor, role }) => [sensor, role]));
    for (const strip of this.#strips) strip.traces.clear();
    for (const key of [...this.#rings.keys()].sort()) {
      const ring = /** @type {Ring} */ (this.#rings.get(key));
      if (key.endsWith("#power_w")) this.#put(this.#power, key, ring, "trace-5");
      else if (key.endsWith("#impedance_ohm")) this.#put(this.#impedance, key, ring, "trace-2");
      else {
        const isNeural = (roles.get(key) ?? "neural") === "neural";
        const strip = isNeural ? this.#neural : this.#tissue;
        strip.traces.set(key, { label: shortName(key), colour: traceColour(isNeural, strip.traces.size), ring });
      }
    }
  }

  /** @param {StripChart} strip @param {string} key @param {Ring} ring @param {string} colourName */
  #put(strip, key, ring, colourName) {
    strip.traces.set(key, { label: key.split("#")[0], colour: colour(colourName), ring });
  }

  /** @param {number} minutes @param {HTMLButtonElement[]} buttons */
  #show(minutes, buttons) {
    buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(SPANS_MIN[index] === minutes)));
    for (const strip of this.#strips) {
      strip.spanMs = minutes * 60_000;
      strip.draw();
    }
  }
}

/** The colour a sensor's trace has on its strip. @param {Sensor[]} sensors @param {Sensor} wanted */
export function colourOf(sensors, wanted) {
  const isNeural = wanted.role === "neural";
  const strip = sensors.filter(({ role }) => (role === "neural") === isNeural).map(({ sensor }) => sensor).sort();
  return traceColour(isNeural, strip.indexOf(wanted.sensor));
}

/** @param {string} key */
export function shortName(key) {
  return key.split("/").at(-1) ?? key;
}

/** One line for each limit in force, as the server says; sensors with the same limit share it. @param {Sensor[]} sensors */
function limitLines(sensors) {
  const lines = new Map();
  for (const { limits } of sensors) {
    if (!limits) continue;
    lines.set(`w${limits.warn_c}`, { value: limits.warn_c, label: `warn ${limits.warn_c.toFixed(1)}` });
    lines.set(`s${limits.stop_c}`, { value: limits.stop_c, label: `STOP ${limits.stop_c.toFixed(1)}` });
  }
  return [...lines.values()];
}

/** @param {string} id */
function canvas(id) {
  return /** @type {HTMLCanvasElement} */ (byId(id));
}
