// The plain layout blocks: header, section, context, actions, divider, image.
import { h } from "../dom.js";
import { textObject } from "../mrkdwn.js";
import { renderElement } from "./index.js";

/** Only pictures of this server or inside the message itself are loaded: the page makes no outside requests. */
export function localUrl(url) {
  if (!url) return null;
  if (url.startsWith("data:image/")) return url;
  try {
    const target = new URL(url, location.href);
    const here = new Set([location.hostname, "localhost", "127.0.0.1"]);
    if (here.has(target.hostname) && target.port === location.port) return target.pathname + target.search;
  } catch {
    // Not an address: treated like one that is not ours.
  }
  return null;
}

/** A picture, or a quiet stand-in carrying its alternative text when it lives elsewhere. */
export function picture(source, className) {
  const url = localUrl(source.image_url ?? source.slack_file?.url);
  if (!url) return h("span", { class: `${className} picture-away`, role: "img", "aria-label": source.alt_text, title: source.alt_text });
  return h("img", { class: className, src: url, alt: source.alt_text ?? "", loading: "lazy" });
}

export const header = (block) =>
  h("div", { role: "heading", "aria-level": block.level ? block.level + 2 : 3, "data-level": block.level }, textObject(block.text));

export function section(block, ctx) {
  const long = block.text?.text?.length > 700 && !block.expand && ctx.kind === "message";
  const text = block.text ? h("div", { class: "section-text" }, textObject(block.text)) : null;
  const body = h("div", { class: "section-body" }, text);
  if (long && !ctx.note(`open/${block.block_id}`, false)) {
    text.classList.add("clamped");
    const open = (event) => {
      ctx.setNote(`open/${block.block_id}`, true);
      text.classList.remove("clamped");
      event.currentTarget.remove();
    };
    body.append(h("button", { class: "see-more", on: { click: open } }, "See more"));
  }
  if (block.fields?.length) {
    body.append(h("div", { class: "section-fields" }, block.fields.map((field) => h("div", { class: "section-field" }, textObject(field)))));
  }
  const accessory = block.accessory
    ? h("div", { class: `section-accessory accessory-${block.accessory.type}` }, renderElement(block.accessory, ctx, block))
    : null;
  return h("div", {}, body, accessory);
}

export const context = (block) =>
  h(
    "div",
    {},
    block.elements.map((element) =>
      element.type === "image" ? picture(element, "context-image") : h("span", { class: "context-text" }, textObject(element)),
    ),
  );

export const actions = (block, ctx) =>
  h("div", {}, block.elements.map((element) => renderElement(element, ctx, block)));

export const divider = () => h("hr", { class: "block-divider" });

export const image = (block) =>
  h(
    "figure",
    {},
    block.title ? h("figcaption", {}, textObject(block.title)) : null,
    picture(block, "block-picture"),
  );

export const imageElement = (element) => picture(element, "accessory-picture");
