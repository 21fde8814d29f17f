// Radio buttons and checkboxes: real inputs, so that keyboards and screen readers know them.
import { h, uid } from "../dom.js";
import { textObject } from "../mrkdwn.js";

function option(kind, name, item, checked, onChange, focus) {
  return h(
    "label",
    { class: "choice" },
    h("input", { type: kind, name, value: item.value, checked, "data-focus": focus, on: { change: onChange } }),
    h(
      "span",
      { class: "choice-text" },
      h("span", {}, textObject(item.text)),
      item.description ? h("span", { class: "choice-note" }, textObject(item.description)) : null,
    ),
  );
}

const focusOf = (block, element, item) => `${block.block_id}/${element.action_id}/${item.value}`;

export function radioButtons(element, ctx, block) {
  const kept = ctx.start(block, element, { selected_option: element.initial_option ?? null });
  const name = uid("radio");
  const node = h("div", { class: "choices" });
  for (const item of element.options) {
    const pick = () => ctx.change(block, element, { selected_option: item }, node);
    node.append(option("radio", name, item, kept.selected_option?.value === item.value, pick, focusOf(block, element, item)));
  }
  return node;
}

export function checkboxes(element, ctx, block) {
  const kept = ctx.start(block, element, { selected_options: element.initial_options ?? [] });
  const node = h("div", { class: "choices" });
  const toggle = () => {
    const ticked = new Set([...node.querySelectorAll("input:checked")].map((input) => input.value));
    ctx.change(block, element, { selected_options: element.options.filter((item) => ticked.has(item.value)) }, node);
  };
  const chosen = new Set(kept.selected_options.map((item) => item.value));
  for (const item of element.options) {
    node.append(option("checkbox", uid("check"), item, chosen.has(item.value), toggle, focusOf(block, element, item)));
  }
  return node;
}
