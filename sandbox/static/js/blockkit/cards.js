// card, carousel, container and alert.
import { h, uid } from "../dom.js";
import { icon } from "../icons.js";
import { textObject } from "../mrkdwn.js";
import { renderBlocks, renderElement } from "./index.js";
import { picture } from "./layout.js";
import { richText } from "./rich_text.js";

export function card(block, ctx) {
  const line = (name) => (block[name] ? h("div", { class: `card-${name}` }, textObject(block[name])) : null);
  return h(
    "article",
    {},
    block.hero_image ? picture(block.hero_image, "card-hero") : null,
    h(
      "div",
      { class: "card-main" },
      h("div", { class: "card-top" }, block.icon ? picture(block.icon, "card-icon") : null, h("div", { class: "card-names" }, line("title"), line("subtitle"))),
      line("body"),
      line("subtext"),
      block.actions?.length ? h("div", { class: "card-actions" }, block.actions.map((item) => renderElement(item, ctx, block))) : null,
    ),
  );
}

export function carousel(block, ctx) {
  const cards = renderBlocks(block.elements.map((item, i) => ({ block_id: `${block.block_id}-${i}`, ...item, type: "card" })), ctx);
  const strip = h("div", { class: "carousel-strip", tabindex: "0", role: "group", "aria-label": `${cards.length} cards` }, cards);
  const slide = (by) => strip.scrollBy({ left: by * 260, behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth" });
  const arrow = (name, label, by) => h("button", { class: `carousel-arrow carousel-${name}`, type: "button", "aria-label": label, on: { click: () => slide(by) } }, icon(name));
  return h("div", {}, strip, cards.length > 2 ? [arrow("left", "Previous cards", -1), arrow("right", "Next cards", 1)] : null);
}

export function container(block, ctx) {
  const id = uid("container");
  const note = `folded/${block.block_id}`;
  const folded = Boolean(block.is_collapsible) && ctx.note(note, Boolean(block.default_collapsed));
  const body = h("div", { class: "container-body", id, hidden: folded }, renderBlocks(block.child_blocks, ctx));
  const names = h(
    "span",
    { class: "container-names" },
    h("span", { class: "container-title" }, block.rich_text_title ? richText(block.rich_text_title) : textObject(block.title)),
    block.subtitle ? h("span", { class: "container-subtitle" }, textObject(block.subtitle)) : null,
  );
  const inside = [block.icon ? picture(block.icon, "card-icon") : null, names];
  const toggle = (event) => {
    body.hidden = !body.hidden;
    ctx.setNote(note, body.hidden);
    event.currentTarget.setAttribute("aria-expanded", String(!body.hidden));
  };
  const head = block.is_collapsible
    ? h("button", { class: "container-head", type: "button", "aria-expanded": String(!folded), "aria-controls": id, "data-focus": `${block.block_id}/fold`, on: { click: toggle } }, inside, icon("down", "icon chevron"))
    : h("div", { class: "container-head" }, inside);
  return h("section", { class: `width-${block.width ?? "standard"}${block.has_header_divider ? " ruled" : ""}` }, head, body);
}

const LEVELS = { default: "info", info: "info", warning: "warning", error: "error_circle", success: "check_circle" };

export function alertBlock(block) {
  const level = LEVELS[block.level] ? block.level : "default";
  return h("div", { class: `alert alert-${level}`, role: level === "error" ? "alert" : "note" }, icon(LEVELS[level]), h("div", {}, textObject(block.text)));
}
