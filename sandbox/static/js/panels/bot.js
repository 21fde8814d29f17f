// The bot's process: alive or not, what it says, and the two buttons of the demonstration.
import { post } from "../acts.js";
import { ago, exact } from "../dates.js";
import { clear, h, memo } from "../dom.js";
import { icon } from "../icons.js";
import { announce, toast } from "../toast.js";

const asDate = (value) => new Date(typeof value === "number" ? value * 1000 : value);

export function botPanel(host) {
  const status = h("div", { class: "bot-status" });
  const facts = h("dl", { class: "facts" });
  const log = h("pre", { class: "log-tail", tabindex: "0", role: "log", "aria-live": "off", "aria-label": "The bot's output", "data-testid": "bot-log" });
  const steer = (action, words) => async (event) => {
    const button = event.currentTarget;
    if (button.getAttribute("aria-disabled") === "true") return;
    button.classList.add("pending");
    const answer = await post("/sandbox/bot", { action });
    button.classList.remove("pending");
    if (answer.ok) announce(words);
    else toast(answer.message ?? "That did not work.", "error");
  };
  const kill = h("button", { class: "button button-danger-solid", type: "button", "data-testid": "kill-bot", on: { click: steer("kill", "The bot was killed") } }, icon("stop"), h("span", {}, "Kill the bot"));
  const start = h("button", { class: "button button-primary", type: "button", "data-testid": "start-bot", on: { click: steer("start", "The bot is starting") } }, icon("play"), h("span", {}, "Start it again"));
  host.append(
    h("header", { class: "panel-head" }, h("h2", {}, "The bot"), h("p", {}, "Its own process, the one that runs in production. Kill it whenever you like (SIGKILL).")),
    status,
    h("div", { class: "bot-buttons" }, kill, start),
    facts,
    h("h3", { class: "panel-sub" }, "Output"),
    log,
  );
  return (state) => {
    const { bot } = state;
    memo(status, [bot.running, bot.connected], () => {
      const [kind, words] = !bot.running ? ["bad", "Not running"] : bot.connected ? ["good", "Running, connected"] : ["warn", "Running, not connected yet"];
      clear(status, h("span", { class: `dot dot-${kind}` }), h("span", { "data-testid": "bot-status" }, words));
      kill.setAttribute("aria-disabled", String(!bot.running));
      start.setAttribute("aria-disabled", String(bot.running));
    });
    memo(facts, [bot.pid, bot.restarts, bot.started_at], () => {
      const started = bot.started_at && asDate(bot.started_at);
      clear(
        facts,
        h("dt", {}, "Process"), h("dd", { "data-testid": "bot-pid" }, bot.pid ? String(bot.pid) : "none"),
        h("dt", {}, "Started"), h("dd", {}, started ? h("span", { title: exact(started) }, ago(started)) : "never"),
        h("dt", {}, "Restarts"), h("dd", { "data-testid": "bot-restarts" }, String(bot.restarts)),
      );
    });
    memo(log, bot.log_tail, (lines) => {
      const atEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 40;
      log.textContent = lines.join("\n") || "The bot has not said anything yet.";
      if (atEnd) log.scrollTop = log.scrollHeight;
    });
  };
}
