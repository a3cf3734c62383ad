// @ts-check
/** A strip chart on a canvas: traces that run to the left, limit lines, alarm marks, and the values under the pointer. */

import { Ring } from "./ring.js";
import { timeOfDay } from "./format.js";

/**
 * @typedef {{label: string, colour: string, ring: Ring}} Trace
 * @typedef {{value: number, label: string}} LimitLine
 * @typedef {{atMs: number, symbol: string, colour: string}} Mark
 * @typedef {{low: number, high: number}} Range
 */

/** Longer silences are not drawn over. */
export const GAP_MS = 1000;

const LEFT = 46;
const RIGHT = 14;
const TOP = 22;
/** Pixels from one label of an axis to the next: at least, and as far as there is room. */
const LABEL = 16;
const WISHED = 34;
const FONT = "12.5px system-ui, 'DejaVu Sans', sans-serif";
const INK = "#9fb0c3";
const GRID = "#1e2936";
const LIMIT = "#dfe7f0";

export class StripChart {
  /** @type {Map<string, Trace>} */
  traces = new Map();
  /** @type {LimitLine[]} */
  limits = [];
  /** @type {Mark[]} */
  marks = [];
  spanMs = 300_000;
  nowMs = 0;
  #canvas;
  #context;
  #title;
  #range;
  #digits;
  #withTimes;
  /** @type {number | null} */
  #pointerX = null;

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {{title: string, range: Range, digits: number, withTimes: boolean}} options the range grows with the data
   */
  constructor(canvas, options) {
    const context = canvas.getContext("2d");
    if (!context) throw new Error("this browser draws no canvas");
    this.#canvas = canvas;
    this.#context = context;
    this.#title = options.title;
    this.#range = options.range;
    this.#digits = options.digits;
    this.#withTimes = options.withTimes;
    canvas.addEventListener("pointermove", (event) => {
      this.#pointerX = event.offsetX;
      this.draw();
    });
    canvas.addEventListener("pointerleave", () => {
      this.#pointerX = null;
      this.draw();
    });
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  draw() {
    const { width, height } = this.#fit();
    if (!width || !height) return;
    const bottom = this.#withTimes ? 20 : 6;
    const area = { left: LEFT, top: TOP, right: width - RIGHT, bottom: height - bottom };
    const range = this.#currentRange();
    const x = (/** @type {number} */ atMs) => area.right - ((this.nowMs - atMs) / this.spanMs) * (area.right - area.left);
    const y = (/** @type {number} */ value) =>
      area.bottom - ((value - range.low) / (range.high - range.low)) * (area.bottom - area.top);
    this.#context.clearRect(0, 0, width, height);
    this.#context.font = FONT;
    this.#drawGrid(area, range, x, y);
    this.#context.save();
    this.#context.beginPath();
    this.#context.rect(area.left, area.top, area.right - area.left, area.bottom - area.top);
    this.#context.clip();
    this.#drawMarks(area, x);
    this.#drawLimits(area, y);
    for (const trace of this.traces.values()) this.#drawTrace(trace, x, y);
    this.#context.restore();
    this.#drawLegend(area);
    this.#drawPointer(area, x, y);
  }

  /** Match the canvas's pixels to the screen's. */
  #fit() {
    const { clientWidth: width, clientHeight: height } = this.#canvas;
    const ratio = window.devicePixelRatio || 1;
    const pixels = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== pixels[0] || this.#canvas.height !== pixels[1]) [this.#canvas.width, this.#canvas.height] = pixels;
    this.#context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return { width, height };
  }

  /** The chart's own range, widened to whole steps around what is visible; limits are always visible. */
  #currentRange() {
    let { low, high } = this.#range;
    const step = (high - low) / 7;
    const fromMs = this.nowMs - this.spanMs;
    for (const { ring } of this.traces.values()) {
      for (let index = ring.firstFrom(fromMs); index < ring.length; index += 1) {
        const value = ring.value(index);
        while (value > high) high += step;
        while (value < low) low -= step;
      }
    }
    for (const { value } of this.limits) while (value >= high) high += step;
    return { low, high };
  }

  /**
   * @param {{left: number, top: number, right: number, bottom: number}} area
   * @param {Range} range
   * @param {(atMs: number) => number} x
   * @param {(value: number) => number} y
   */
  #drawGrid(area, range, x, y) {
    const draw = this.#context;
    draw.strokeStyle = GRID;
    draw.fillStyle = INK;
    draw.lineWidth = 1;
    draw.textAlign = "right";
    draw.textBaseline = "middle";
    for (const value of axisValues(range, area.bottom - area.top)) {
      line(draw, area.left, Math.round(y(value)) + 0.5, area.right, Math.round(y(value)) + 0.5);
      draw.fillText(value.toFixed(Number.isInteger(value) ? 0 : 1), area.left - 7, y(value));
    }
    const stepMs = this.spanMs <= 60_000 ? 10_000 : this.spanMs <= 300_000 ? 60_000 : 120_000;
    draw.textAlign = "center";
    draw.textBaseline = "top";
    for (let atMs = Math.ceil((this.nowMs - this.spanMs) / stepMs) * stepMs; atMs <= this.nowMs; atMs += stepMs) {
      line(draw, Math.round(x(atMs)) + 0.5, area.top, Math.round(x(atMs)) + 0.5, area.bottom);
      const isInside = x(atMs) > area.left + 24 && x(atMs) < area.right - 24;
      if (this.#withTimes && isInside) draw.fillText(timeOfDay(atMs * 1000), x(atMs), area.bottom + 5);
    }
  }

  /** @param {{left: number, right: number}} area @param {(value: number) => number} y */
  #drawLimits(area, y) {
    const draw = this.#context;
    draw.save();
    draw.setLineDash([7, 5]);
    draw.strokeStyle = draw.fillStyle = LIMIT;
    draw.lineWidth = 1.25;
    draw.textAlign = "left";
    draw.textBaseline = "bottom";
    for (const { value, label } of this.limits) {
      line(draw, area.left, y(value), area.right, y(value));
      draw.fillText(label, area.left + 6, y(value) - 2);
    }
    draw.restore();
  }

  /** @param {{top: number, bottom: number}} area @param {(atMs: number) => number} x */
  #drawMarks(area, x) {
    const draw = this.#context;
    draw.lineWidth = 1.5;
    draw.textAlign = "left";
    draw.textBaseline = "top";
    for (const { atMs, symbol, colour } of this.marks) {
      draw.strokeStyle = draw.fillStyle = colour;
      line(draw, x(atMs), area.top, x(atMs), area.bottom);
      draw.fillText(symbol, x(atMs) + 3, area.top + 2);
    }
  }

  /** @param {Trace} trace @param {(atMs: number) => number} x @param {(value: number) => number} y */
  #drawTrace({ ring, colour }, x, y) {
    const draw = this.#context;
    draw.strokeStyle = colour;
    draw.lineWidth = 2;
    draw.lineJoin = "round";
    draw.beginPath();
    let lastMs = -Infinity;
    for (let index = Math.max(ring.firstFrom(this.nowMs - this.spanMs) - 1, 0); index < ring.length; index += 1) {
      const atMs = ring.time(index);
      const value = ring.value(index);
      if (Number.isNaN(value)) {
        lastMs = -Infinity;
        continue;
      }
      if (atMs - lastMs > GAP_MS) draw.moveTo(x(atMs), y(value));
      else draw.lineTo(x(atMs), y(value));
      lastMs = atMs;
    }
    draw.stroke();
  }

  /** @param {{left: number, right: number}} area */
  #drawLegend(area) {
    const draw = this.#context;
    draw.textAlign = "left";
    draw.textBaseline = "middle";
    draw.fillStyle = INK;
    draw.fillText(this.#title, area.left, 10);
    let at = area.left + draw.measureText(this.#title).width + 16;
    for (const { label, colour } of this.traces.values()) {
      draw.fillStyle = colour;
      draw.fillRect(at, 8.5, 16, 3);
      draw.fillText(label, at + 21, 10);
      at += 21 + draw.measureText(label).width + 16;
    }
  }

  /**
   * @param {{left: number, top: number, right: number, bottom: number}} area
   * @param {(atMs: number) => number} x
   * @param {(value: number) => number} y
   */
  #drawPointer(area, x, y) {
    if (this.#pointerX === null || this.#pointerX < area.left || this.#pointerX > area.right) return;
    const draw = this.#context;
    const atMs = this.nowMs - ((area.right - this.#pointerX) / (area.right - area.left)) * this.spanMs;
    draw.strokeStyle = "#52657a";
    draw.lineWidth = 1;
    const crisp = Math.round(this.#pointerX) + 0.5;
    line(draw, crisp, area.top, crisp, area.bottom);
    const rows = [{ text: timeOfDay(atMs * 1000), colour: "#dfe7f0" }];
    for (const { ring, label, colour } of this.traces.values()) {
      const value = nearest(ring, atMs);
      rows.push({ text: `${label}  ${value === null ? "---" : value.toFixed(this.#digits)}`, colour });
      if (value === null) continue;
      draw.fillStyle = colour;
      draw.beginPath();
      draw.arc(this.#pointerX, y(value), 3.5, 0, 7);
      draw.fill();
    }
    this.#drawBox(area, rows);
  }

  /** @param {{left: number, top: number, right: number}} area @param {{text: string, colour: string}[]} rows */
  #drawBox(area, rows) {
    const draw = this.#context;
    const width = Math.max(...rows.map(({ text }) => draw.measureText(text).width)) + 16;
    const pointer = this.#pointerX ?? 0;
    const left = pointer + width + 16 > area.right ? pointer - width - 10 : pointer + 10;
    draw.fillStyle = "#0a0f15ee";
    draw.fillRect(left, area.top + 2, width, rows.length * 16 + 8);
    draw.textAlign = "left";
    draw.textBaseline = "top";
    rows.forEach(({ text, colour }, index) => {
      draw.fillStyle = colour;
      draw.fillText(text, left + 8, area.top + 7 + index * 16);
    });
  }
}

/** The value nearest to a time, if there is one within the gap. @param {Ring} ring @param {number} atMs */
function nearest(ring, atMs) {
  const after = ring.firstFrom(atMs);
  const candidates = [after - 1, after].filter((index) => index >= 0 && index < ring.length);
  const distance = (/** @type {number} */ index) => Math.abs(ring.time(index) - atMs);
  candidates.sort((one, other) => distance(one) - distance(other));
  const best = candidates[0];
  if (best === undefined || distance(best) > GAP_MS || Number.isNaN(ring.value(best))) return null;
  return ring.value(best);
}

/**
 * The values that an axis of so many pixels names: round ones, never closer than their text is high. An axis too short
 * for two of them names its ends; one too short for that names nothing.
 * @param {Range} range @param {number} tall
 */
export function axisValues({ low, high }, tall) {
  if (tall < LABEL) return [];
  const step = niceStep((high - low) / Math.min(Math.max(3, tall / WISHED), tall / LABEL));
  const values = [];
  for (let value = Math.ceil(low / step) * step; value <= high + 1e-9; value += step) values.push(value);
  return values.length > 1 ? values : [low, high];
}

/** The next of 1, 2, 2.5, 5, 10, … that is not smaller. @param {number} rough */
function niceStep(rough) {
  const power = 10 ** Math.floor(Math.log10(rough));
  return [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((step) => step >= rough - 1e-9) ?? 10 * power;
}

/** @param {CanvasRenderingContext2D} draw @param {number} x1 @param {number} y1 @param {number} x2 @param {number} y2 */
function line(draw, x1, y1, x2, y2) {
  draw.beginPath();
  draw.moveTo(x1, y1);
  draw.lineTo(x2, y2);
  draw.stroke();
}
