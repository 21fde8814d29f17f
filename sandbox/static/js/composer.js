// Where one writes: messages, slash commands, completion, files. One composer per channel and thread keeps its draft.
import { act, actOrTell } from "./acts.js";
import { base64 } from "./blockkit/pickers.js";
import { offers, usageOf } from "./complete.js";
import { clear, h, uid } from "./dom.js";
import { icon } from "./icons.js";
import { channelById, channelName } from "./store.js";
import { toast } from "./toast.js";

export class Composer {
  constructor({ channel, thread }) {
    this.channel = channel;
    this.thread = thread;
    this.offer = null;
    this.at = 0;
    this.listId = uid("offers");
    this.list = h("div", { class: "offers", role: "listbox", id: this.listId, "aria-label": "Suggestions", hidden: true });
    this.usage = h("div", { class: "usage", hidden: true });
    this.text = h("textarea", {
      class: "composer-text",
      rows: "1",
      "data-testid": thread ? "thread-composer-text" : "composer",
      "data-focus": `composer/${channel}/${thread ?? ""}`,
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-controls": this.listId,
      "aria-expanded": "false",
      on: {
        input: () => this.typed(),
        keydown: (event) => this.keyed(event),
        blur: () => setTimeout(() => this.close(), 150),
        click: () => this.suggest(),
      },
    });
    this.sendButton = h("button", { class: "send", type: "button", "aria-label": "Send", title: "Send (Enter)", "data-testid": "send", disabled: true, on: { click: () => this.send() } }, icon("send"));
    this.file = h("input", { type: "file", class: "file-control", tabindex: "-1", "aria-hidden": "true", on: { change: () => this.upload() } });
    const tool = (label, picture, run) => h("button", { class: "icon-button", type: "button", "aria-label": label, title: label, on: { mousedown: (e) => e.preventDefault(), click: run } }, icon(picture));
    this.node = h(
      "div",
      { class: "composer" },
      this.list,
      h(
        "div",
        { class: "composer-box" },
        this.text,
        this.usage,
        h(
          "div",
          { class: "composer-bar" },
          tool("Attach a file", "plus", () => this.file.click()),
          tool("Mention somebody", "people", () => this.insert("@")),
          tool("Emoji", "smile", () => this.insert(":ey")),
          tool("Slash commands", "bolt", () => this.begin("/")),
          this.file,
          h("span", { class: "composer-hint", "aria-hidden": "true" }, "Enter to send · Shift+Enter for a new line"),
          this.sendButton,
        ),
      ),
    );
  }

  refresh() {
    const channel = channelById(this.channel);
    if (!channel) return;
    const name = channel.is_im ? channelName(channel) : `#${channel.name}`;
    const words = this.thread ? "Reply…" : `Message ${name}`;
    this.text.placeholder = words;
    this.text.setAttribute("aria-label", this.thread ? `Reply in the thread in ${name}` : words);
  }

  typed() {
    this.text.style.height = "auto";
    this.text.style.height = `${Math.min(this.text.scrollHeight, 220)}px`;
    this.sendButton.disabled = !this.text.value.trim();
    const usage = usageOf(this.text.value);
    this.usage.hidden = !usage;
    this.usage.textContent = usage ?? "";
    this.suggest();
  }

  suggest() {
    this.offer = offers(this.text.value.slice(0, this.text.selectionStart));
    this.at = 0;
    this.paintOffers();
  }

  paintOffers() {
    const rows = this.offer?.rows ?? [];
    this.list.hidden = !rows.length;
    this.text.setAttribute("aria-expanded", String(rows.length > 0));
    clear(
      this.list,
      rows.map((row, index) =>
        h(
          "div",
          { class: `offer${index === this.at ? " active" : ""}`, role: "option", id: `${this.listId}-${index}`, "aria-selected": String(index === this.at), on: { mousedown: (event) => (event.preventDefault(), this.take(index)) } },
          h("span", { class: "offer-picture" }, row.picture),
          h("span", { class: "offer-title" }, row.title, row.hint ? h("span", { class: "offer-hint" }, ` ${row.hint}`) : null),
          row.note ? h("span", { class: "offer-note" }, row.note) : null,
        ),
      ),
    );
    if (rows.length) this.text.setAttribute("aria-activedescendant", `${this.listId}-${this.at}`);
    else this.text.removeAttribute("aria-activedescendant");
  }

  close() {
    this.offer = null;
    this.paintOffers();
  }

  take(index) {
    const { from, rows } = this.offer;
    this.text.setRangeText(rows[index].insert, from, this.text.selectionStart, "end");
    this.close();
    this.typed();
  }

  insert(text) {
    this.text.focus();
    const before = this.text.value.slice(0, this.text.selectionStart);
    this.text.setRangeText((before && !/\s$/.test(before) ? " " : "") + text, this.text.selectionStart, this.text.selectionEnd, "end");
    this.typed();
  }

  begin(text) {
    this.text.value = text;
    this.text.focus();
    this.typed();
  }

  keyed(event) {
    if (event.isComposing) return;
    const count = this.offer?.rows.length ?? 0;
    if (count) {
      const whole = this.text.value === this.offer.rows[this.at].insert.trim() && event.key === "Enter";
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        this.at = (this.at + (event.key === "ArrowDown" ? 1 : count - 1)) % count;
        this.paintOffers();
        return event.preventDefault();
      }
      if (event.key === "Tab" || (event.key === "Enter" && !whole)) {
        this.take(this.at);
        return event.preventDefault();
      }
      if (event.key === "Escape") {
        this.close();
        event.stopPropagation();
        return event.preventDefault();
      }
    }
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    }
    return undefined;
  }

  /** A line that starts with / is a command; anything else is said aloud. A refused text comes back into the box. */
  async send() {
    const text = this.text.value.trim();
    if (!text) return;
    this.text.value = "";
    this.close();
    this.typed();
    const isCommand = text.startsWith("/") && !this.thread;
    const [command] = text.split(/\s/, 1);
    const answer = isCommand
      ? await act("command", { channel: this.channel, command, text: text.slice(command.length).trim() })
      : await act("message", { channel: this.channel, text, ...(this.thread ? { thread_ts: this.thread } : {}) });
    if (answer.ok) return;
    if (!this.text.value) {
      this.text.value = text;
      this.typed();
      this.close();
    }
    toast(answer.message ?? `That was not sent (${answer.error}).`, "error");
  }

  async upload() {
    const [file] = this.file.files;
    if (!file) return;
    await actOrTell("upload", { channel: this.channel, name: file.name, content_base64: await base64(file), ...(this.thread ? { thread_ts: this.thread } : {}) });
    this.file.value = "";
  }
}

