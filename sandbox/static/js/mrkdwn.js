// Slack's mrkdwn as DOM nodes. The text is data: every piece ends up as a text node or a checked link.
import { slackDate, exact } from "./dates.js";
import { h } from "./dom.js";
import { emojiFor } from "./emoji.js";
import { channelById, go, groupName, store, userName } from "./store.js";

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
const unescape = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);

/** Links may only lead to the web or to a mail program; anything else stays text. */
export const safeUrl = (url) => (/^(https?:\/\/|mailto:)/i.test(url) ? url : null);

/** A link as Slack shows it; links into this workspace move inside the page. */
export function link(url, ...content) {
  const href = safeUrl(url);
  if (!href) return h("span", {}, ...content);
  const inside = /\/archives\/([A-Z0-9]+)(?:\/p(\d{10})(\d{6}))?/.exec(href);
  if (inside && channelById(inside[1])) {
    const open = (event) => {
      event.preventDefault();
      const ts = inside[2] ? `${inside[2]}.${inside[3]}` : null;
      const hasThread = ts && channelById(inside[1]).messages.some((m) => m.ts === ts && m.reply_count);
      go({ kind: "channel", channel: inside[1], thread: hasThread ? ts : null });
    };
    return h("a", { href: `#${inside[1]}`, class: "link", on: { click: open } }, ...content);
  }
  return h("a", { href, class: "link", target: "_blank", rel: "noopener noreferrer nofollow" }, ...content);
}

export function userMention(id) {
  const mine = id === store.me;
  return h("span", { class: mine ? "mention mention-me" : "mention", "data-user": id }, `@${userName(id)}`);
}

export function channelMention(id, label) {
  const channel = channelById(id);
  if (!channel) {
    const joinable = (store.state.joinable ?? []).find((one) => one.id === id);
    return h("span", { class: "mention" }, `#${joinable?.name || label || "private-channel"}`);
  }
  const open = (event) => {
    event.preventDefault();
    go({ kind: "channel", channel: id });
  };
  return h("a", { class: "mention", href: `#${id}`, "data-channel": id, on: { click: open } }, `#${channel.name}`);
}

export function groupMention(label) {
  return h("span", { class: "mention mention-group" }, label.startsWith("@") ? label : `@${label}`);
}

export function dateNode(seconds, template, fallback, url) {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return h("span", {}, fallback);
  const attributes = { datetime: date.toISOString(), title: exact(date) };
  if (template.includes("{ago}")) Object.assign(attributes, { "data-live-date": `${seconds}^${template}` });
  const time = h("time", attributes, slackDate(seconds, template));
  return url ? link(url, time) : time;
}

/** Times that say "3 minutes ago" stay true while the page is open. */
export function refreshDates(root) {
  for (const node of root.querySelectorAll("[data-live-date]")) {
    const [seconds, template] = node.dataset.liveDate.split("^");
    node.textContent = slackDate(seconds, template);
  }
}

export function emojiNode(name) {
  const character = emojiFor(name);
  if (!character) return document.createTextNode(`:${name}:`);
  return h("span", { class: "emoji", role: "img", "aria-label": name.replaceAll("_", " "), title: `:${name}:` }, character);
}

/** What stands between < and >: a mention, a date or a link. */
function angle(body) {
  const [target, label] = [body.split("|", 1)[0], body.includes("|") ? body.slice(body.indexOf("|") + 1) : ""];
  if (target.startsWith("@")) return userMention(target.slice(1));
  if (target.startsWith("#")) return channelMention(target.slice(1), unescape(label));
  if (target.startsWith("!date^")) {
    const [, seconds, template, url] = target.split("^");
    return dateNode(seconds, unescape(template ?? ""), unescape(label), url && unescape(url));
  }
  if (target.startsWith("!subteam^")) return groupMention(unescape(label) || groupName(target.slice(9)));
  if (target.startsWith("!")) return groupMention(unescape(label) || target.slice(1));
  const url = unescape(target);
  return link(url, unescape(label) || url.replace(/^mailto:/, ""));
}

const MARKS = { "*": "strong", _: "em", "~": "s" };
const wordy = (character) => character !== undefined && /[\p{L}\p{N}]/u.test(character);

function closing(text, mark, from) {
  for (let at = text.indexOf(mark, from); at !== -1; at = text.indexOf(mark, at + 1)) {
    if (!/\s/.test(text[at - 1]) && !wordy(text[at + 1])) return at;
  }
  return -1;
}

/** Inline mrkdwn of one line, as nodes. */
export function inline(text) {
  const out = [];
  let plain = "";
  const flush = () => {
    if (plain) out.push(document.createTextNode(unescape(plain)));
    plain = "";
  };
  for (let i = 0; i < text.length; ) {
    const character = text[i];
    if (character === "<") {
      const end = text.indexOf(">", i);
      if (end > i + 1) {
        flush();
        out.push(angle(text.slice(i + 1, end)));
        i = end + 1;
        continue;
      }
    } else if (character === "`") {
      const end = text.indexOf("`", i + 1);
      if (end > i + 1) {
        flush();
        out.push(h("code", {}, unescape(text.slice(i + 1, end))));
        i = end + 1;
        continue;
      }
    } else if (character === ":") {
      const found = /^:([a-z0-9_+'-]+(?:::skin-tone-\d)?):/.exec(text.slice(i, i + 64));
      if (found && emojiFor(found[1])) {
        flush();
        out.push(emojiNode(found[1]));
        i += found[0].length;
        continue;
      }
    } else if (MARKS[character] && !wordy(text[i - 1]) && text[i + 1] && !/\s/.test(text[i + 1])) {
      const end = closing(text, character, i + 2);
      if (end > i) {
        flush();
        out.push(h(MARKS[character], {}, inline(text.slice(i + 1, end))));
        i = end + 1;
        continue;
      }
    }
    plain += character;
    i += 1;
  }
  flush();
  return out;
}

/** Links and nothing else: what Slack still recognises inside a preformatted block. */
function preformatted(text) {
  return text.split(/(<[^>\n]+>)/).map((part) => (/^<[^>]+>$/.test(part) ? angle(part.slice(1, -1)) : unescape(part)));
}

function lines(text) {
  const out = [];
  let quote = null;
  let open = false;
  text.split("\n").forEach((line, index) => {
    const quoted = /^(?:&gt;|>) ?(?!&gt;)/.exec(line);
    if (quoted) {
      if (!quote) out.push((quote = h("blockquote", {})));
      quote.append(h("div", {}, inline(line.slice(quoted[0].length))));
      open = false;
      return;
    }
    quote = null;
    const item = /^(\s*)([•◦▪-]|\d{1,3}[.)]) (?=\S)/.exec(line);
    if (item) {
      const style = { "--depth": String(Math.min(4, Math.floor(item[1].length / 2))) };
      out.push(h("div", { class: "mrk-item", style }, h("span", {}, `${item[2]} `), h("span", {}, inline(line.slice(item[0].length)))));
      open = false;
      return;
    }
    if (open) out.push(h("br"));
    else if (!line && index > 0) out.push(h("div", { class: "mrk-gap" }));
    out.push(...inline(line));
    open = Boolean(line) || open;
  });
  return out;
}

/** A whole mrkdwn text: code blocks, quotes, lists, lines. */
export function mrkdwn(text) {
  const parts = String(text ?? "").split(/```/);
  const out = [];
  parts.forEach((part, index) => {
    if (index % 2 === 1 && index < parts.length - 1) out.push(h("pre", {}, preformatted(part.replace(/^\n|\n$/g, ""))));
    else {
      const body = index % 2 === 1 ? `\`\`\`${part}` : part;
      const trimmed = index > 0 && index % 2 === 0 ? body.replace(/^\n/, "") : body;
      if (trimmed) out.push(...lines(trimmed));
    }
  });
  return out;
}

/** A plain_text object: only emoji short names are drawn. */
export function plain(text, emoji = true) {
  if (!emoji) return [document.createTextNode(text)];
  return String(text ?? "")
    .split(/(:[a-z0-9_+'-]+:)/)
    .map((part) => (/^:.+:$/.test(part) && emojiFor(part.slice(1, -1)) ? emojiNode(part.slice(1, -1)) : document.createTextNode(part)));
}

/** Any text object of Block Kit. */
export const textObject = (object) => {
  if (!object) return [];
  if (typeof object === "string") return plain(object);
  return object.type === "mrkdwn" ? mrkdwn(object.text) : plain(object.text, object.emoji !== false);
};
