// Switches that make the outside world misbehave.
import { post } from "../acts.js";
import { clear, h, memo, uid } from "../dom.js";
import { icon } from "../icons.js";
import { toast } from "../toast.js";

const SERVICES = [["all", "Every service"], ["slack", "Slack"], ["pagerduty", "PagerDuty"], ["jira", "Jira"], ["assistant", "Assistant"]];
const NEW_BLOCKS = ["data_visualization", "data_table", "plan", "task_card", "card", "carousel", "container", "alert"];
const RULES = [
  { name: "rate_limit", title: "Too many requests (429)", text: "Answers 429 with Retry-After: 1.", rule: (f) => ({ service: f.service, method: f.method, retry_after: 1, times: f.times }) },
  { name: "error", title: "Server error (503)", text: "Answers 503 and does nothing.", rule: (f) => ({ service: f.service, method: f.method, status: 503, times: f.times }) },
  { name: "drop", title: "Connection dropped", text: "Closed before anything was done.", rule: (f) => ({ service: f.service, method: f.method, times: f.times }) },
  { name: "lose_answer", title: "Answer lost", text: "Done, then closed without an answer.", rule: (f) => ({ service: f.service, method: f.method, times: f.times, probability: 1 }) },
];

/** How many switches are on. */
export const activeFaults = (faults) => RULES.filter(({ name }) => faults?.[name]).length + (faults?.latency_ms ? 1 : 0) + (faults?.late_files_ms ? 1 : 0) + (faults?.refuse_blocks?.length ? 1 : 0);

async function set(patch) {
  const answer = await post("/sandbox/faults", patch);
  if (!answer.ok) toast(answer.message ?? answer.error ?? "The switch was refused.", "error");
  return answer;
}

function switchRow({ testid, title, text, isOn, flip, more }) {
  const id = uid("switch");
  return h(
    "div",
    { class: "fault" },
    h("div", { class: "fault-top" }, h("div", { id }, h("strong", {}, title), h("p", {}, text)), h("button", { class: "switch", type: "button", role: "switch", "aria-checked": String(isOn), "aria-labelledby": id, "data-testid": testid, "data-focus": testid, on: { click: flip } }, h("span", {}))),
    more,
  );
}

export function faultsPanel(host) {
  const body = h("div", { class: "faults" });
  const scope = { service: "all", method: "*", times: 3 };
  const serviceOptions = SERVICES.map(([value, label]) => h("option", { value }, label));
  const labelled = (label, control) => h("label", { class: "mini-field" }, h("span", {}, label), control);
  host.append(
    h("header", { class: "panel-head" }, h("h2", {}, "Faults"), h("p", {}, "Make the outside world misbehave and watch the bot cope.")),
    h(
      "div",
      { class: "fault-scope" },
      labelled("Service", h("select", { class: "field", "data-testid": "fault-service", on: { change: (e) => (scope.service = e.currentTarget.value) } }, serviceOptions)),
      labelled("Method", h("input", { class: "field", value: "*", spellcheck: "false", "data-testid": "fault-method", on: { input: (e) => (scope.method = e.currentTarget.value.trim() || "*") } })),
      labelled("Times", h("input", { class: "field", type: "number", min: "1", max: "1000", value: "3", "data-testid": "fault-times", on: { input: (e) => (scope.times = Math.max(1, Math.round(Number(e.currentTarget.value)) || 1)) } })),
    ),
    body,
  );

  const paint = (faults) => {
    const rows = RULES.map(({ name, title, text, rule }) => {
      const now = faults[name];
      const left = now ? `On for ${now.service ?? "slack"} ${now.method ?? "*"}${now.times ? `, ${now.times} more` : ""}. ` : "";
      return switchRow({ testid: `fault-${name}`, title, text: left + text, isOn: Boolean(now), flip: () => set({ [name]: now ? null : rule(scope) }) });
    });
    const range = h("input", { type: "range", min: "0", max: "2000", step: "50", value: String(faults.latency_ms), "aria-label": "Latency in milliseconds", "data-testid": "fault-latency", "data-focus": "fault-latency", on: { input: (e) => (shown.textContent = `${e.currentTarget.value} ms`), change: (e) => set({ latency_ms: Number(e.currentTarget.value), service: scope.service }) } });
    const shown = h("output", {}, `${faults.latency_ms} ms`);
    const refused = new Set(faults.refuse_blocks);
    const toggleBlock = (type) => set({ refuse_blocks: refused.has(type) ? [...refused].filter((item) => item !== type) : [...refused, type] });
    clear(
      body,
      h("div", { class: "fault" }, h("div", { class: "fault-top" }, h("div", {}, h("strong", {}, "Latency"), h("p", {}, "Added to every call of the service."))), h("div", { class: "range-row" }, range, shown)),
      rows,
      h("div", { class: "fault" }, h("strong", {}, "Refused blocks"), h("p", {}, "The workspace answers invalid_blocks, as one where the roll-out has not arrived."), h("div", { class: "block-chips" }, NEW_BLOCKS.map((type) => h("button", { class: "chip-toggle", type: "button", "aria-pressed": String(refused.has(type)), "data-focus": `refuse-${type}`, on: { click: () => toggleBlock(type) } }, type)))),
      h("button", { class: "button", type: "button", "data-testid": "faults-off", on: { click: () => set({ latency_ms: 0, late_files_ms: 0, rate_limit: null, error: null, drop: null, lose_answer: null, refuse_blocks: [] }) } }, icon("check"), h("span", {}, "Everything well again")),
    );
  };
  return (state) => memo(body, state.faults, paint);
}
