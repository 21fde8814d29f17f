// Keys that work everywhere on the page.
import { focusComposer } from "./channel.js";
import { rove } from "./dom.js";
import { messageMenu, openThread, pickReaction } from "./message.js";
import { currentChannel, go, store } from "./store.js";
import { openSwitcher, showKeys } from "./switcher.js";

const PARTS = ["topbar", "sidebar", "main", "thread", "modals", "rail"];

function step(direction) {
  const channels = [...document.querySelectorAll("#sidebar-list .side-row")].filter((node) => node.offsetParent);
  const at = channels.findIndex((node) => node.classList.contains("active"));
  channels[(at + direction + channels.length) % channels.length]?.click();
}

function nextPart(direction) {
  const parts = PARTS.map((id) => document.getElementById(id)).filter((node) => !node.hidden && !node.closest("[inert]"));
  const at = parts.findIndex((node) => node.contains(document.activeElement));
  const part = parts[(at + direction + parts.length) % parts.length];
  if (part.id === "main" || part.id === "thread") part.querySelector("textarea, [tabindex='0']")?.focus();
  else part.querySelector("input, textarea, button:not([tabindex='-1'])")?.focus();
}

function onMessage(event) {
  const node = event.target;
  const list = node.parentElement;
  if (rove(event, [...list.querySelectorAll(":scope > .message")])) return;
  const channel = currentChannel();
  const message = channel?.messages.find((item) => item.ts === node.dataset.ts);
  const tool = (name) => node.querySelector(`[data-testid="${name}"]`);
  if (!message || message.ephemeral || event.ctrlKey || event.metaKey || event.altKey) return;
  const run = { r: () => pickReaction(tool("message-react"), channel, message), t: () => openThread(channel, message), m: () => messageMenu(tool("message-more"), channel, message) }[event.key.toLowerCase()];
  if (!run) return;
  event.preventDefault();
  run();
}

export function startKeyboard() {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches?.("input, textarea, select, [contenteditable]");
    if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
      event.preventDefault();
      openSwitcher();
    } else if (event.key === "F6") {
      event.preventDefault();
      nextPart(event.shiftKey ? -1 : 1);
    } else if (document.querySelector("dialog[open]")) return;
    else if (event.altKey && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      step(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.target.classList?.contains("message")) onMessage(event);
    else if (event.key === "?" && !typing) showKeys();
    else if (event.key === "Escape" && store.place.thread) {
      go({ thread: null });
      focusComposer();
    }
  });
}
