// plan and task_card: the progress of a piece of work, step by step.
import { h } from "../dom.js";
import { icon } from "../icons.js";
import { link } from "../mrkdwn.js";
import { richText } from "./rich_text.js";

const STATES = {
  pending: ["circle", "To do"],
  in_progress: ["circle", "In progress"],
  complete: ["check_circle", "Done"],
  error: ["error_circle", "Failed"],
};

function task(item) {
  const [picture, words] = STATES[item.status] ?? STATES.pending;
  const more = item.details || item.output || item.sources?.length;
  return h(
    "div",
    { class: `task task-${item.status}`, "data-task-id": item.task_id },
    h("span", { class: "task-state", title: words }, icon(picture), h("span", { class: "sr-only" }, `${words}: `)),
    h(
      "div",
      { class: "task-main" },
      h("div", { class: "task-title" }, item.title),
      more
        ? h(
            "div",
            { class: "task-more" },
            item.details ? richText(item.details) : null,
            item.output ? h("div", { class: "task-output" }, richText(item.output)) : null,
            item.sources?.length ? h("div", { class: "task-sources" }, item.sources.map((source) => h("span", { class: "source" }, link(source.url, source.text || source.url)))) : null,
          )
        : null,
    ),
  );
}

export const taskCard = (block) => h("div", {}, task(block));

export function plan(block, ctx) {
  const tasks = block.tasks ?? [];
  const done = tasks.filter((item) => item.status === "complete").length;
  const name = `plan/${block.title}`;
  const details = h(
    "details",
    { open: ctx.note(name, true), on: { toggle: () => ctx.setNote(name, details.open) } },
    h(
      "summary",
      { "data-focus": name },
      icon("down", "icon chevron"),
      h("span", { class: "plan-title" }, block.title),
      tasks.length ? h("span", { class: "plan-count" }, `${done} of ${tasks.length}`) : null,
    ),
    tasks.length ? h("progress", { class: "plan-bar", max: tasks.length, value: done, "aria-label": `${done} of ${tasks.length} done` }) : null,
    h("div", { class: "plan-tasks" }, tasks.map(task)),
  );
  return h("div", {}, details);
}
