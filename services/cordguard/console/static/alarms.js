// @ts-check
/** The alarms as the server says they are: the most urgent one large, the others below it in the server's order. */

/** @import { Alarm, Latest } from "./types.js" */

import { byId, element, post, setText, syncList } from "./dom.js";
import { duration } from "./format.js";

const CONFIRM_WITHIN_MS = 5000;
/** Pixels; on a lower screen fewer alarms get two lines each. */
const LOW_SCREEN = 900;

/** Commands whose fate the person has not read yet. @type {Map<string, {text: string, refused: boolean, untilMs: number}>} */
const refusedHere = new Map();

/** @param {Latest} latest @param {boolean} isCurrent whether the server itself is heard */
export function showAlarms(latest, isCurrent) {
  const section = byId("alarms");
  const state = isCurrent ? latest.alarms.state : "last-known";
  section.dataset.state = state;
  const rows = latest.alarms.present.map((alarm, index) => ({ alarm, isFirst: index === 0 }));
  section.classList.toggle("many", rows.length > (window.innerHeight < LOW_SCREEN ? 2 : 4));
  /** @type {({alarm: Alarm, isFirst: boolean} | null)[]} */
  const shown = rows.length ? rows : [null];
  syncList(
    section,
    shown,
    (row) => (row ? row.alarm.alarm_id : "none"),
    (row) => (row ? makeRow(row.alarm.alarm_id) : element("p", { class: "no-alarms" })),
    (made, row) => (row ? fillRow(made, row.alarm, row.isFirst, state) : setText(made, nothing(state))),
  );
  speakAlarms(latest.alarms.present, state);
  sayHidden();
}

byId("alarms").addEventListener("scroll", sayHidden);
byId("alarms-hidden").onclick = () => {
  const section = byId("alarms");
  const isAtEnd = section.scrollTop + section.clientHeight >= section.scrollHeight - 1;
  section.scrollTop = isAtEnd ? 0 : section.scrollTop + section.clientHeight / 2;
};

/** Say how many alarms do not fit; the first, the most urgent, always does. */
function sayHidden() {
  const section = byId("alarms");
  const [first, ...others] = /** @type {HTMLElement[]} */ ([...section.querySelectorAll(".alarm")]);
  const top = first?.getBoundingClientRect().bottom ?? 0;
  const bottom = section.getBoundingClientRect().bottom;
  const hidden = others.map((row) => ({ row, box: row.getBoundingClientRect() })).filter(({ box }) => box.top < top - 1 || box.bottom > bottom + 1);
  const words = hidden.map(({ row }) => row.dataset.priority?.toUpperCase() ?? "");
  const counts = [...new Set(words)].map((word) => `${words.filter((each) => each === word).length} ${word}`);
  const line = byId("alarms-hidden");
  line.hidden = hidden.length === 0;
  setText(line, `${hidden.length} more ${hidden.length === 1 ? "alarm" : "alarms"} not in sight: ${counts.join(", ")}. Show`);
}

/** What is read aloud: one paragraph for each alarm, which changes only when the alarm does.
 * @param {Alarm[]} alarms @param {string} state */
function speakAlarms(alarms, state) {
  syncList(
    byId("spoken-alarms"),
    alarms.length ? alarms : [null],
    (alarm) => alarm?.alarm_id ?? "none",
    () => element("p"),
    (made, alarm) => setText(made, alarm ? spoken(alarm, state) : nothing(state)),
  );
}

/** @param {Alarm} alarm @param {string} state */
function spoken(alarm, state) {
  return [alarm.word, ...wordsOf(alarm, state), alarm.message, alarm.guidance].filter(Boolean).join(". ");
}

/** @param {Alarm} alarm @param {string} state */
function wordsOf(alarm, state) {
  return state === "current" ? alarm.states : [...alarm.states, "LAST KNOWN"];
}

/** @param {string} state */
function nothing(state) {
  if (state === "current") return "No alarms";
  return state === "unknown" ? "Alarm state unknown" : "No alarms when last heard; not current";
}

/** @param {string} alarmId */
function makeRow(alarmId) {
  const acknowledge = element("button", { type: "button", class: "acknowledge", text: "Acknowledge" });
  acknowledge.onclick = () => ask("acknowledge", alarmId, false);
  const reset = element("button", { type: "button", class: "reset", text: "Reset" });
  reset.onclick = () => confirmReset(reset, alarmId);
  return element(
    "article",
    { class: "alarm", "data-alarm": alarmId },
    element("div", { class: "sign" }, element("span", { class: "symbol" }), element("span", { class: "word" })),
    element(
      "div",
      { class: "what" },
      element("p", { class: "message" }),
      element("p", { class: "more" }, element("span", { class: "guidance" }), element("span", { class: "facts" })),
    ),
    element("div", { class: "state-words" }),
    element("div", { class: "actions" }, acknowledge, reset),
  );
}

/** @param {HTMLElement} row @param {Alarm} alarm @param {boolean} isFirst @param {string} state */
function fillRow(row, alarm, isFirst, state) {
  const part = (/** @type {string} */ name) => /** @type {HTMLElement} */ (row.querySelector(`.${name}`));
  row.dataset.priority = alarm.priority;
  row.dataset.flash = state === "current" ? alarm.flash : "none";
  row.classList.toggle("first", isFirst);
  setText(part("symbol"), alarm.symbol);
  setText(part("word"), alarm.word);
  setText(part("message"), alarm.message);
  setText(part("guidance"), alarm.guidance);
  const where = alarm.sensor ? `${alarm.sensor} · ` : "";
  setText(part("facts"), `${where}${alarm.rule} ${alarm.name} · ${alarm.kind} · for ${duration(alarm.for_s)}`);
  setText(part("state-words"), wordsOf(alarm, state).join(" · "));
  part("acknowledge").hidden = !alarm.can_acknowledge;
  part("reset").hidden = !alarm.can_reset;
}

/** A reset wants two presses: the first arms it for a few seconds. @param {HTMLButtonElement} button @param {string} alarmId */
function confirmReset(button, alarmId) {
  if (button.dataset.armed) {
    disarm(button);
    ask("reset", alarmId, true);
    return;
  }
  button.dataset.armed = "yes";
  setText(button, "Confirm reset");
  setTimeout(() => disarm(button), CONFIRM_WITHIN_MS);
}

/** @param {HTMLButtonElement} button */
function disarm(button) {
  delete button.dataset.armed;
  setText(button, "Reset");
}

/** @param {string} action @param {string | null} alarmId @param {boolean} confirmed */
export async function ask(action, alarmId, confirmed) {
  const room = document.body.dataset.room;
  const body = { action, confirmed, ...(alarmId ? { alarm_id: alarmId } : {}) };
  const { ok, body: answer } = await post(`/api/rooms/${room}/commands`, body);
  if (!ok) {
    const text = `${action}: ${Object.values(answer.errors ?? {}).join(" ")}`;
    refusedHere.set(`here-${performance.now()}`, { text, refused: true, untilMs: performance.now() + 10_000 });
  }
}

/** What became of commands: always what the alarm system answered. @param {Latest} latest */
export function showAnswers(latest) {
  for (const [key, { untilMs }] of refusedHere) if (performance.now() > untilMs) refusedHere.delete(key);
  const answers = [
    ...latest.commands.map(({ command_id, action, outcome, text }) => ({ key: command_id, outcome, text: `${action}: ${outcome}. ${text}` })),
    ...[...refusedHere].map(([key, { text }]) => ({ key, outcome: "refused", text })),
  ];
  syncList(
    byId("answers"),
    answers,
    ({ key }) => key,
    () => element("p", { class: "answer" }),
    (made, { outcome, text }) => {
      made.dataset.outcome = outcome;
      setText(made, text);
    },
  );
}
