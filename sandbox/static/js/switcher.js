// Ctrl/Cmd+K: jump anywhere by typing; and the list of keys.
import { avatar } from "./avatar.js";
import { openDirect } from "./channel.js";
import { clear, h } from "./dom.js";
import { openHome } from "./home.js";
import { icon } from "./icons.js";
import { go, store } from "./store.js";

function places() {
  const { state } = store;
  return [
    ...state.channels.filter((c) => !c.is_im).map((c) => ({ label: c.name, note: c.topic, unread: c.unread, picture: icon(c.is_private ? "lock" : "hash"), run: () => go({ kind: "channel", channel: c.id }) })),
    ...state.people.map((p) => ({ label: p.name, note: `@${p.handle}`, unread: 0, picture: avatar(p.id, "s"), run: () => openDirect(p.id) })),
    { label: state.bot.name, note: "App Home", unread: 0, picture: avatar(state.bot.user_id, "s"), run: openHome },
  ];
}

function dialogOf(name, ...children) {
  const dialog = h("dialog", { class: `dialog ${name}`, "data-testid": name, on: { close: () => dialog.remove(), click: (event) => event.target === dialog && dialog.close() } }, ...children);
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

export function openSwitcher() {
  if (document.querySelector("dialog[open]") || !store.state) return;
  let found = [];
  let at = 0;
  const list = h("div", { class: "jump-list", role: "listbox", id: "jump-list", "aria-label": "Places" });
  const take = (index) => {
    dialog.close();
    found[index]?.run();
  };
  const paint = () => {
    const words = input.value.trim().toLowerCase().replace(/^[#@]/, "");
    found = places()
      .filter((place) => place.label.toLowerCase().includes(words) || place.note?.toLowerCase().includes(words))
      .sort((a, b) => b.label.toLowerCase().startsWith(words) - a.label.toLowerCase().startsWith(words) || (b.unread > 0) - (a.unread > 0));
    at = Math.max(0, Math.min(at, found.length - 1));
    clear(
      list,
      found.map((place, index) =>
        h(
          "div",
          { class: `offer${index === at ? " active" : ""}`, role: "option", id: `jump-${index}`, "aria-selected": String(index === at), on: { click: () => take(index) } },
          h("span", { class: "offer-picture" }, place.picture),
          h("span", { class: "offer-title" }, place.label),
          place.note ? h("span", { class: "offer-note" }, place.note) : null,
          place.unread ? h("span", { class: "badge" }, String(place.unread)) : null,
        ),
      ),
    );
    if (!found.length) list.append(h("div", { class: "list-empty" }, "Nothing by that name"));
    input.setAttribute("aria-activedescendant", `jump-${at}`);
    list.children[at]?.scrollIntoView({ block: "nearest" });
  };
  const keyed = (event) => {
    if (event.key === "Enter") take(at);
    else if (event.key === "ArrowDown") at = (at + 1) % found.length;
    else if (event.key === "ArrowUp") at = (at + found.length - 1) % found.length;
    else return;
    event.preventDefault();
    if (dialog.open) paint();
  };
  const input = h("input", {
    class: "field",
    type: "text",
    placeholder: "Jump to a channel or person",
    "aria-label": "Jump to a channel or person",
    role: "combobox",
    "aria-expanded": "true",
    "aria-controls": "jump-list",
    on: { input: () => ((at = 0), paint()), keydown: keyed },
  });
  const dialog = dialogOf("switcher", input, list);
  paint();
  input.focus();
}

const KEYS = [
  ["Ctrl or ⌘ K", "Jump to a channel or person"],
  ["Alt ↑ / Alt ↓", "Previous or next channel"],
  ["F6", "Next part of the page"],
  ["↑ / ↓ on a message", "Move between messages"],
  ["R · T · M on a message", "React, thread, more actions"],
  ["Enter / Shift Enter", "Send, or begin a new line"],
  ["Ctrl or ⌘ Enter", "Submit the dialog"],
  ["Esc", "Close what is open"],
];

export function showKeys() {
  if (document.querySelector("dialog[open]")) return;
  const rows = KEYS.map(([keys, what]) => [h("dt", {}, h("kbd", {}, keys)), h("dd", {}, what)]);
  const close = h("button", { class: "button", on: { click: () => dialog.close() } }, "Close");
  const dialog = dialogOf("keys", h("h2", {}, "Keyboard"), h("dl", {}, rows), h("div", { class: "dialog-foot" }, close));
}
