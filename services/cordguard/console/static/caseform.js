// @ts-check
/** The form that opens a case. What is wrong in it is said by the server, field by field. */

import { byId, element, locked, post } from "./dom.js";

const FIELDS = [
  { name: "procedure", label: "Procedure identifier", hint: "no patient names" },
  { name: "level", label: "Vertebral level", hint: "for example T8" },
];
const CHOICES = [
  { name: "electrode", label: "Electrode", options: ["bipolar", "monopolar"] },
  { name: "lesion", label: "Lesion", options: ["", "lytic", "mixed", "sclerotic"] },
  { name: "posterior_wall", label: "Posterior wall", options: ["unknown", "intact", "breached"] },
  { name: "profile", label: "Limit profile", options: ["unknown", "standard", "near", "breached"] },
];
const ROLES = ["neural", "tissue", "probe", "edge"];

/** @param {string[]} seen sensors that speak in this room */
export function openForm(seen) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("case-dialog"));
  const form = element("form", { method: "dialog", id: "case-form" });
  const rows = element("tbody");
  for (const sensor of seen.length ? seen : [""]) rows.append(sensorRow(sensor));
  const add = element("button", { type: "button", class: "quiet", text: "Add a sensor" });
  add.onclick = () => rows.append(sensorRow(""));
  const cancel = element("button", { type: "button", class: "quiet", text: "Cancel" });
  cancel.onclick = () => dialog.close();
  form.append(
    element("h2", { id: "case-title", text: "Open a case" }),
    ...roomField(),
    element("div", { class: "fields" }, ...FIELDS.map(textField), ...CHOICES.map(choiceField)),
    element("h3", { text: "Sensors" }),
    element("table", {}, sensorHead(), rows),
    element("p", { class: "error", "data-field": "sensors", role: "alert" }),
    element("p", { class: "hint", text: "Facts can only tighten the named profile: below 10 mm counts as near, a breached wall as breached." }),
    element("p", { class: "error", "data-field": "form", role: "alert" }),
    element("div", { class: "buttons" }, add, element("span", { class: "space" }), cancel, element("button", { type: "submit", id: "case-submit", text: "Open case" })),
  );
  form.onsubmit = (event) => {
    event.preventDefault();
    locked(form, () => submit(dialog, form));
  };
  dialog.replaceChildren(form);
  dialog.showModal();
}

/** A room is asked for only where none is known yet. */
function roomField() {
  return document.body.dataset.room ? [] : [element("div", { class: "fields" }, textField({ name: "room", label: "Room", hint: "for example theatre-1" }))];
}

/** @param {{name: string, label: string, hint: string}} field */
function textField({ name, label, hint }) {
  const input = element("input", { name, placeholder: hint, autocomplete: "off", spellcheck: "false" });
  return element("label", {}, label, input, element("span", { class: "error", "data-field": name, role: "alert" }));
}

/** @param {{name: string, label: string, options: string[]}} field */
function choiceField({ name, label, options }) {
  return element("label", {}, label, choice(name, options), element("span", { class: "error", "data-field": name, role: "alert" }));
}

/** @param {string} name @param {string[]} options */
function choice(name, options) {
  return element("select", { name }, ...options.map((value) => element("option", { value, text: value || "not stated" })));
}

function sensorHead() {
  const titles = ["Sensor", "Guards", "Structure", "Distance mm", ""];
  return element("thead", {}, element("tr", {}, ...titles.map((text) => element("th", { text }))));
}

/** @param {string} sensor */
function sensorRow(sensor) {
  const guess = /tip|probe/.test(sensor) ? "probe" : /tissue/.test(sensor) ? "tissue" : /edge/.test(sensor) ? "edge" : "neural";
  const role = choice("role", ROLES);
  role.value = guess;
  const remove = element("button", { type: "button", class: "quiet", "aria-label": "Remove this sensor", text: "✕" });
  const row = element(
    "tr",
    { class: "sensor-row" },
    element("td", {}, element("input", { name: "sensor", value: sensor, placeholder: "source/sensor", spellcheck: "false" })),
    element("td", {}, role),
    element("td", {}, element("input", { name: "structure", placeholder: guess === "neural" ? "spinal-cord" : "", spellcheck: "false" })),
    element("td", {}, element("input", { name: "distance_mm", inputmode: "decimal", class: "narrow" })),
    element("td", {}, remove),
  );
  remove.onclick = () => row.remove();
  return row;
}

/** @param {HTMLFormElement} form @returns {any} */
function typed(form) {
  const value = (/** @type {ParentNode} */ within, /** @type {string} */ name) =>
    /** @type {HTMLInputElement | null} */ (within.querySelector(`[name="${name}"]`))?.value ?? "";
  const names = [...FIELDS, ...CHOICES].map(({ name }) => name);
  const sensors = [...form.querySelectorAll(".sensor-row")].map((row) =>
    Object.fromEntries(["sensor", "role", "structure", "distance_mm"].map((name) => [name, value(row, name)])),
  );
  return { ...Object.fromEntries(names.map((name) => [name, value(form, name)])), sensors };
}

/** @param {HTMLDialogElement} dialog @param {HTMLFormElement} form */
async function submit(dialog, form) {
  for (const place of form.querySelectorAll(".error")) place.textContent = "";
  const given = /** @type {HTMLInputElement | null} */ (form.querySelector('[name="room"]'))?.value.trim();
  const room = given ?? document.body.dataset.room ?? "";
  const { ok, body } = await post(`/api/rooms/${encodeURIComponent(room)}/case`, typed(form));
  if (ok) {
    dialog.close();
    if (given) location.search = `?room=${encodeURIComponent(given)}`;
    return;
  }
  for (const [field, sentence] of Object.entries(body.errors ?? {})) placeOf(form, field).textContent += `${sentence} `;
}

/** Where the sentence about a field belongs: beside it, or below the table of sensors. @param {HTMLFormElement} form @param {string} field */
function placeOf(form, field) {
  const [first, index, name] = field.split(".");
  if (first === "sensors" && index) {
    const row = form.querySelectorAll(".sensor-row")[Number(index)];
    const input = row?.querySelector(`[name="${name ?? "sensor"}"]`);
    const place = element("span", { class: "error", role: "alert" });
    input?.after(place);
    if (input) return place;
  }
  return form.querySelector(`.error[data-field="${first}"]`) ?? /** @type {Element} */ (form.querySelector('.error[data-field="form"]'));
}
