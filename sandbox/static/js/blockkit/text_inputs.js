// Text, number, e-mail and address inputs.
import { h } from "../dom.js";

const KINDS = { number_input: "text", email_text_input: "email", url_text_input: "url", plain_text_input: "text" };
const MODES = { number_input: "decimal", email_text_input: "email", url_text_input: "url" };

export function textInput(element, ctx, block) {
  const kept = ctx.start(block, element, { value: element.initial_value ?? null });
  const triggers = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  let timer;
  const tell = () => block.dispatch_action && ctx.send(block, element, { value: control.value || null }, null);
  const typed = () => {
    ctx.set(block, element, { value: control.value || null });
    count();
    if (!triggers.includes("on_character_entered")) return;
    clearTimeout(timer);
    timer = setTimeout(tell, 300);
  };
  const keyed = (event) => {
    if (event.key !== "Enter" || !block.dispatch_action || !triggers.includes("on_enter_pressed") || event.shiftKey) return;
    event.preventDefault();
    tell();
  };
  const attributes = {
    class: "field",
    placeholder: element.placeholder?.text,
    inputmode: MODES[element.type],
    maxlength: element.max_length,
    autocomplete: "off",
    value: kept.value ?? "",
    on: { input: typed, keydown: keyed },
  };
  const control = element.multiline
    ? h("textarea", { ...attributes, rows: "4" })
    : h("input", { ...attributes, type: KINDS[element.type] });
  if (element.focus_on_load) control.dataset.autofocus = "true";
  const counter = element.max_length && element.max_length <= 3000 ? h("span", { class: "field-count", "aria-hidden": "true" }) : null;
  const count = () => {
    if (!counter) return;
    const left = element.max_length - control.value.length;
    counter.textContent = left <= Math.max(20, element.max_length / 5) ? String(left) : "";
  };
  count();
  return h("div", { class: "field-wrap" }, control, counter);
}

/** What is wrong with a text before it is sent, in the words of the form; null when nothing is. */
export function textProblem(element, value) {
  if (element.min_length && value.length < element.min_length) return `Please enter at least ${element.min_length} characters.`;
  if (element.type === "email_text_input" && !/^[^@\s]+@[^@\s]+$/.test(value)) return "Please enter a valid email address.";
  if (element.type === "url_text_input" && !/^https?:\/\/[^\s]+$/i.test(value)) return "Please enter a valid URL.";
  if (element.type !== "number_input") return null;
  const number = Number(value);
  if (Number.isNaN(number)) return "Please enter a number.";
  if (!element.is_decimal_allowed && !Number.isInteger(number)) return "Please enter a whole number.";
  if (element.min_value !== undefined && number < Number(element.min_value)) return `Please enter a number of at least ${element.min_value}.`;
  if (element.max_value !== undefined && number > Number(element.max_value)) return `Please enter a number of at most ${element.max_value}.`;
  return null;
}
