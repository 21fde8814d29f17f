// The first-visit guide: four things to try, ticked off as they happen.
import { clear, h, memo } from "./dom.js";
import { icon } from "./icons.js";
import { exerciseLive } from "./panels/exercise.js";
import { showPanel } from "./rail.js";
import { channelById, changed, go, prefs, store } from "./store.js";

const $ = (id) => document.getElementById(id);
const incident = () => store.state.channels.find((c) => /^inc-\d+/.test(c.name));
const SUPPORT = "C0SUPPORT1";

const STEPS = [
  {
    title: "Ask for the leak",
    text: "Ask the support assistant where order 50118 is. It belongs to somebody else.",
    done: () => prefs.get("leaked", false),
    show: () => showPanel("assistant"),
    label: "Open the assistant",
  },
  {
    title: "Report it",
    text: "In #support, type /rai-incident declare, or use Report AI harm in a message's … menu.",
    done: () => Boolean(incident()),
    show() {
      go({ kind: "channel", channel: channelById(SUPPORT) ? SUPPORT : store.place.channel });
      document.querySelector("#composer textarea")?.focus();
    },
    label: "Go to #support",
  },
  {
    title: "Contain it",
    text: "Follow the card in the incident's channel: classify, contain, roll back. A second person approves.",
    done: () => store.state.assistant?.enabled === false || store.state.assistant?.model_version === "v1",
    ready: () => Boolean(incident()),
    show: () => go({ kind: "channel", channel: incident().id }),
    label: "Open the incident",
  },
  {
    title: "Kill the bot in the middle",
    text: "Press a button, kill the bot, start it again: nothing is lost and nothing happens twice.",
    done: () => store.state.bot.restarts > 0,
    show: () => showPanel("bot"),
    label: "Open the bot panel",
  },
];

export function showGuide() {
  prefs.set("guide", "shown");
  changed();
}

export function renderGuide() {
  const host = $("guide");
  host.hidden = prefs.get("guide", "shown") !== "shown" || exerciseLive(store.state); // in an exercise its channel needs the room
  if (host.hidden) return;
  const done = STEPS.map((step) => step.done());
  const next = done.indexOf(false);
  memo(host, [done, Boolean(incident())], () => {
    const dismiss = () => {
      prefs.set("guide", "dismissed");
      changed();
    };
    clear(
      host,
      h("div", { class: "guide-head" }, h("h2", {}, next === -1 ? "You have seen the whole story" : "Try the whole story"), h("span", { class: "guide-count" }, `${done.filter(Boolean).length} of ${STEPS.length}`), store.state.exercises?.length ? h("button", { class: "button button-small button-primary guide-play", type: "button", "data-testid": "guide-play", on: { click: () => showPanel("exercise") } }, icon("play"), "Play an exercise alone") : null, h("button", { class: "icon-button", type: "button", "aria-label": "Dismiss the guide", "data-testid": "guide-dismiss", on: { click: dismiss } }, icon("close"))),
      h(
        "ol",
        { class: "guide-steps" },
        STEPS.map((step, index) =>
          h(
            "li",
            { class: `guide-step${done[index] ? " done" : ""}${index === next ? " next" : ""}` },
            h("span", { class: "guide-mark", "aria-hidden": "true" }, done[index] ? icon("check") : String(index + 1)),
            h("div", {}, h("strong", {}, step.title, done[index] ? h("span", { class: "sr-only" }, " (done)") : null), h("p", {}, step.text), step.ready?.() === false ? null : h("button", { class: "text-button", type: "button", "data-focus": `guide-${index}`, on: { click: step.show } }, step.label)),
          ),
        ),
      ),
    );
  });
}
