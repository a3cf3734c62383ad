// @ts-check
/** Who acts on this page: an identifier and a role that go out with every command. */

import { byId, element, post, setText } from "./dom.js";

export async function showPerson() {
  try {
    const { actor, role } = await (await fetch("/api/person")).json();
    const button = byId("person");
    setText(button, `Acting as ${actor}, ${role}`);
    button.onclick = () => change(actor, role);
  } catch {
    // Without a server there is nobody to act; the page says so already.
  }
}

/** @param {string} actor @param {string} role */
function change(actor, role) {
  const dialog = /** @type {HTMLDialogElement} */ (byId("person-dialog"));
  const who = element("input", { value: actor, spellcheck: "false", autocomplete: "off" });
  const as = element("input", { value: role, spellcheck: "false", autocomplete: "off" });
  const error = element("p", { class: "error", role: "alert" });
  const form = element(
    "form",
    { method: "dialog" },
    element("h2", { text: "Who acts on this page" }),
    element("div", { class: "fields" }, element("label", {}, "Identifier, not a name", who), element("label", {}, "Role", as)),
    error,
    element("div", { class: "buttons" }, element("span", { class: "space" }), element("button", { type: "submit", text: "Use" })),
  );
  form.onsubmit = async (event) => {
    event.preventDefault();
    const { ok, body } = await post("/api/person", { actor: who.value.trim(), role: as.value.trim() });
    if (!ok) error.textContent = Object.values(body.errors).join(" ");
    else {
      dialog.close();
      showPerson();
    }
  };
  dialog.replaceChildren(form);
  dialog.showModal();
}
