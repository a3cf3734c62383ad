// @ts-check
/** Colours of traces and of alarm marks, read from the style sheet. Red, yellow and cyan belong to alarms alone. */

/** @param {string} name */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

const NEURAL = ["trace-1", "trace-2", "trace-3", "trace-4"];
const OTHERS = ["trace-5", "trace-3", "trace-6", "trace-2", "trace-4", "trace-1"];

/** The colour of the index-th trace of its chart. @param {boolean} isNeural @param {number} index */
export function traceColour(isNeural, index) {
  const names = isNeural ? NEURAL : OTHERS;
  return colour(names[index % names.length]);
}
