// @ts-check
/** What stands around the numbers: room, case, limits in force, time, the state of the alarm system, of page and devices. */

/** @import { CaseStanding, Latest, SoundOwner } from "./types.js" */

import { ask } from "./alarms.js";
import { byId, element, locked, setText, syncList } from "./dom.js";
import { duration, shortHash, timeOfDay, UNKNOWN } from "./format.js";

byId("audio-resume").onclick = () => ask("resume-audio", null, false);
byId("audio-pause").onclick = () => locked(byId("audio-pause"), () => ask("pause-audio", null, false));

/** @param {Latest} latest @param {any} openCase @param {(room: string) => void} choose */
export function showHeader(latest, openCase, choose) {
  syncList(
    byId("rooms"),
    latest.rooms,
    ({ room }) => room,
    ({ room }) => {
      const button = element("button", { type: "button", class: "room" }, element("span", { class: "symbol" }), element("span", { class: "name", text: room }));
      button.onclick = () => choose(room);
      return button;
    },
    (button, { room, priority, symbol }) => {
      button.setAttribute("aria-pressed", String(room === latest.room));
      button.dataset.priority = priority ?? "";
      setText(/** @type {Element} */ (button.querySelector(".symbol")), symbol);
    },
  );
  setText(byId("case-line"), caseLine(openCase, latest.case_standing));
  setText(byId("limits-line"), limitsLine(latest));
  setText(byId("clock"), timeOfDay(latest.clock_us));
  byId("simulated").hidden = !latest.simulated;
  byId("foreign-clock").hidden = !latest.foreign_clock;
}

/** @param {any} shown @param {CaseStanding | null} standing */
function caseLine(shown, standing) {
  if (!shown) return "No case";
  const facts = [shown.procedure, shown.level, shown.electrode, shown.lesion, shown.posterior_wall && `wall ${shown.posterior_wall}`];
  return `${caseWords(shown, standing)} · ${facts.filter(Boolean).join(" · ")}`;
}

/** Open is what safety has taken; else how it stands. @param {any} shown @param {CaseStanding | null} standing */
export function caseWords(shown, standing) {
  const word = `Case ${shown.state}`;
  switch (standing?.standing) {
    case "not-taken":
      return `${word}, NOT TAKEN BY SAFETY`;
    case "unconfirmed":
      return `${word}, not confirmed by safety`;
    case "waiting":
      return `${word}, waiting for safety`;
    case "pending":
      return `${word}, amendment pending`;
    default:
      return word;
  }
}

/** @param {Latest} latest */
function limitsLine({ numerals }) {
  if (!numerals?.profile) return `Limits ${UNKNOWN}`;
  const pending = numerals.case_pending ? " · amendment waits for RF off" : "";
  if (numerals.state === "unknown") return `Limits not in force, last known: ${numerals.profile}`;
  return `Limits: ${numerals.profile} · policy ${shortHash(numerals.policy)}${pending}`;
}

/** @param {Latest} latest */
export function showSystem(latest) {
  byId("failure").hidden = latest.failures.length === 0;
  setText(byId("failure-what"), latest.failures.join(" "));
  byId("stands-still").hidden = !latest.stands_still;
  const pausedFor = latest.alarms.audio_paused_for_s;
  byId("audio-paused").hidden = pausedFor === null;
  setText(byId("audio-left"), `sound of this room returns in ${duration(pausedFor)}`);
  showStates(byId("services"), "Services", latest.services.map((each) => [nameOf(each), each.state]));
  showStates(byId("sources"), "Devices", latest.sources.map(({ source, state }) => [source, state]));
  setText(byId("left-out"), latest.left_out.join(" "));
  const count = latest.rejected_count;
  setText(byId("rejected"), count ? `${count} unreadable messages, last: ${latest.rejected_reason}` : "");
}

/** Who hears the alarms. @param {boolean} isOn @param {SoundOwner} owner @param {number | null} pausedForS */
export function showSound(isOn, owner, pausedForS) {
  byId("sound-off").hidden = isOn;
  byId("audio-pause").hidden = pausedForS !== null || !(isOn || owner === "elsewhere");
  const line = byId("sound-state");
  line.dataset.sound = isOn ? "on" : "off";
  setText(line, soundWords(isOn, owner));
}

/** @param {boolean} isOn @param {SoundOwner} owner */
function soundWords(isOn, owner) {
  if (owner === "elsewhere") return "Another page sounds alarms.";
  if (!isOn) return "No page sounds alarms.";
  return owner === "here" ? "This page sounds alarms." : "Sound waits for the server.";
}

/** Two copies of one service are two words. @param {{service: string, instance: string}} each */
function nameOf({ service, instance }) {
  return instance === "main" ? service : `${service} ${instance}`;
}

/** @param {HTMLElement} line @param {string} title @param {string[][]} states */
function showStates(line, title, states) {
  const good = new Set(["ok", "online"]);
  const items = [["", title], ...states];
  syncList(
    line,
    items,
    ([name, state]) => name || state,
    () => element("span"),
    (made, [name, state]) => {
      made.className = !name ? "title" : good.has(state) ? "good" : "bad";
      setText(made, !name ? title : good.has(state) ? `✓ ${name}` : `✗ ${name} ${state}`);
    },
  );
}

/** Our own silence: the page has no server. @param {number} ageMs @param {boolean} isLocked */
export function showNoData(ageMs, isLocked) {
  const bar = byId("no-data");
  const isOld = ageMs > 900 || isLocked;
  bar.hidden = !isOld;
  if (!isOld) {
    setText(byId("no-data-why"), "");
    return;
  }
  setText(byId("no-data-for"), `NO DATA for ${(ageMs / 1000).toFixed(1)} s.`);
  const lost = "The page has lost its server: nothing here is current. Watch the patient and the devices themselves.";
  const text = isLocked ? "This page is not signed in any more: open a new login link." : lost;
  setText(byId("no-data-why"), text);
}
