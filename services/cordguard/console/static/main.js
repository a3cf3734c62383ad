// @ts-check
/** The live page: shows what the server says, and how old it is. It decides nothing about alarms. */

/** @import { Batch, Envelope, Latest, RecordFrame, SoundOwner } from "./types.js" */

import { showAlarms, showAnswers } from "./alarms.js";
import { Annunciator } from "./annunciator.js";
import { callsOf } from "./bursts.js";
import { Charts } from "./charts.js";
import { Feed } from "./feed.js";
import { grownOld, showNumerals } from "./numerals.js";
import { showPerson } from "./person.js";
import { showRecord, showStanding } from "./record.js";
import { showHeader, showNoData, showSound, showSystem } from "./status.js";

const LOOK_EVERY_MS = 100;
/** Until the server has said how old is too old. */
let ageLimits = { stale_ms: 1000, unknown_ms: 3000 };
/** Frames come ten times a second: an age up to here is the normal way of things. */
const NORMAL_AGE_MS = 500;

/** @type {Latest | undefined} */
let newest;
/** @type {any} */
let shownCase;
let dropped = 0;
let isLocked = false;
/** @type {SoundOwner} */
let soundOwner = "nobody";
/** Since when the alarm system has failed, or is not heard. @type {number | null} */
let failingSinceMs = null;

const charts = new Charts();
const asked = new URLSearchParams(location.search).get("room");
const feed = new Feed(asked, onFrame, () => {
  isLocked = true;
});

const sound = new Annunciator((beat) => feed.send(beat));

/** @param {Latest | RecordFrame | Batch} frame @param {Envelope} envelope */
function onFrame(frame, envelope) {
  dropped = envelope.dropped;
  soundOwner = envelope.sound;
  isLocked = false;
  if (frame.kind === "batch") charts.addPoints(frame);
  else if (frame.kind === "record") {
    shownCase = frame.case;
    ageLimits = { stale_ms: frame.stale_ms, unknown_ms: frame.unknown_ms };
    charts.setMarks(frame);
    showRecord(frame, seenSensors);
  } else {
    newest = frame;
    show();
    annunciate();
  }
}

function show() {
  if (!newest) return;
  const ageMs = feed.ageMs;
  const isHeard = ageMs <= ageLimits.unknown_ms;
  const extraMs = ageMs > NORMAL_AGE_MS ? ageMs : 0;
  const numerals = newest.numerals && grownOld(newest.numerals, extraMs, ageLimits);
  document.body.dataset.room = newest.room ?? "";
  showHeader({ ...newest, numerals }, shownCase, choose);
  showSystem(newest);
  showStanding(newest.case_standing);
  showAlarms(newest, isHeard);
  showAnswers(newest);
  showNumerals({ ...newest, numerals });
  charts.show(newest, dropped);
}

/** Runs on its own, so that silence is noticed by silence. */
function look() {
  const ageMs = feed.ageMs;
  const state = ageMs > ageLimits.unknown_ms ? "blank" : ageMs > 900 ? "stale" : "live";
  document.body.dataset.feed = newest || state !== "live" ? state : "waiting";
  showNoData(ageMs, isLocked);
  if (state !== "live") show();
  annunciate();
}

function annunciate() {
  const nowMs = performance.now();
  const isFailing = newest !== undefined && (newest.failures.length > 0 || feed.ageMs > ageLimits.unknown_ms);
  failingSinceMs = isFailing ? (failingSinceMs ?? nowMs) : null;
  const failingForS = failingSinceMs === null ? null : (nowMs - failingSinceMs) / 1000;
  sound.step(newest ? callsOf(newest, feed.ageMs / 1000, failingForS) : [], soundOwner === "here");
  showSound(sound.isOn, soundOwner, newest?.alarms.audio_paused_for_s ?? null);
}

/** @param {string} room */
function choose(room) {
  newest = undefined;
  soundOwner = "nobody";
  history.replaceState(null, "", `?room=${encodeURIComponent(room)}`);
  feed.choose(room);
}

function seenSensors() {
  const judged = (newest?.numerals?.sensors ?? []).map(({ sensor }) => sensor);
  return [...new Set([...judged, ...charts.sensorKeys])];
}

setInterval(look, LOOK_EVERY_MS);
showPerson();
