// One message: who, when, text or blocks, files, reactions, and what can be done with it.
import { act, actOrTell } from "./acts.js";
import { avatar } from "./avatar.js";
import { renderBlocks } from "./blockkit/index.js";
import { fileCard } from "./blockkit/media.js";
import { surface } from "./blockkit/surface.js";
import { clock, exact, fromTs } from "./dates.js";
import { h } from "./dom.js";
import { EMOJI, USUAL, emojiFor } from "./emoji.js";
import { icon } from "./icons.js";
import { mrkdwn } from "./mrkdwn.js";
import { closePopover, openMenu, openPopover } from "./popover.js";
import { go, isBot, store, userName } from "./store.js";
import { toast } from "./toast.js";

const failures = new Map();
const dismissed = new Set();

export const isDismissed = (message) => dismissed.has(message.ts);
const keyOf = (channel, message) => `${channel.id}/${message.ts}`;

/** What the look of a message depends on; the list rebuilds it only when this changes. */
export const signature = (channel, message, extra) => JSON.stringify([message, extra, failures.get(keyOf(channel, message)), store.me]);

function reactionBar(channel, message) {
  if (!message.reactions?.length) return null;
  const one = ({ name, users }) => {
    const mine = users.includes(store.me);
    const who = users.map(userName).join(", ");
    const toggle = () => actOrTell("react", { channel: channel.id, ts: message.ts, name, remove: mine });
    return h(
      "button",
      {
        class: `reaction${mine ? " mine" : ""}`,
        type: "button",
        "aria-pressed": String(mine),
        "aria-label": `${name.replaceAll("_", " ")}, ${users.length}: ${who}`,
        title: `${who} reacted with :${name}:`,
        "data-reaction": name,
        "data-focus": `${message.ts}/reaction/${name}`,
        on: { click: toggle },
      },
      h("span", { class: "emoji" }, emojiFor(name) ?? `:${name}:`),
      h("span", { class: "reaction-count" }, String(users.length)),
    );
  };
  const add = h("button", { class: "reaction reaction-add", type: "button", "aria-label": "Add a reaction", on: { click: (e) => pickReaction(e.currentTarget, channel, message) } }, icon("smile"));
  return h("div", { class: "reactions" }, message.reactions.map(one), add);
}

/** The emoji picker: usual ones first, the rest by search. */
export function pickReaction(anchor, channel, message) {
  const grid = h("div", { class: "emoji-grid" });
  const choose = (name) => {
    closePopover({ refocus: true });
    actOrTell("react", { channel: channel.id, ts: message.ts, name });
  };
  const paint = (words) => {
    const names = words ? [...EMOJI.keys()].filter((name) => name.includes(words)) : [...new Set([...USUAL, ...EMOJI.keys()])];
    grid.replaceChildren(
      ...names.slice(0, 72).map((name) =>
        h("button", { class: "emoji-pick", type: "button", title: `:${name}:`, "aria-label": name.replaceAll("_", " "), on: { click: () => choose(name) } }, emojiFor(name)),
      ),
    );
  };
  const search = h("input", {
    class: "field",
    type: "text",
    placeholder: "Search emoji",
    "aria-label": "Search emoji",
    on: {
      input: (event) => paint(event.currentTarget.value.trim().toLowerCase().replaceAll(" ", "_")),
      keydown: (event) => event.key === "Enter" && grid.firstChild?.click(),
    },
  });
  paint("");
  openPopover(anchor, h("div", { class: "emoji-picker", "data-testid": "emoji-picker" }, search, grid), { align: "end" });
  search.focus();
}

export function openThread(channel, message) {
  go({ kind: "channel", channel: channel.id, thread: message.thread_ts || message.ts });
}

/** The "…" menu: the app's message shortcuts first, then what every message has. */
export function messageMenu(anchor, channel, message) {
  const shortcuts = store.state.shortcuts.filter((item) => item.type === "message");
  const run = (callback_id) => async () => {
    const answer = await act("message_shortcut", { callback_id, channel: channel.id, ts: message.ts });
    if (!answer.ok) toast(answer.message ?? answer.error, "error");
  };
  const copy = (text, what) => () => navigator.clipboard?.writeText(text).then(() => toast(`${what} copied`));
  openMenu(
    anchor,
    [
      ...shortcuts.map((item) => ({ label: item.name, hint: "rai-incident", icon: icon("shield"), testid: `shortcut-${item.callback_id}`, run: run(item.callback_id) })),
      shortcuts.length ? "---" : null,
      { label: "Reply in thread", icon: icon("reply"), run: () => openThread(channel, message) },
      { label: "Copy text", icon: icon("file"), run: copy(message.text, "Text") },
      { label: "Copy link", icon: icon("link"), run: copy(`${location.origin}/#${channel.id}`, "Link") },
    ].filter(Boolean),
    { align: "end", label: "Message actions" },
  );
}

function toolbar(channel, message, inThread) {
  const button = (name, picture, label, run) =>
    h("button", { class: "icon-button", type: "button", "aria-label": label, title: label, "data-testid": name, on: { click: (event) => run(event.currentTarget) } }, icon(picture));
  const quick = (name) =>
    h("button", { class: "icon-button", type: "button", "aria-label": `React with ${name.replaceAll("_", " ")}`, title: `:${name}:`, on: { click: () => actOrTell("react", { channel: channel.id, ts: message.ts, name }) } }, h("span", { class: "emoji" }, emojiFor(name)));
  return h(
    "div",
    { class: "message-tools", role: "toolbar", "aria-label": "Message actions" },
    USUAL.slice(0, 3).map(quick),
    button("message-react", "smile", "Add a reaction", (anchor) => pickReaction(anchor, channel, message)),
    inThread ? null : button("message-reply", "reply", "Reply in thread", () => openThread(channel, message)),
    button("message-more", "more", "More actions", (anchor) => messageMenu(anchor, channel, message)),
  );
}

function threadLink(channel, message) {
  if (!message.reply_count) return null;
  const count = message.reply_count;
  return h(
    "button",
    { class: "thread-link", type: "button", "data-focus": `${message.ts}/thread`, "data-testid": "thread-link", on: { click: () => openThread(channel, message) } },
    icon("reply"),
    h("span", {}, `${count} ${count === 1 ? "reply" : "replies"}`),
  );
}

function failure(channel, message) {
  const words = failures.get(keyOf(channel, message));
  if (!words) return null;
  return h("div", { class: "message-failure", role: "alert" }, icon("warning"), h("span", {}, words));
}

function body(channel, message, rerender) {
  const key = keyOf(channel, message);
  const onFailure = (words) => {
    failures.set(key, words || "This app did not respond.");
    rerender();
    setTimeout(() => (failures.delete(key), rerender()), 12000);
  };
  const edited = message.edited ? h("span", { class: "edited" }, "(edited)") : null;
  if (!message.blocks?.length) return message.text ? [h("div", { class: "message-text" }, mrkdwn(message.text), edited)] : [];
  const ctx = surface({ key, kind: "message", container: { type: "message", channel: channel.id, ts: message.ts }, onFailure });
  return [h("div", { class: "blocks" }, renderBlocks(message.blocks, ctx)), edited];
}

/**
 * @param grouped   the message continues the one above: no avatar, no name
 * @param inThread  the message stands in the thread pane
 */
export function messageNode(channel, message, { grouped = false, inThread = false, rerender }) {
  const date = fromTs(message.ts);
  const name = userName(message.user);
  const time = h("time", { class: "message-time", datetime: date.toISOString(), title: exact(date) }, clock(date));
  const label = `${name}, ${clock(date)}${message.ephemeral ? ", only visible to you" : ""}`;
  const dismiss = () => {
    dismissed.add(message.ts);
    rerender();
  };
  return h(
    "article",
    {
      class: `message${grouped ? " grouped" : ""}${message.ephemeral ? " ephemeral" : ""}${message.pinned ? " pinned" : ""}`,
      tabindex: "-1",
      "aria-label": label,
      "data-testid": "message",
      "data-ts": message.ts,
      "data-user": message.user,
      "data-focus": `message/${message.ts}`,
    },
    message.pinned ? h("div", { class: "message-note note-pin" }, icon("pin"), "Pinned to this channel") : null,
    message.ephemeral
      ? h("div", { class: "message-note" }, icon("eye"), h("span", {}, "Only visible to you"), h("button", { class: "text-button", type: "button", on: { click: dismiss } }, "Dismiss"))
      : null,
    h(
      "div",
      { class: "message-row" },
      h("div", { class: "message-side" }, grouped ? time : avatar(message.user)),
      h(
        "div",
        { class: "message-main" },
        grouped
          ? null
          : h("div", { class: "message-head" }, h("span", { class: "message-author" }, name), isBot(message.user) ? h("span", { class: "app-tag" }, "APP") : null, time),
        body(channel, message, rerender),
        message.files?.map(fileCard),
        failure(channel, message),
        reactionBar(channel, message),
        inThread ? null : threadLink(channel, message),
      ),
    ),
    message.ephemeral ? null : toolbar(channel, message, inThread),
  );
}
