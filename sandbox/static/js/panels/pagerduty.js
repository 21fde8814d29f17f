// PagerDuty: who was paged, and what became of it.
import { clock, exact } from "../dates.js";
import { clear, h, memo, reconcile } from "../dom.js";
import { icon } from "../icons.js";

const STATUS = { triggered: "bad", acknowledged: "warn", resolved: "good" };

const when = (iso) => (iso ? h("time", { datetime: iso, title: exact(new Date(iso)) }, clock(new Date(iso))) : null);

function logLine(entry) {
  if (typeof entry === "string") return h("li", {}, entry);
  const { at, created_at: created, text, summary, type, by, ...rest } = entry;
  const time = at ?? created;
  const words = text ?? summary ?? [type, by && `by ${by}`].filter(Boolean).join(" ") ?? JSON.stringify(rest);
  return h("li", {}, time ? h("span", { class: "log-time" }, when(time)) : null, h("span", {}, words));
}

const valueText = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : String(value));

function incidentCard(item) {
  const details = Object.entries(item.details ?? {});
  return h(
    "article",
    { class: "thing", "data-testid": "pagerduty-incident", "data-key": item.dedup_key, "data-status": item.status },
    h("div", { class: "thing-top" }, h("span", { class: `pill pill-${STATUS[item.status] ?? "plain"}` }, item.status), h("span", { class: "thing-id" }, `#${item.number}`), h("span", { class: "spacer" }), h("span", { class: "thing-note" }, `${item.urgency} urgency`)),
    h("h3", {}, item.title),
    h("div", { class: "thing-who" }, icon("pager"), h("span", {}, "Paged: ", h("strong", {}, (item.assigned ?? []).join(", ") || "nobody"))),
    h(
      "dl",
      { class: "facts" },
      h("dt", {}, "Triggered"), h("dd", {}, when(item.created_at)),
      item.acknowledged_at ? [h("dt", {}, "Acknowledged"), h("dd", {}, when(item.acknowledged_at))] : null,
      item.resolved_at ? [h("dt", {}, "Resolved"), h("dd", {}, when(item.resolved_at))] : null,
      h("dt", {}, "Dedup key"), h("dd", {}, h("code", {}, item.dedup_key)),
    ),
    details.length ? h("details", {}, h("summary", {}, "Details"), h("dl", { class: "facts" }, details.map(([name, value]) => [h("dt", {}, name), h("dd", {}, valueText(value))]))) : null,
    item.log?.length ? h("details", {}, h("summary", {}, `Log (${item.log.length})`), h("ul", { class: "log" }, item.log.map(logLine))) : null,
  );
}

export function pagerDutyPanel(host) {
  const list = h("div", { class: "things" });
  host.append(h("header", { class: "panel-head" }, h("h2", {}, "PagerDuty"), h("p", {}, "Who was woken, and whether they answered.")), list);
  return (state) => {
    const { incidents } = state.pagerduty;
    memo(host, incidents.length === 0, (none) => none && clear(list, h("div", { class: "panel-empty" }, icon("pager"), h("p", {}, "Nobody has been paged."))));
    if (!incidents.length) return;
    list.querySelector(".panel-empty")?.remove();
    reconcile(list, incidents, { key: (item) => item.id, sig: JSON.stringify, build: incidentCard });
  };
}
