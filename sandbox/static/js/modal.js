// The stack of modals. Each view keeps its node while it is open; a re-render keeps what was typed.
import { act, actOrTell } from "./acts.js";
import { renderBlocks } from "./blockkit/index.js";
import { showError } from "./blockkit/input.js";
import { forget, surface } from "./blockkit/surface.js";
import { textProblem } from "./blockkit/text_inputs.js";
import { clear, h, keepingFocus, uid } from "./dom.js";
import { icon } from "./icons.js";
import { plain } from "./mrkdwn.js";
import { store } from "./store.js";
import { announce } from "./toast.js";

const open = new Map();
const layer = document.getElementById("modals");
const covered = ["sidebar", "main"].map((id) => document.getElementById(id));
let opener = null;
const REQUIRED = "Please complete this required field.";

const isEmpty = (value) => value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);
const heldBy = (state) => state && Object.entries(state).find(([name]) => name !== "type")?.[1];

/** One open modal: its dialog, and the view it shows at the moment. */
class Modal {
  constructor(view) {
    this.id = view.id;
    this.titleId = uid("modal-title");
    this.banner = h("div", { class: "modal-banner", role: "alert", hidden: true, "data-testid": "modal-banner" });
    this.body = h("div", { class: "modal-body" });
    this.head = h("div", { class: "modal-head" });
    this.foot = h("div", { class: "modal-foot" });
    this.form = h("form", { class: "modal-form", novalidate: true, on: { submit: (event) => (event.preventDefault(), this.submit()) } }, this.head, this.banner, this.body, this.foot);
    this.dialog = h(
      "dialog",
      {
        class: "dialog modal",
        "data-testid": "modal",
        "aria-labelledby": this.titleId,
        on: { keydown: (event) => this.keyed(event) },
      },
      this.form,
    );
  }

  show(view, depth) {
    const fresh = !this.dialog.isConnected;
    if (fresh) {
      layer.append(this.dialog);
      this.dialog.show();
    }
    if (this.hash !== view.hash || this.depth !== depth) this.paint(view, depth);
    this.showErrors(view.errors);
    if (fresh) {
      const first = this.dialog.querySelector("[data-autofocus]") ?? this.body.querySelector("input,textarea,button,[contenteditable]") ?? this.foot.querySelector("button");
      first?.focus();
      announce(`${view.title?.text ?? "Dialog"} opened`);
    }
  }

  paint(view, depth) {
    const scroll = this.body.scrollTop;
    this.view = view;
    this.hash = view.hash;
    this.depth = depth;
    this.dialog.dataset.viewId = view.id;
    this.dialog.dataset.callbackId = view.callback_id;
    const ctx = surface({
      key: view.id,
      kind: "modal",
      container: { type: "view", view_id: view.id },
      serverValues: view.state?.values ?? view.state,
      onFailure: (words) => this.tell(words),
      onValue: (blockId) => showError(this.body, blockId, null),
    });
    this.values = ctx.values;
    keepingFocus(this.dialog, () => {
      const shut = (name, label, testid) => h("button", { class: "icon-button", type: "button", "aria-label": label, "data-testid": testid, on: { click: () => this.close() } }, icon(name));
      clear(
        this.head,
        depth > 0 ? shut("back", "Back", "modal-back") : h("span", { class: "avatar avatar-s avatar-bot", "aria-hidden": "true" }, icon("shield")),
        h("h2", { id: this.titleId, "data-testid": "modal-title" }, plain(view.title?.text ?? "")),
        shut("close", "Close", "modal-x"),
      );
      clear(this.body, renderBlocks(view.blocks, ctx));
      const hasInput = view.blocks.some((block) => block.type === "input");
      this.submitButton = view.submit || hasInput
        ? h("button", { class: "button button-primary", type: "submit", "data-testid": "modal-submit" }, h("span", {}, plain(view.submit?.text ?? "Submit")))
        : null;
      clear(
        this.foot,
        h("button", { class: "button", type: "button", "data-testid": "modal-close", on: { click: () => this.close() } }, plain(view.close?.text ?? (this.submitButton ? "Cancel" : "Close"))),
        this.submitButton,
      );
    });
    this.body.scrollTop = scroll;
  }

  /** Tab stays inside; Esc closes; Ctrl or Cmd with Enter submits. The outside world stays reachable by F6 and mouse. */
  keyed(event) {
    if (event.defaultPrevented) return;
    if (event.key === "Escape") {
      event.preventDefault();
      this.close();
    } else if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Tab") {
      const stops = [...this.dialog.querySelectorAll("button,input,textarea,a[href],[contenteditable],[tabindex='0']")].filter((node) => node.offsetParent && node.tabIndex >= 0);
      const edge = event.shiftKey ? stops[0] : stops.at(-1);
      if (document.activeElement !== edge) return;
      event.preventDefault();
      (event.shiftKey ? stops.at(-1) : stops[0]).focus();
    }
  }

  tell(words) {
    this.banner.hidden = !words;
    clear(this.banner, icon("warning"), h("span", {}, words ?? ""));
  }

  showErrors(errors) {
    const signature = JSON.stringify(errors ?? null);
    if (signature === this.shownErrors) return;
    this.shownErrors = signature;
    for (const block of this.view.blocks) if (block.block_id) showError(this.body, block.block_id, errors?.[block.block_id]);
    if (errors && Object.keys(errors).length) this.focusError();
  }

  focusError() {
    const block = this.body.querySelector(".has-error");
    block?.scrollIntoView({ block: "nearest" });
    block?.querySelector("input,textarea,button.select,[contenteditable]")?.focus();
  }

  /** What the form itself refuses before anything is sent, as Slack's own form does. */
  problems() {
    const found = {};
    for (const block of this.view.blocks) {
      if (block.type !== "input") continue;
      const value = heldBy(this.values[block.block_id]?.[block.element.action_id]);
      if (isEmpty(value)) {
        if (!block.optional) found[block.block_id] = REQUIRED;
      } else {
        const problem = typeof value === "string" && block.element.type.endsWith("_input") && textProblem(block.element, value);
        if (problem) found[block.block_id] = problem;
      }
    }
    return found;
  }

  async submit() {
    if (!this.submitButton || this.submitting) return;
    const problems = this.problems();
    for (const block of this.view.blocks) if (block.block_id) showError(this.body, block.block_id, problems[block.block_id]);
    if (Object.keys(problems).length) return this.focusError();
    this.tell(null);
    this.setPending(true);
    this.shownErrors = null;
    const answer = await act("view_submit", { view_id: this.id, values: this.values });
    this.setPending(false);
    if (answer.errors) this.showErrors(answer.errors);
    else if (!answer.ok && answer.error !== "invalid_input") this.tell(answer.message ?? "We had some trouble connecting. Try again?");
    return undefined;
  }

  setPending(pending) {
    this.submitting = pending;
    this.submitButton?.classList.toggle("pending", pending);
    this.submitButton?.setAttribute("aria-busy", String(pending));
    this.form.classList.toggle("sending", pending);
  }

  close() {
    actOrTell("view_close", { view_id: this.id });
  }

  remove() {
    this.dialog.close();
    this.dialog.remove();
    forget(this.id);
  }
}

/** Makes the open dialogs match the person's view stack: only the top one is shown. */
export function renderModals() {
  const views = store.state.modals ?? [];
  const wanted = new Set(views.map((view) => view.id));
  if (views.length && !open.size) opener = document.activeElement;
  layer.hidden = !views.length;
  for (const part of covered) part.inert = views.length > 0;
  for (const [id, modal] of open) {
    if (wanted.has(id)) continue;
    modal.remove();
    open.delete(id);
  }
  views.forEach((view, depth) => {
    if (!open.has(view.id)) open.set(view.id, new Modal(view));
    const modal = open.get(view.id);
    const onTop = depth === views.length - 1;
    modal.dialog.classList.toggle("underneath", !onTop);
    modal.show(view, depth);
  });
  if (!views.length && opener) {
    if (opener.isConnected && document.activeElement === document.body) opener.focus();
    opener = null;
  }
}
