// @ts-check
/** Numbers and times as people read them. What is unknown is always the same three dashes. */

export const UNKNOWN = "---";

/** @param {number | null | undefined} value @param {number} digits */
export function number(value, digits = 1) {
  return value === null || value === undefined ? UNKNOWN : value.toFixed(digits);
}

/** @param {number | null | undefined} value @param {number} digits */
export function signed(value, digits = 2) {
  if (value === null || value === undefined) return UNKNOWN;
  const rounded = value.toFixed(digits);
  return value >= 0 ? `+${rounded}` : rounded.replace("-", "−");
}

/** A moment of the day, in the zone of this screen. @param {number | null | undefined} us */
export function timeOfDay(us) {
  if (!us) return "--:--:--";
  return new Date(us / 1000).toLocaleTimeString("en-GB", { hour12: false });
}

/** @param {number | null | undefined} s */
export function duration(s) {
  if (s === null || s === undefined) return UNKNOWN;
  const whole = Math.floor(s);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  const rest = String(whole % 60).padStart(2, "0");
  return minutes < 60 ? `${minutes}:${rest} min` : `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, "0")} h`;
}

/** Minutes and seconds, as 1:07. @param {number} s */
export function minutes(s) {
  return `${Math.floor(s / 60)}:${String(Math.floor(s % 60)).padStart(2, "0")}`;
}

/** @param {number | null | undefined} ms */
export function age(ms) {
  if (ms === null || ms === undefined) return "no reading yet";
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s old` : `${duration(ms / 1000)} old`;
}

/** @param {string | null | undefined} hash */
export function shortHash(hash) {
  return hash ? hash.replace("sha256:", "").slice(0, 8) : UNKNOWN;
}
