// Exercises: play one alone. The offer, then the app's own panel message with a clock that counts down.
import { act } from "../acts.js";
import { become } from "../become.js";
import { renderBlocks } from "../blockkit/index.js";
import { fileCard } from "../blockkit/media.js";
import { surface } from "../blockkit/surface.js";
import { clear, h, memo } from "../dom.js";
import { icon } from "../icons.js";
import { dmWith, go, person, store } from "../store.js";
import { toast } from "../toast.js";

const PLAYER = "U0ONCALL01"; // who plays when the person on the screen is no responder
const GENERAL = "C0GENERAL1";
const SPEEDS = [["1", "as written"], ["2", "twice as fast"], ["5", "5 times as fast"], ["10", "10 times as fast"]];
const responders = (state) => state.usergroups?.find((group) => group.handle === "rai-responders")?.users ?? [];
const isRoom = (channel) => /^exercise-ex\d+/.test(channel.name);

/** The newest panel that the app keeps for this person: a message of its direct channel, edited in place. */
export function exercisePanelMessage(state) {
  const channel = dmWith(state.bot.user_id);
  const message = channel?.messages.filter((one) => one.metadata_key?.startsWith("panel:")).at(-1);
  return message ? { channel, message, number: message.metadata_key.slice("panel:".length) } : null;
}

const words = (message, block) => message.blocks?.find((one) => one.block_id === block)?.text?.text ?? "";
const momentIn = (text) => Number(text.match(/<!date\^(\d+)\^/)?.[1] ?? NaN);
const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

export function exercisePanel(host) {
  let waiting = null; // the channels there were when an exercise was asked for: the new one is shown
  const offer = h("div", { class: "lessons" });
  const clocks = h("div", { class: "solo-clocks", role: "timer", "aria-live": "off", "data-testid": "solo-clocks" });
  const panel = h("div", { class: "solo-panel blocks", "data-testid": "solo-panel" });
  const files = h("div", { class: "solo-files" });
  const hints = h("input", { type: "checkbox", id: "solo-hints", checked: true, "data-testid": "solo-hints" });
  const speed = h("select", { class: "field", id: "solo-speed", "data-testid": "solo-speed" }, SPEEDS.map(([value, label]) => h("option", { value }, label)));

  async function play(lesson, full) {
    const state = store.state;
    if (!responders(state).includes(store.me)) {
      become(PLAYER);
      toast(`You play as ${person(PLAYER)?.name}: exercises are led by a responder.`);
    }
    waiting = new Set(state.channels.map((channel) => channel.id));
    const options = [full ? "full" : "", hints.checked ? "" : "nohints", `${speed.value}x`].filter(Boolean).join(" ");
    const answer = await act("command", { channel: GENERAL, command: "/rai-incident", text: `exercise start ${lesson.id} solo ${options}` });
    if (!answer.ok) toast(answer.message ?? answer.error, "error");
  }

  const card = (lesson) =>
    h(
      "li",
      { class: "thing", "data-lesson": lesson.id },
      h("h3", {}, lesson.title),
      h("p", { class: "thing-note" }, lesson.about),
      h(
        "div",
        { class: "lesson-buttons" },
        lesson.short ? h("button", { class: "button button-primary button-small", type: "button", "data-testid": `play-${lesson.id}`, on: { click: () => play(lesson, false) } }, icon("play"), `Play, ${lesson.short} minutes`) : null,
        h("button", { class: "button button-small", type: "button", on: { click: () => play(lesson, true) } }, `In full, ${lesson.minutes} minutes`),
      ),
    );

  function count(found) {
    const ends = momentIn(words(found.message, "solo_clock"));
    const next = momentIn(words(found.message, "solo_next"));
    const left = (moment) => Math.max(0, moment - Date.now() / 1000);
    const one = (label, moment, testid) => h("div", { class: "solo-clock" }, h("span", { class: "status-label" }, label), h("span", { class: "solo-time", "data-testid": testid }, clock(left(moment))));
    clear(clocks, Number.isNaN(ends) ? null : one("Time left", ends, "solo-left"), Number.isNaN(next) ? null : one("Next message in", next, "solo-next-in"));
  }

  host.append(
    h("header", { class: "panel-head" }, h("h2", {}, "Exercises"), h("p", {}, "Play an incident alone, in every role, with the real bot. Nothing outside is touched. It is the quickest way to learn it.")),
    clocks,
    panel,
    files,
    offer,
  );
  setInterval(() => {
    const found = store.state && exercisePanelMessage(store.state);
    if (found && !host.hidden) count(found);
  }, 1000);

  return (state) => {
    const room = waiting && state.channels.find((channel) => isRoom(channel) && !waiting.has(channel.id));
    if (room) {
      waiting = null;
      go({ kind: "channel", channel: room.id });
    }
    const found = exercisePanelMessage(state);
    const live = exerciseLive(state);
    memo(panel, [found?.message, found?.channel.id], () => {
      panel.hidden = !found;
      if (!found) return clear(panel);
      const ctx = surface({ key: `panel/${found.channel.id}/${found.message.ts}`, kind: "message", container: { type: "message", channel: found.channel.id, ts: found.message.ts }, onFailure: (text) => toast(text, "error") });
      return clear(panel, renderBlocks(found.message.blocks, ctx));
    });
    clocks.hidden = !live;
    if (found) count(found);
    const mine = found && state.channels.find((channel) => channel.name.startsWith(`exercise-ex${found.number}-`));
    const reports = mine ? mine.messages.flatMap((message) => message.files ?? []).filter((file) => /-after-action-/.test(file.name)) : [];
    memo(files, reports, () => clear(files, reports.length ? h("h3", { class: "panel-sub" }, "After-action report") : null, reports.map(fileCard)));
    memo(offer, [state.exercises, live, Boolean(found)], () => {
      offer.hidden = live;
      const lessons = state.exercises ?? [];
      clear(
        offer,
        h("h3", { class: "panel-sub" }, found ? "Play another one" : "Choose a scenario"),
        h("div", { class: "lesson-options" }, h("label", { for: "solo-hints" }, hints, " Hints when I am stuck"), h("label", { for: "solo-speed" }, "Speed ", speed)),
        lessons.length ? h("ul", { class: "things" }, lessons.map(card)) : h("p", { class: "thing-note" }, "This sandbox was started without scenarios."),
      );
    });
  };
}

/** Whether this person has one that was not ended. */
export function exerciseLive(state) {
  const found = exercisePanelMessage(state);
  return Boolean(found) && /\b(ready to begin|running|paused), minute/.test(found.message.text);
}
