// Start: read what the browser remembers, follow the workspace, draw on every change.
import { renderChannel } from "./channel.js";
import { renderGuide } from "./guide.js";
import { openHome, renderHome } from "./home.js";
import { icon } from "./icons.js";
import { startKeyboard } from "./keyboard.js";
import { follow } from "./live.js";
import { renderModals } from "./modal.js";
import { refreshDates } from "./mrkdwn.js";
import { renderRail, startRail } from "./rail.js";
import { renderSidebar } from "./sidebar.js";
import { changed, channelName, currentChannel, go, onChange, prefs, readAddress, store, userName } from "./store.js";
import { openSwitcher } from "./switcher.js";
import { announce } from "./toast.js";
import { renderTopbar, startTopbar } from "./topbar.js";

const $ = (id) => document.getElementById(id);
const FIRST_PERSON = "U0SUPPORT1";
const FIRST_CHANNELS = ["C0SUPPORT1", "C0GENERAL1"];
let heard = null;

/** New messages in the open channel are read out, others are only counted. */
function speakNew() {
  const channel = currentChannel();
  const last = channel?.messages.at(-1);
  const mark = channel && last ? `${store.me}/${channel.id}/${last.ts}` : null;
  const sameChannel = heard && mark && heard.startsWith(`${store.me}/${channel.id}/`);
  if (mark && mark !== heard && sameChannel && last.user !== store.me) announce(`${userName(last.user)}: ${(last.text ?? "").slice(0, 200)}`);
  heard = mark;
}

function titleOf() {
  const unread = store.state.channels.filter((c) => c.mention).length;
  const place = store.place.kind === "home" ? store.state.bot.name : currentChannel() ? channelName(currentChannel()) : "";
  document.title = `${unread ? `(${unread}) ` : ""}${place} · ${store.state.team.name}`;
}

function firstPlace() {
  if (store.place.kind === "home" || store.place.channel) return;
  const { channels } = store.state;
  const first = FIRST_CHANNELS.map((id) => channels.find((c) => c.id === id)).find(Boolean) ?? channels[0];
  if (first) go({ kind: "channel", channel: first.id });
}

function render() {
  if (!store.state) return;
  document.body.classList.add("ready");
  firstPlace();
  renderTopbar();
  renderSidebar();
  renderGuide();
  const home = store.place.kind === "home";
  $("home").hidden = !home;
  $("channel").hidden = home;
  if (home) {
    renderHome();
    $("thread").hidden = true;
    document.body.classList.remove("has-thread");
  } else renderChannel(currentChannel());
  renderRail();
  renderModals();
  titleOf();
  speakNew();
}

function start() {
  const asked = new URLSearchParams(location.search).get("as");
  store.me = asked ?? prefs.get("me", FIRST_PERSON);
  for (const node of document.querySelectorAll("[data-icon]")) node.prepend(icon(node.dataset.icon));
  readAddress();
  startTopbar();
  startRail();
  startKeyboard();
  onChange(render);
  addEventListener("popstate", () => (readAddress(), changed()));
  addEventListener("focus", changed);
  $("thread-close").addEventListener("click", () => go({ thread: null }));
  $("compose").addEventListener("click", openSwitcher);
  setInterval(() => refreshDates(document), 20_000);
  follow(store.me);
  if (store.place.kind === "home") openHome();
}

start();
