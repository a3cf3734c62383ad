// @ts-check
/** Large numbers, each with its unit and its age; and for each neural sensor the dose it took. */

/** @import { Freshness, Generator, Latest, Numerals, Sensor } from "./types.js" */

import { colourOf, shortName } from "./charts.js";
import { byId, element, setText, syncList } from "./dom.js";
import { age, number, signed, UNKNOWN } from "./format.js";

/** @param {Latest} latest */
export function showNumerals(latest) {
  const numbers = latest.numerals;
  const sensors = [...(numbers?.sensors ?? [])].sort(byImportance);
  /** @type {(Sensor | Generator)[]} */
  const cards = numbers && numbers.age_ms !== null ? [...sensors, numbers.generator] : sensors;
  const list = byId("numerals");
  list.classList.toggle("crowded", cards.length > 4);
  syncList(
    list,
    cards,
    (card) => ("sensor" in card ? `${card.sensor}:${card.role}` : "generator"),
    (card) => ("sensor" in card ? makeSensor(card) : makeGenerator()),
    (made, card) => ("sensor" in card ? fillSensor(made, card, sensors) : fillGenerator(made, card)),
  );
}

/** Neural sensors first, then by name. @param {Sensor} one @param {Sensor} other */
function byImportance(one, other) {
  const rank = (/** @type {Sensor} */ { role }) => ["neural", "tissue", "edge", "probe"].indexOf(role);
  return rank(one) - rank(other) || one.sensor.localeCompare(other.sensor);
}

/** @param {Sensor} sensor */
function makeSensor(sensor) {
  const card = element("article", { class: `card ${sensor.role === "neural" ? "neural" : "other"}`, "data-sensor": sensor.sensor });
  card.append(
    element("header", {}, element("i", { class: "swatch" }), element("b", { class: "name" }), element("span", { class: "place" })),
    element("p", { class: "reading" }, element("output", { class: "value" }), element("span", { class: "unit", text: "°C" }), element("span", { class: "fault" })),
    element("p", { class: "details" }, element("span", { class: "age" }), element("span", { class: "slope" }), element("span", { class: "limits" })),
  );
  if (sensor.role === "neural") {
    card.append(
      element("p", { class: "forecast" }),
      element("div", { class: "dose" }, element("span", { class: "dose-text" }), element("span", { class: "dose-bar" }, element("i"))),
    );
  }
  return card;
}

/** @param {HTMLElement} card @param {Sensor} sensor @param {Sensor[]} sensors */
function fillSensor(card, sensor, sensors) {
  card.dataset.state = sensor.state;
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (card.querySelector(`.${name}`));
  part("swatch").style.background = colourOf(sensors, sensor);
  setText(part("name"), shortName(sensor.sensor));
  const place = [sensor.role, sensor.structure, sensor.distance_mm === null ? null : `${sensor.distance_mm} mm`];
  setText(part("place"), place.filter(Boolean).join(" · "));
  setText(part("value"), number(sensor.temperature_c));
  setText(part("fault"), sensor.fault ? `sensor ${sensor.fault}` : "");
  setText(part("age"), age(sensor.age_ms));
  setText(part("slope"), sensor.slope_c_per_s === null ? "" : `${signed(sensor.slope_c_per_s)} °C/s`);
  setText(part("limits"), sensor.limits ? `warn ${sensor.limits.warn_c.toFixed(1)}  stop ${sensor.limits.stop_c.toFixed(1)}` : "");
  if (sensor.role !== "neural") return;
  setText(part("forecast"), forecast(sensor));
  fillDose(card, sensor);
}

/** @param {Sensor} sensor */
function forecast({ forecast: ahead }) {
  if (!ahead) return `Peak if stopped now ${UNKNOWN}`;
  const spread = ahead.peak_sd_c === null || ahead.peak_sd_c === undefined ? "" : ` ± ${ahead.peak_sd_c.toFixed(1)}`;
  const peak = `Peak if stopped now ${number(ahead.peak_if_stopped_c)}${spread} °C`;
  const left = ahead.limit_in_s;
  if (left === null || left === undefined) return peak;
  if (left <= 0) return `${peak} · limit reached`;
  return `${peak} · limit in ${left < 1 ? "under 1" : left.toFixed(0)} s`;
}

/** @param {HTMLElement} card @param {Sensor} sensor */
function fillDose(card, sensor) {
  const limit = sensor.limits?.cem43_min;
  const share = limit ? Math.min(sensor.cem43_min / limit, 1) : 0;
  const bar = /** @type {HTMLElement} */ (card.querySelector(".dose-bar i"));
  bar.style.width = `${(share * 100).toFixed(1)}%`;
  const estimated = sensor.dose_estimated ? " (estimated)" : "";
  const known = sensor.state === "unknown" ? "CEM43 when last known" : "CEM43";
  const dose = sensor.cem43_min > 1000 ? "over 1000" : sensor.cem43_min.toFixed(sensor.cem43_min < 1 ? 2 : 1);
  const text = `${known} ${dose} of ${number(limit, 1)} min${estimated}`;
  setText(/** @type {HTMLElement} */ (card.querySelector(".dose-text")), text);
}

function makeGenerator() {
  const cell = (/** @type {string} */ name, /** @type {string} */ unit, /** @type {string} */ label) =>
    element("div", { class: "cell" }, element("span", { class: "label", text: label }), element("p", {}, element("output", { class: name }), element("span", { class: "unit", text: unit })));
  return element(
    "article",
    { class: "card generator" },
    element("header", {}, element("b", { text: "Generator" }), element("span", { class: "rf" }), element("span", { class: "age" })),
    element("div", { class: "cells" }, cell("power", "W", "Power"), cell("impedance", "Ω", "Impedance"), cell("energy", "kJ", "Energy")),
  );
}

/** @param {HTMLElement} card @param {Generator} generator */
function fillGenerator(card, generator) {
  card.dataset.state = generator.state;
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (card.querySelector(`.${name}`));
  part("rf").dataset.rf = generator.rf;
  setText(part("rf"), generator.rf === "unknown" ? `RF ${UNKNOWN}` : `RF ${generator.rf.toUpperCase()}`);
  setText(part("age"), age(generator.age_ms));
  setText(part("power"), number(generator.power_w));
  setText(part("impedance"), number(generator.impedance_ohm, 0));
  setText(part("energy"), generator.energy_j === null ? UNKNOWN : number(generator.energy_j / 1000, 2));
}

/**
 * What may still be shown when the server's own word is old by so much: the limits of age are the server's.
 * @param {Numerals} numbers @param {number} extraMs @param {{stale_ms: number, unknown_ms: number}} limits
 * @returns {Numerals}
 */
export function grownOld(numbers, extraMs, limits) {
  const older = (/** @type {number | null} */ ms) => (ms === null ? null : Math.round(ms + extraMs));
  /** @type {(was: Freshness, ms: number | null) => Freshness} */
  const state = (was, ms) => {
    if (was === "unknown" || ms === null || ms > limits.unknown_ms) return "unknown";
    return ms > limits.stale_ms ? "stale" : was;
  };
  const sensors = numbers.sensors.map((sensor) => {
    const aged = { ...sensor, age_ms: older(sensor.age_ms), state: state(sensor.state, older(sensor.age_ms)) };
    return aged.state === "unknown" ? { ...aged, temperature_c: null, slope_c_per_s: null, forecast: null } : aged;
  });
  const generator = { ...numbers.generator, age_ms: numbers.generator.age_ms + Math.round(extraMs) };
  generator.state = state(generator.state, generator.age_ms);
  if (generator.age_ms > limits.unknown_ms) {
    Object.assign(generator, { rf: "unknown", power_w: null, impedance_ohm: null, energy_j: null });
  }
  return { ...numbers, age_ms: older(numbers.age_ms), state: state(numbers.state, older(numbers.age_ms)), sensors, generator };
}
