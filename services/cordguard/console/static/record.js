// @ts-check
/** What changes seldom: the case, its summary, and the list of what happened. */

/** @import { CaseStanding, RecordFrame } from "./types.js" */

import { openForm } from "./caseform.js";
import { byId, element, locked, post, setText } from "./dom.js";
import { duration, minutes, number, timeOfDay } from "./format.js";
import { caseWords } from "./status.js";

/** The case that the panel shows, as text. @type {string | undefined} */
let shownCase;

/** @param {RecordFrame} record @param {() => string[]} seenSensors */
export function showRecord(record, seenSensors) {
  showCase(record.case, seenSensors);
  showSummary(record);
  byId("events").replaceChildren(
    ...record.events.map((event) =>
      element(
        "li",
        { "data-priority": event.priority },
        element("time", { text: timeOfDay(event.at_us) }),
        element("span", { class: "symbol", text: event.symbol }),
        element("span", { class: "event-text" }, element("b", { text: `${event.change} ` }), event.message, event.actor ? ` (${event.actor})` : "", event.late ? " · late" : ""),
      ),
    ),
  );
}

/** Only a change of the case touches the panel: an alarm must not take away a button that is being pressed.
 * @param {any} shown @param {() => string[]} seenSensors */
function showCase(shown, seenSensors) {
  if (JSON.stringify(shown) === shownCase) return;
  shownCase = JSON.stringify(shown);
  const panel = byId("case-panel");
  const isOpen = shown?.state === "open";
  const button = element("button", { type: "button", id: isOpen ? "close-case" : "open-case", text: isOpen ? "Close case" : "Open case" });
  const note = element("p", { class: "note", role: "status" });
  button.onclick = isOpen ? () => locked(button, () => closeCase(button, note)) : () => openForm(seenSensors());
  const content = shown ? table(caseRows(shown)) : element("p", { text: "No case in this room: the strictest limits apply." });
  const standing = element("p", { class: "note standing", id: "case-standing", role: "status" });
  panel.replaceChildren(element("h2", { text: "Case" }, element("span", { class: "pill", id: "case-pill" })), standing, content, button, note);
}

/** How the case stands with safety; says so where it does not simply watch it. @param {CaseStanding | null} standing */
export function showStanding(standing) {
  if (shownCase === undefined) return;
  const pill = byId("case-pill");
  const shown = JSON.parse(shownCase);
  pill.hidden = !shown;
  setText(pill, shown ? caseWords(shown, standing).replace("Case ", "") : "");
  pill.dataset.standing = standing?.standing ?? "";
  setText(byId("case-standing"), standing?.text ?? "");
}

/** @param {any} shown */
function caseRows(shown) {
  const rows = [
    ["Procedure", shown.procedure ?? "---"],
    ["Session", shown.session],
    ["Level, electrode", [shown.level, shown.electrode].filter(Boolean).join(", ") || "---"],
    ["Lesion, wall", [shown.lesion, shown.posterior_wall].filter(Boolean).join(", ") || "---"],
    ["Opened", timeOfDay(shown.opened_us)],
  ];
  return shown.state === "closed" ? [...rows, ["Closed", timeOfDay(shown.closed_us)]] : rows;
}

/** Closing wants two presses, too. @param {HTMLButtonElement} button @param {HTMLElement} note */
async function closeCase(button, note) {
  if (!button.dataset.armed) {
    button.dataset.armed = "yes";
    button.textContent = "Confirm: close case";
    setTimeout(() => {
      delete button.dataset.armed;
      button.textContent = "Close case";
    }, 5000);
    return;
  }
  const { ok, body } = await post(`/api/rooms/${document.body.dataset.room}/case/close`, {});
  note.textContent = ok ? "Closing. The watch goes on until the tissue has cooled." : Object.values(body.errors).join(" ");
}

/** @param {RecordFrame} record */
function showSummary({ summary, case: present, unquotable }) {
  const panel = byId("summary-panel");
  const belongs = summary && (!present || present.session === summary.session || present.state === "closed");
  panel.hidden = !belongs;
  if (!belongs) return;
  const word = summary.final ? "final" : "preliminary";
  const hottest = summary.sensors.filter((/** @type {any} */ { role }) => role === "neural");
  const counts = summary.alarm_counts;
  panel.replaceChildren(
    element("h2", { text: "Summary" }, element("span", { class: "pill", id: "summary-state", text: word })),
    table([
      ["Session", summary.session],
      ...hottest.flatMap((/** @type {any} */ each) => sensorRows(each, !unquotable.includes(each.sensor))),
      ["RF on", `${duration(summary.rf_on_s)}, ${number(summary.energy_j / 1000, 2)} kJ, ${summary.ablations.length} ablations`],
      ["Alarms", `${counts.high} high, ${counts.medium} medium, ${counts.low} low`],
      ["Recording", summary.capture ? `${summary.capture.lines} lines, ${summary.capture.sha256.slice(0, 12)}` : "---"],
    ]),
  );
}

/** @param {any} sensor @param {boolean} isQuotable whether its dose means something as a number */
function sensorRows(sensor, isQuotable) {
  const estimated = sensor.dose_estimated ? " (estimated)" : "";
  return [
    [`${sensor.sensor} highest`, `${number(sensor.max_temperature_c)} °C`],
    ["above 42 / 43 / 45 °C", `${[sensor.time_above_42_s, sensor.time_above_43_s, sensor.time_above_45_s].map(minutes).join(" / ")} min`],
    ["CEM43", isQuotable ? `${number(sensor.cem43_min, 2)} min${estimated}` : "exceeded: too hot for a number"],
  ];
}

/** @param {string[][]} rows */
function table(rows) {
  return element("dl", {}, ...rows.flatMap(([name, value]) => [element("dt", { text: name }), element("dd", { text: value })]));
}
