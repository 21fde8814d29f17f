// Jira: the tickets that exist.
import { clear, h, memo, reconcile } from "../dom.js";
import { icon } from "../icons.js";

const DONE = /done|closed|resolved/i;

function issueCard(item) {
  return h(
    "article",
    { class: "thing", "data-testid": "jira-issue", "data-key": item.key },
    h("div", { class: "thing-top" }, h("span", { class: "thing-id" }, item.key), h("span", { class: `pill pill-${DONE.test(item.status) ? "good" : /progress/i.test(item.status) ? "warn" : "plain"}` }, item.status)),
    h("h3", {}, item.summary),
    item.labels?.length ? h("div", { class: "labels" }, item.labels.map((label) => h("span", { class: "label" }, label))) : null,
    item.description ? h("details", {}, h("summary", {}, "Description"), h("div", { class: "prewrap" }, item.description)) : null,
    item.comments?.length
      ? h("details", {}, h("summary", {}, `Comments (${item.comments.length})`), h("ul", { class: "log" }, item.comments.map((comment) => h("li", {}, h("span", { class: "prewrap" }, comment.body ?? comment)))))
      : null,
  );
}

export function jiraPanel(host) {
  const list = h("div", { class: "things" });
  host.append(h("header", { class: "panel-head" }, h("h2", {}, "Jira"), h("p", {}, "Tickets of the project, newest first.")), list);
  return (state) => {
    const { issues } = state.jira;
    memo(host, issues.length === 0, (none) => none && clear(list, h("div", { class: "panel-empty" }, icon("ticket"), h("p", {}, "No tickets yet."))));
    if (!issues.length) return;
    list.querySelector(".panel-empty")?.remove();
    reconcile(list, issues, { key: (item) => item.key, sig: JSON.stringify, build: issueCard });
  };
}
