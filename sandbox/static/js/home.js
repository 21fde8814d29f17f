// The app's page: its Home tab, drawn from the view the app published.
import { actOrTell } from "./acts.js";
import { renderBlocks } from "./blockkit/index.js";
import { surface } from "./blockkit/surface.js";
import { clear, h, memo } from "./dom.js";
import { icon } from "./icons.js";
import { openAssistant, openDirect } from "./channel.js";
import { go, store } from "./store.js";
import { toast } from "./toast.js";

const $ = (id) => document.getElementById(id);

/** Opening Home tells the app, which publishes the view. */
export function openHome() {
  go({ kind: "home" });
  actOrTell("open_home");
}

export function renderHome() {
  const view = store.state.home?.view ?? null;
  const bot = store.state.bot;
  memo($("home"), [view, store.me, bot.running, bot.connected], () => {
    const ctx = view && surface({ key: view.id, kind: "home", container: { type: "view", view_id: view.id }, serverValues: view.state, onFailure: (words) => toast(words, "error") });
    const empty = h(
      "div",
      { class: "empty-channel" },
      h("span", { class: "avatar avatar-l avatar-bot" }, icon("shield")),
      h("h2", {}, bot.running ? "This app has not published its Home yet" : "The bot is not running"),
      h("p", {}, bot.running ? "It appears here as soon as the app sends it." : "Start it in the panel on the right, then open Home again."),
    );
    clear(
      $("home"),
      h(
        "header",
        { class: "channel-head" },
        h("h1", { class: "channel-name", "data-testid": "channel-name" }, h("span", { class: "avatar avatar-s avatar-bot" }, icon("shield")), bot.name, h("span", { class: "app-tag" }, "APP")),
        h(
          "div",
          { class: "home-tabs", role: "tablist" },
          h("button", { class: "tab", role: "tab", "aria-selected": "true", type: "button" }, "Home"),
          h("button", { class: "tab", role: "tab", "aria-selected": "false", type: "button", on: { click: () => openDirect(bot.user_id) } }, "Messages"),
          h("button", { class: "tab", role: "tab", "aria-selected": "false", type: "button", "data-testid": "open-assistant", on: { click: openAssistant } }, `Ask ${bot.name}`),
        ),
      ),
      h("div", { class: "home-scroll", tabindex: "0", "data-testid": "home" }, view ? h("div", { class: "blocks home-blocks" }, renderBlocks(view.blocks, ctx)) : empty),
    );
  });
}
