// rich_text (all parts) and markdown blocks.
import { h } from "../dom.js";
import { emojiFor } from "../emoji.js";
import { markdown } from "../markdown.js";
import { channelMention, dateNode, emojiNode, groupMention, link, userMention } from "../mrkdwn.js";
import { groupName } from "../store.js";

const STYLES = [["code", "code"], ["bold", "strong"], ["italic", "em"], ["strike", "s"], ["underline", "u"]];

function styled(content, style) {
  let node = content;
  for (const [name, tag] of STYLES) if (style?.[name]) node = h(tag, {}, node);
  if (style?.highlight || style?.client_highlight) node = h("mark", {}, node);
  return node;
}

function emoji(part) {
  if (emojiFor(part.name)) return emojiNode(part.name);
  if (!part.unicode) return `:${part.name}:`;
  return String.fromCodePoint(...part.unicode.split("-").map((code) => Number.parseInt(code, 16)));
}

const PARTS = {
  text: (part) => part.text,
  link: (part) => link(part.url, part.text || part.url),
  user: (part) => userMention(part.user_id),
  usergroup: (part) => groupMention(groupName(part.usergroup_id)),
  channel: (part) => channelMention(part.channel_id),
  broadcast: (part) => groupMention(part.range),
  team: (part) => groupMention(part.team_id),
  emoji,
  date: (part) => dateNode(part.timestamp, part.format, part.fallback ?? "", part.url),
  color: (part) => h("span", { class: "color-part" }, h("span", { class: "color-chip", style: { background: part.value } }), part.value),
};

const richInline = (parts) => parts.map((part) => styled(PARTS[part.type]?.(part) ?? part.text ?? "", part.style));

/** One nested list: neighbouring lists of deeper indent belong under the item before them. */
function list(part, start) {
  return h(
    part.style === "ordered" ? "ol" : "ul",
    { class: `rich-list indent-${Math.min(part.indent ?? 0, 8)}${part.border ? " bordered" : ""}`, start },
    part.elements.map((item) => h("li", {}, richInline(item.elements))),
  );
}

export function richText(block) {
  const node = h("div", { class: "rich" });
  const numbers = new Map();
  for (const part of block.elements ?? []) {
    if (part.type === "rich_text_list") {
      const indent = part.indent ?? 0;
      for (const depth of numbers.keys()) if (depth > indent) numbers.delete(depth);
      const start = (numbers.get(indent) ?? (part.offset ?? 0)) + 1;
      numbers.set(indent, start - 1 + part.elements.length);
      node.append(list(part, part.style === "ordered" ? start : null));
      continue;
    }
    numbers.clear();
    if (part.type === "rich_text_section") node.append(h("div", { class: "rich-section" }, richInline(part.elements)));
    else if (part.type === "rich_text_quote") node.append(h("blockquote", {}, richInline(part.elements)));
    else if (part.type === "rich_text_preformatted") node.append(h("pre", {}, richInline(part.elements)));
  }
  return node;
}

export const markdownBlock = (block) => h("div", { class: "rich markdown" }, markdown(block.text));
