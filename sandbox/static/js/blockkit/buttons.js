// Buttons of every kind: button, workflow button, overflow menu, feedback buttons, icon button.
import { h } from "../dom.js";
import { hasIcon, icon } from "../icons.js";
import { safeUrl, textObject } from "../mrkdwn.js";
import { openMenu } from "../popover.js";
import { store } from "../store.js";

const STYLES = { primary: "button-primary", danger: "button-danger" };

export function button(element, ctx, block) {
  const fields = { value: element.value, text: element.text };
  const url = element.url && safeUrl(element.url);
  const press = (event) => {
    const node = event.currentTarget;
    if (node.classList.contains("pending")) event.preventDefault();
    else ctx.send(block, element, fields, node);
  };
  const attributes = {
    class: `button ${STYLES[element.style] ?? ""}`,
    "aria-label": element.accessibility_label,
    "data-focus": `${block.block_id}/${element.action_id}/${element.value ?? ""}`,
    on: { click: press },
  };
  if (url) return h("a", { ...attributes, href: url, target: "_blank", rel: "noopener noreferrer" }, h("span", {}, textObject(element.text)));
  return h("button", { ...attributes, type: "button" }, h("span", {}, textObject(element.text)));
}

export const workflowButton = (element, ctx, block) => button({ ...element, value: element.workflow?.trigger?.url }, ctx, block);

export function overflow(element, ctx, block) {
  const open = (event) => {
    const anchor = event.currentTarget;
    openMenu(
      anchor,
      element.options.map((option) => ({
        label: option.text.text,
        hint: option.description?.text,
        testid: `option-${option.value}`,
        run() {
          if (option.url && safeUrl(option.url)) window.open(option.url, "_blank", "noopener");
          ctx.send(block, element, { selected_option: option }, anchor);
        },
      })),
      { align: "end", label: "More actions" },
    );
  };
  return h("button", { class: "button button-icon", type: "button", "aria-label": "More actions", "aria-haspopup": "menu", on: { click: open } }, icon("more"));
}

/** Thumbs up and down under an answer; the chosen one stays marked. */
function feedbackButtons(element, ctx, block) {
  const name = `feedback/${block.block_id}/${element.action_id}`;
  const node = h("span", { class: "feedback", role: "group", "aria-label": "Feedback", "data-action-id": element.action_id });
  const one = (choice, picture) => {
    const press = async (event) => {
      if (!(await ctx.send(block, element, { value: choice.value, text: choice.text }, event.currentTarget))) return;
      ctx.setNote(name, choice.value);
      for (const child of node.children) child.setAttribute("aria-pressed", String(child.dataset.value === choice.value));
    };
    return h(
      "button",
      {
        class: "icon-button",
        type: "button",
        "aria-label": choice.accessibility_label ?? choice.text.text,
        title: choice.text.text,
        "data-value": choice.value,
        "data-focus": `${block.block_id}/${element.action_id}/${choice.value}`,
        "aria-pressed": String(ctx.note(name) === choice.value),
        on: { click: press },
      },
      icon(picture),
    );
  };
  node.append(one(element.positive_button, "thumb_up"), one(element.negative_button, "thumb_down"));
  return node;
}

function iconButton(element, ctx, block) {
  if (element.visible_to_user_ids && !element.visible_to_user_ids.includes(store.me)) return null;
  return h(
    "button",
    {
      class: "icon-button",
      type: "button",
      "aria-label": element.accessibility_label ?? element.text.text,
      title: element.text.text,
      "data-action-id": element.action_id,
      "data-focus": `${block.block_id}/${element.action_id}`,
      on: { click: (event) => ctx.send(block, element, { value: element.value }, event.currentTarget) },
    },
    icon(hasIcon(element.icon) ? element.icon : "bolt"),
  );
}

export const contextActions = (block, ctx) =>
  h("div", {}, block.elements.map((element) => (element.type === "feedback_buttons" ? feedbackButtons : iconButton)(element, ctx, block)));
