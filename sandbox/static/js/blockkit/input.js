// The input block: label, element, hint, and the error the app or the form gave for it.
import { h, uid } from "../dom.js";
import { textObject } from "../mrkdwn.js";
import { renderElement } from "./index.js";

const GROUPS = new Set(["checkboxes", "radio_buttons", "file_input"]);

export function inputBlock(block, ctx) {
  const id = uid("input");
  const element = renderElement(block.element, ctx, block);
  const control = element.matches("input,textarea,button") ? element : element.querySelector("input,textarea,button.select,[contenteditable]");
  const grouped = GROUPS.has(block.element.type);
  const label = h(
    grouped ? "span" : "label",
    { class: "input-label", id: `${id}-label`, for: grouped ? null : `${id}-control` },
    textObject(block.label),
    block.optional ? h("span", { class: "input-optional" }, " (optional)") : null,
  );
  const hint = block.hint ? h("div", { class: "input-hint", id: `${id}-hint` }, textObject(block.hint)) : null;
  const error = h("div", { class: "input-error", id: `${id}-error`, role: "alert", "data-error-for": block.block_id });
  if (grouped) {
    element.setAttribute("role", block.element.type === "radio_buttons" ? "radiogroup" : "group");
    element.setAttribute("aria-labelledby", `${id}-label`);
  } else if (control) {
    control.id = `${id}-control`;
    if (!control.matches("input,textarea")) control.setAttribute("aria-labelledby", `${id}-label ${id}-control`);
    if (!block.optional) control.setAttribute("aria-required", "true");
  }
  (control ?? element).setAttribute("aria-describedby", `${hint ? `${id}-hint ` : ""}${id}-error`);
  return h("div", {}, label, element, error, hint);
}

/** Shows or clears the error under a block. */
export function showError(root, blockId, message) {
  const line = root.querySelector(`[data-error-for="${CSS.escape(blockId)}"]`);
  if (!line) return false;
  line.textContent = message ?? "";
  const block = line.parentElement;
  block.classList.toggle("has-error", Boolean(message));
  const control = block.querySelector("input,textarea,button.select,[contenteditable]");
  if (message) control?.setAttribute("aria-invalid", "true");
  else control?.removeAttribute("aria-invalid");
  return true;
}
