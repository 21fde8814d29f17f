// The right-hand rail, "Outside world": what stands around the workspace, one panel each.
import { h, memo, rove } from "./dom.js";
import { icon } from "./icons.js";
import { assistantPanel } from "./panels/assistant.js";
import { botPanel } from "./panels/bot.js";
import { activeFaults, faultsPanel } from "./panels/faults.js";
import { exerciseLive, exercisePanel } from "./panels/exercise.js";
import { jiraPanel } from "./panels/jira.js";
import { pagerDutyPanel } from "./panels/pagerduty.js";
import { changed, prefs, store } from "./store.js";

const $ = (id) => document.getElementById(id);

const PANELS = {
  assistant: { label: "Assistant", picture: "chat", make: assistantPanel, badge: (s) => (s.assistant?.enabled === false ? "off" : "") },
  exercise: { label: "Exercise", picture: "play", make: exercisePanel, badge: (s) => (exerciseLive(s) ? "on" : "") },
  pagerduty: { label: "PagerDuty", picture: "pager", make: pagerDutyPanel, badge: (s) => s.pagerduty.incidents.filter((i) => i.status !== "resolved").length || "" },
  jira: { label: "Jira", picture: "ticket", make: jiraPanel, badge: (s) => s.jira.issues.length || "" },
  bot: { label: "Bot", picture: "robot", make: botPanel, badge: (s) => (s.bot.running ? "" : "!") },
  faults: { label: "Faults", picture: "sliders", make: faultsPanel, badge: (s) => activeFaults(s.faults) || "" },
};

const made = new Map();
let shown = prefs.get("panel", "assistant");
let closed = prefs.get("railClosed", false);

export function showPanel(name) {
  shown = name;
  closed = false;
  prefs.set("panel", name);
  prefs.set("railClosed", false);
  changed();
  requestAnimationFrame(() => $(`tab-${name}`)?.focus());
}

function toggle() {
  closed = !closed;
  prefs.set("railClosed", closed);
  changed();
}

export function startRail() {
  $("rail-toggle").append(icon("panel"));
  $("rail-toggle").addEventListener("click", toggle);
  const tabs = $("rail-tabs");
  for (const [name, panel] of Object.entries(PANELS)) {
    tabs.append(
      h(
        "button",
        { class: "rail-tab", role: "tab", type: "button", id: `tab-${name}`, "aria-controls": `panel-${name}`, "data-testid": `tab-${name}`, title: panel.label, on: { click: () => showPanel(name) } },
        icon(panel.picture),
        h("span", { class: "rail-tab-label" }, panel.label),
        h("span", { class: "rail-badge" }),
      ),
    );
    const host = h("section", { class: "panel", role: "tabpanel", id: `panel-${name}`, "aria-labelledby": `tab-${name}`, "data-testid": `panel-${name}`, tabindex: "-1" });
    $("rail-panels").append(host);
    made.set(name, panel.make(host));
  }
  tabs.addEventListener("keydown", (event) => {
    if (rove(event, [...tabs.children], { horizontal: !closed })) document.activeElement.click();
  });
}

export function renderRail() {
  const { state } = store;
  document.body.classList.toggle("rail-closed", closed);
  $("rail-toggle").setAttribute("aria-expanded", String(!closed));
  $("rail-toggle").setAttribute("aria-label", closed ? "Open the outside world" : "Close the outside world");
  for (const [name, panel] of Object.entries(PANELS)) {
    const tab = $(`tab-${name}`);
    const active = name === shown && !closed;
    tab.setAttribute("aria-selected", String(active));
    tab.tabIndex = name === shown ? 0 : -1;
    $(`panel-${name}`).hidden = !active;
    memo(tab.lastChild, String(panel.badge(state)), (badge) => (tab.lastChild.textContent = badge));
    made.get(name)(state);
  }
}
