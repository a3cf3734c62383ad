// @ts-check
/** Small helpers for building and changing the page. Text is always set as text, never as HTML. */

/**
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {{class?: string, text?: string, [attribute: string]: string | undefined}} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    if (name === "text") made.textContent = value;
    else made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/**
 * The element with this id; its absence is a fault of ours.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) throw new Error(`the page has no element ${id}`);
  return found;
}

/**
 * Change a text only if it differs: untouched text is neither laid out nor read aloud again.
 * @param {Element} target
 * @param {string} text
 */
export function setText(target, text) {
  if (target.textContent !== text) target.textContent = text;
}

/**
 * Make the children of a list match its items, keeping the element of an item that stays: a button that is being
 * pressed must not be replaced under the finger. No two items may have the same key.
 * @template Item
 * @param {Element} list
 * @param {Item[]} items
 * @param {(item: Item) => string} keyOf
 * @param {(item: Item) => HTMLElement} make
 * @param {(element: HTMLElement, item: Item) => void} update
 */
export function syncList(list, items, keyOf, make, update) {
  const kept = new Map(Array.from(list.children, (child) => [child.getAttribute("data-key"), /** @type {HTMLElement} */ (child)]));
  items.forEach((item, index) => {
    const key = keyOf(item);
    let child = kept.get(key);
    kept.delete(key);
    if (!child) {
      child = make(item);
      child.setAttribute("data-key", key);
    }
    update(child, item);
    if (list.children[index] !== child) list.insertBefore(child, list.children[index] ?? null);
  });
  for (const gone of kept.values()) gone.remove();
}

/**
 * Lock the controls of a form, or a button, while something runs: pressed twice it is done once.
 * @template Result
 * @param {HTMLElement} target
 * @param {() => Promise<Result>} run
 * @returns {Promise<Result | undefined>} nothing if it was running already
 */
export async function locked(target, run) {
  if (target.inert) return undefined;
  const focused = /** @type {HTMLElement | null} */ (document.activeElement);
  target.inert = true;
  try {
    return await run();
  } finally {
    target.inert = false;
    if (document.activeElement === document.body) focused?.focus();
  }
}

/**
 * Post JSON; the answer's body, and whether it was accepted.
 * @param {string} path
 * @param {unknown} body
 * @returns {Promise<{ok: boolean, body: any}>}
 */
export async function post(path, body) {
  try {
    const answer = await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(5000),
    });
    const text = await answer.text();
    const json = answer.headers.get("content-type")?.includes("json") ? JSON.parse(text) : { errors: { form: text } };
    return { ok: answer.ok, body: json };
  } catch {
    return { ok: false, body: { errors: { form: "The server does not answer: nothing is known to have been done." } } };
  }
}
