// The left side: workspace, channels, people, the app; what is unread and what names you.
import { actOrTell } from "./acts.js";
import { avatar } from "./avatar.js";
import { openDirect } from "./channel.js";
import { clear, h, memo, rove } from "./dom.js";
import { openHome } from "./home.js";
import { icon } from "./icons.js";
import { dmWith, go, prefs, store } from "./store.js";

function row({ testid, active, unread, badge, picture, label, note, run }) {
  const described = [label, unread ? "unread" : "", badge ? `${badge} new` : ""].filter(Boolean).join(", ");
  return h(
    "li",
    {},
    h(
      "button",
      {
        class: `side-row${active ? " active" : ""}${unread ? " unread" : ""}`,
        type: "button",
        "data-testid": testid,
        "aria-current": active ? "page" : null,
        "aria-label": described,
        on: { click: run },
      },
      picture,
      h("span", { class: "side-label" }, label),
      note ? h("span", { class: "side-note" }, note) : null,
      badge ? h("span", { class: "badge", "aria-hidden": "true" }, String(badge)) : null,
    ),
  );
}

function channelRow(channel) {
  const active = store.place.kind === "channel" && store.place.channel === channel.id;
  return row({
    testid: `channel-${channel.name}`,
    active,
    unread: !active && channel.unread > 0,
    badge: !active && channel.mention ? channel.unread : 0,
    picture: icon(channel.is_private ? "lock" : "hash"),
    label: channel.name,
    run: () => go({ kind: "channel", channel: channel.id }),
  });
}

function personRow(person) {
  const channel = dmWith(person.id);
  const active = Boolean(channel) && store.place.kind === "channel" && store.place.channel === channel.id;
  const unread = !active && (channel?.unread ?? 0);
  return row({
    testid: `dm-${person.handle}`,
    active,
    unread: unread > 0,
    badge: unread,
    picture: avatar(person.id, "s"),
    label: person.name,
    note: person.id === store.me ? "you" : person.guest ? "guest" : null,
    run: () => (channel ? go({ kind: "channel", channel: channel.id }) : openDirect(person.id)),
  });
}

function appRow() {
  const { bot } = store.state;
  const channel = dmWith(bot.user_id);
  const active = store.place.kind === "home" || (channel && store.place.kind === "channel" && store.place.channel === channel.id);
  const unread = !active && (channel?.unread ?? 0);
  return row({
    testid: "app-home",
    active,
    unread: unread > 0,
    badge: unread,
    picture: avatar(bot.user_id, "s"),
    label: bot.name,
    run: () => (unread ? go({ kind: "channel", channel: channel.id }) : openHome()),
  });
}

function group(name, title, rows) {
  const folded = prefs.get(`folded.${name}`, false);
  const list = h("ul", { hidden: folded }, rows);
  const toggle = (event) => {
    list.hidden = !list.hidden;
    prefs.set(`folded.${name}`, list.hidden);
    event.currentTarget.setAttribute("aria-expanded", String(!list.hidden));
  };
  return h("section", { class: "side-group" }, h("button", { class: "side-title", type: "button", "aria-expanded": String(!folded), "data-focus": `fold-${name}`, on: { click: toggle } }, icon("down", "icon chevron"), title), list);
}

export function renderSidebar() {
  const { state } = store;
  const channels = state.channels.filter((c) => !c.is_im && !c.archived).sort((a, b) => a.name.localeCompare(b.name, "en", { numeric: true }));
  const archived = state.channels.filter((c) => !c.is_im && c.archived);
  const facts = state.channels.map((c) => [c.id, c.name, c.unread, c.mention, c.archived, c.with]);
  const nav = document.getElementById("sidebar-list");
  memo(nav, [facts, state.joinable, state.people, state.bot.name, store.place, store.me], () => {
    const joinable = (state.joinable ?? []).map((c) =>
      row({ testid: `join-${c.name}`, picture: icon("plus"), label: c.name, note: "join", run: async () => (await actOrTell("join", { channel: c.id })).ok && go({ kind: "channel", channel: c.id }) }),
    );
    clear(
      nav,
      group("channels", "Channels", [...channels.map(channelRow), ...joinable]),
      archived.length ? group("archived", "Archived", archived.map(channelRow)) : null,
      group("people", "Direct messages", state.people.filter((p) => !p.deactivated).map(personRow)),
      group("apps", "Apps", [appRow()]),
    );
  });
}

document.getElementById("sidebar-list").addEventListener("keydown", (event) => {
  const rows = [...event.currentTarget.querySelectorAll("button")].filter((node) => node.offsetParent);
  if (!rove(event, rows)) return;
  for (const node of rows) node.tabIndex = 0;
});
