// The middle of the page: channel header, bookmarks, messages, and the thread pane beside them.
import { actOrTell } from "./acts.js";
import { avatar } from "./avatar.js";
import { Composer } from "./composer.js";
import { dayKey, dayTitle, fromTs } from "./dates.js";
import { clear, h, memo, reconcile } from "./dom.js";
import { icon } from "./icons.js";
import { isDismissed, messageNode, signature } from "./message.js";
import { link, mrkdwn, plain } from "./mrkdwn.js";
import { openMenu } from "./popover.js";
import { changed, channelName, go, isBot, person, store, userName } from "./store.js";
import { emojiFor } from "./emoji.js";

const GROUP_SECONDS = 300;
const composers = new Map();
const isJoin = (message) => message.subtype === "channel_join";

const $ = (id) => document.getElementById(id);

function header(channel) {
  const pins = channel.pins ?? [];
  const members = channel.members.length;
  const showPins = (event) => {
    const items = pins.map((ts) => {
      const found = channel.messages.find((message) => message.ts === ts);
      return { label: (found?.text ?? "A message").slice(0, 80), hint: found ? userName(found.user) : "", icon: icon("pin"), run: () => reveal(ts) };
    });
    openMenu(event.currentTarget, [{ title: "Pinned" }, ...items], { label: "Pinned messages" });
  };
  const showMembers = (event) =>
    openMenu(
      event.currentTarget,
      [{ title: "Members" }, ...channel.members.map((id) => ({ label: userName(id), hint: person(id)?.guest ? "Guest" : isBot(id) ? "App" : "", icon: avatar(id, "s"), run: () => !isBot(id) && openDirect(id) }))],
      { align: "end", label: "Members" },
    );
  const dm = channel.is_im ? avatar(channel.with, "s") : icon(channel.is_private ? "lock" : "hash");
  return [
    h("h1", { class: "channel-name", "data-testid": "channel-name" }, dm, h("span", {}, channelName(channel)), isBot(channel.with) ? h("span", { class: "app-tag" }, "APP") : null),
    channel.topic ? h("div", { class: "channel-topic", title: channel.topic }, mrkdwn(channel.topic)) : null,
    h("div", { class: "spacer" }),
    isBot(channel.with) ? h("button", { class: "head-button", type: "button", "data-testid": "open-assistant", on: { click: openAssistant } }, icon("plus"), "New chat") : null,
    pins.length ? h("button", { class: "head-button", type: "button", "aria-haspopup": "menu", "data-testid": "pins", on: { click: showPins } }, icon("pin"), `${pins.length} pinned`) : null,
    members && !channel.is_im
      ? h("button", { class: "head-button", type: "button", "aria-haspopup": "menu", "aria-label": `${members} members`, "data-testid": "members", on: { click: showMembers } }, icon("people"), String(members))
      : null,
  ];
}

function bookmarks(channel) {
  return (channel.bookmarks ?? []).map((mark) => {
    const name = (mark.emoji ?? "").replaceAll(":", "");
    const picture = emojiFor(name) ? h("span", { class: "emoji" }, emojiFor(name)) : icon("link");
    const node = link(mark.link, picture, h("span", {}, plain(mark.title)));
    node.classList.add("bookmark");
    return node;
  });
}

export async function openDirect(user) {
  const answer = await actOrTell("open_dm", { user });
  if (!answer.ok) return;
  store.awaiting = answer.channel;
  go({ kind: "channel", channel: answer.channel });
}

/** A new conversation in the app's pane. */
export async function openAssistant() {
  const answer = await actOrTell("open_assistant", {});
  if (!answer.ok) return;
  store.awaiting = answer.channel;
  go({ kind: "channel", channel: answer.channel, thread: answer.thread_ts });
}

/** What the app suggests to ask, as buttons that say it; and what it is doing. */
function conversation(channel, thread, replies) {
  const { title, status, prompts } = channel.pane?.[thread] ?? {};
  const items = [];
  if (prompts && !replies.length) {
    const say = (prompt) => () => actOrTell("message", { channel: channel.id, text: prompt.message, thread_ts: thread });
    const build = () =>
      h(
        "div",
        { class: "prompts", role: "group", "aria-label": "Suggested questions" },
        prompts.title ? h("p", { class: "prompts-title" }, plain(prompts.title)) : null,
        prompts.prompts.map((prompt) => h("button", { class: "prompt", type: "button", "data-testid": "prompt", on: { click: say(prompt) } }, plain(prompt.title))),
      );
    items.push({ key: "prompts", sig: JSON.stringify(prompts), build });
  }
  if (status) items.push({ key: "status", sig: status, build: () => h("div", { class: "pane-status", role: "status" }, `${channelName(channel)} `, plain(status)) });
  return { title, items };
}

/** Scrolls to a message and gives it the focus. */
function reveal(ts) {
  const node = $("messages").querySelector(`[data-ts="${ts}"]`);
  node?.scrollIntoView({ block: "center" });
  node?.focus({ preventScroll: true });
  node?.classList.add("flash");
  setTimeout(() => node?.classList.remove("flash"), 1800);
}

/** The messages of a list with their day lines and grouping, as keyed items. */
function rows(channel, messages, inThread) {
  const items = [];
  let day = null;
  let last = null;
  const unreadFrom = inThread ? null : store.firstUnread.get(channel.id);
  for (const message of messages) {
    const date = fromTs(message.ts);
    if (!inThread && dayKey(date) !== day) {
      day = dayKey(date);
      items.push({ key: `day-${day}`, sig: dayTitle(date), build: () => h("div", { class: "day-line", role: "separator" }, h("span", {}, dayTitle(date))) });
      last = null;
    }
    if (unreadFrom && message.ts === unreadFrom) {
      items.push({ key: "new-line", sig: unreadFrom, build: () => h("div", { class: "new-line", role: "separator" }, h("span", {}, "New")) });
      last = null;
    }
    if (isJoin(message)) {
      items.push({ key: message.ts, sig: message.text, build: () => h("div", { class: "join-line", "data-ts": message.ts }, avatar(message.user, "s"), h("span", {}, mrkdwn(message.text))) });
      last = null;
      continue;
    }
    const grouped = Boolean(last && last.user === message.user && !message.ephemeral && !message.pinned && !last.ephemeral && message.ts - last.ts < GROUP_SECONDS);
    items.push({
      key: message.ts,
      sig: signature(channel, message, grouped),
      build: () => messageNode(channel, message, { grouped, inThread, rerender: changed }),
    });
    last = message;
  }
  return items;
}

const keyed = { key: (item) => item.key, sig: (item) => item.sig, build: (item) => item.build() };

/** A scroller that was at its end stays there, whatever grows: messages, pictures, the composer below. */
function stick(scroller, list) {
  if (scroller.sticks) return;
  scroller.sticks = true;
  scroller.atEnd = true;
  const follow = new ResizeObserver(() => scroller.atEnd && (scroller.scrollTop = scroller.scrollHeight));
  follow.observe(list);
  follow.observe(scroller);
  scroller.addEventListener("scroll", () => (scroller.atEnd = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight < 60));
}

function paintList(list, scroller, name, items) {
  stick(scroller, list);
  const fresh = scroller.dataset.shows !== name;
  const atEnd = fresh || scroller.atEnd;
  if (fresh) {
    list.itemsOnce = false;
    list.replaceChildren();
    scroller.dataset.shows = name;
  }
  reconcile(list, items, keyed);
  scroller.atEnd = atEnd;
  if (atEnd) scroller.scrollTop = scroller.scrollHeight;
  const stops = [...list.querySelectorAll(".message")];
  if (stops.length && !stops.some((node) => node.tabIndex === 0)) stops.at(-1).tabIndex = 0;
}

function composerFor(host, channel, thread) {
  const key = `${store.me}/${channel.id}/${thread ?? ""}`;
  if (!composers.has(key)) composers.set(key, new Composer({ channel: channel.id, thread }));
  const composer = composers.get(key);
  composer.refresh();
  if (host.firstChild !== composer.node) host.replaceChildren(composer.node);
  return composer;
}

const visible = (channel) => channel.messages.filter((message) => !isDismissed(message));

function emptyState(channel) {
  const name = channelName(channel);
  return h(
    "div",
    { class: "empty-channel" },
    channel.is_im ? avatar(channel.with, "l") : h("span", { class: "empty-hash" }, icon(channel.is_private ? "lock" : "hash")),
    h("h2", {}, channel.is_im ? `This is your conversation with ${name}` : `This is the very beginning of #${name}`),
    h("p", {}, channel.is_im ? "Messages here are between the two of you." : channel.purpose || channel.topic || "Say something, or type / to see what you can do here."),
  );
}

function paintThread(channel) {
  const pane = $("thread");
  const { thread } = store.place;
  const parent = channel && thread && channel.messages.find((message) => message.ts === thread);
  pane.hidden = !parent;
  document.body.classList.toggle("has-thread", Boolean(parent));
  if (!parent) return;
  const replies = channel.messages.filter((message) => message.thread_ts === thread && message.ts !== thread && !isDismissed(message));
  const count = h("span", {}, `${replies.length} ${replies.length === 1 ? "reply" : "replies"}`);
  const items = rows(channel, [parent, ...replies], true);
  if (replies.length) items.splice(1, 0, { key: "count", sig: String(replies.length), build: () => h("div", { class: "reply-count" }, count) });
  const { title, items: more } = conversation(channel, thread, replies);
  $("thread-channel").textContent = title ?? (channel.is_im ? channelName(channel) : `#${channel.name}`);
  items.push(...more);
  paintList($("thread-messages"), $("thread-scroll"), `${channel.id}/${thread}`, items);
  composerFor($("thread-composer"), channel, thread);
}

/** Marks the channel read while it is on the screen, keeping the line above what was new. */
function markRead(channel) {
  if (!channel.unread || document.hidden) return;
  if (!store.firstUnread.has(channel.id)) {
    const unread = visible(channel).filter((m) => m.user !== store.me && (!m.thread_ts || m.thread_ts === m.ts));
    const first = unread.at(-channel.unread);
    if (first) store.firstUnread.set(channel.id, first.ts);
  }
  if (channel.marking === store.state.rev) return;
  channel.marking = store.state.rev;
  actOrTell("read", { channel: channel.id });
}

export function renderChannel(channel) {
  if (!channel && store.awaiting === store.place.channel) return undefined;
  if (!channel) {
    $("channel-head").memoSig = $("bookmarks").memoSig = null;
    clear($("channel-head"), h("h1", { class: "channel-name" }, "No channel"));
    clear($("messages"), h("div", { class: "empty-channel" }, h("h2", {}, "You are not in this channel"), h("p", {}, "It may be private, or you may have switched to somebody who is not in it. Pick another one on the left.")));
    $("messages-scroll").dataset.shows = "";
    $("composer").replaceChildren();
    $("bookmarks").hidden = true;
    return paintThread(null);
  }
  markRead(channel);
  const { id, topic, members, pins, archived } = channel;
  memo($("channel-head"), [id, channelName(channel), topic, members, pins, archived, store.me], () => clear($("channel-head"), header(channel)));
  $("bookmarks").hidden = !channel.bookmarks?.length;
  memo($("bookmarks"), channel.bookmarks, () => clear($("bookmarks"), bookmarks(channel)));
  const top = visible(channel).filter((message) => !message.thread_ts || message.thread_ts === message.ts || message.broadcast);
  const items = rows(channel, top, false);
  items.unshift({ key: "beginning", sig: channelName(channel) + channel.topic, build: () => emptyState(channel) });
  paintList($("messages"), $("messages-scroll"), `${store.me}/${channel.id}`, items);
  if (channel.archived) clear($("composer"), h("div", { class: "archived" }, icon("lock"), "This channel is archived. It can be read, nothing can be written."));
  else composerFor($("composer"), channel, null);
  return paintThread(channel);
}

export const focusComposer = () => (document.body.classList.contains("has-thread") ? $("thread-composer") : $("composer")).querySelector("textarea")?.focus();
