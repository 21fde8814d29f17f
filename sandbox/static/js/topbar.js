// The bar on top: jump, global shortcuts, theme, help, and who you are.
import { act } from "./acts.js";
import { avatar } from "./avatar.js";
import { become } from "./become.js";
import { clear, h, memo } from "./dom.js";
import { showGuide } from "./guide.js";
import { icon } from "./icons.js";
import { openMenu } from "./popover.js";
import { person, prefs, store } from "./store.js";
import { openSwitcher, showKeys } from "./switcher.js";
import { toast } from "./toast.js";

const THEMES = { light: ["sun", "Light"], dark: ["moon", "Dark"], system: ["screen", "Same as the system"] };
const $ = (id) => document.getElementById(id);

function applyTheme(theme = prefs.get("theme", "system")) {
  document.documentElement.dataset.theme = theme;
  clear($("theme"), icon(THEMES[theme][0]));
  $("theme").setAttribute("aria-label", `Theme: ${THEMES[theme][1]}`);
}

function peopleMenu(anchor) {
  openMenu(
    anchor,
    [
      { title: "Act as" },
      ...store.state.people.map((p) => ({
        label: p.name,
        hint: p.guest ? "guest" : `@${p.handle}`,
        icon: avatar(p.id, "s"),
        checked: p.id === store.me,
        testid: `person-${p.handle}`,
        run: () => become(p.id),
      })),
    ],
    { align: "end", label: "Act as" },
  );
}

function shortcutsMenu(anchor) {
  const shortcuts = store.state.shortcuts.filter((item) => item.type === "global");
  const run = (callback_id) => async () => {
    const answer = await act("global_shortcut", { callback_id });
    if (!answer.ok) toast(answer.message ?? answer.error, "error");
  };
  const items = shortcuts.map((item) => ({ label: item.name, hint: "rai-incident", icon: icon("shield"), testid: `shortcut-${item.callback_id}`, run: run(item.callback_id) }));
  openMenu(anchor, [{ title: items.length ? "Shortcuts" : "This app has no global shortcuts" }, ...items], { align: "end", label: "Shortcuts" });
}

function themeMenu(anchor) {
  const items = Object.entries(THEMES).map(([name, [picture, label]]) => ({
    label,
    icon: icon(picture),
    checked: prefs.get("theme", "system") === name,
    testid: `theme-${name}`,
    run() {
      prefs.set("theme", name);
      applyTheme(name);
    },
  }));
  openMenu(anchor, items, { align: "end", label: "Theme" });
}

function helpMenu(anchor) {
  openMenu(
    anchor,
    [
      { label: "Show the guide", icon: icon("help"), testid: "guide-show", run: showGuide },
      { label: "Keyboard shortcuts", hint: "?", icon: icon("code"), run: showKeys },
    ],
    { align: "end", label: "Help" },
  );
}

export function startTopbar() {
  applyTheme();
  $("jump").addEventListener("click", openSwitcher);
  $("shortcuts").addEventListener("click", (event) => shortcutsMenu(event.currentTarget));
  $("theme").addEventListener("click", (event) => themeMenu(event.currentTarget));
  $("help").addEventListener("click", (event) => helpMenu(event.currentTarget));
  $("person").addEventListener("click", (event) => peopleMenu(event.currentTarget));
}

export function renderTopbar() {
  const me = person(store.me);
  $("workspace-name").textContent = store.state.team.name;
  memo($("person"), [me], () => clear($("person"), avatar(store.me, "s"), h("span", { class: "person-words" }, h("span", { class: "person-lead" }, "You are"), h("span", { class: "person-name" }, me?.name ?? store.me)), icon("down")));
  $("offline").hidden = store.online;
}
