// Date, time, date-and-time and file inputs, on the browser's own controls.
import { actOrTell } from "../acts.js";
import { localInput } from "../dates.js";
import { append, clear, h } from "../dom.js";
import { icon } from "../icons.js";
import { store } from "../store.js";

function picker(type, label, element, ctx, block, { initial, toField, fromField }) {
  const kept = ctx.start(block, element, initial);
  const changed = () => ctx.change(block, element, fromField(control.value), control);
  const control = h("input", {
    class: "field field-date",
    type,
    value: toField(kept) ?? "",
    "aria-label": element.placeholder?.text ?? label,
    on: { change: changed },
  });
  return control;
}

export const datePicker = (element, ctx, block) =>
  picker("date", "Date", element, ctx, block, {
    initial: { selected_date: element.initial_date ?? null },
    toField: (kept) => kept.selected_date,
    fromField: (text) => ({ selected_date: text || null }),
  });

export function timePicker(element, ctx, block) {
  const control = picker("time", "Time", element, ctx, block, {
    initial: { selected_time: element.initial_time ?? null },
    toField: (kept) => kept.selected_time,
    fromField: (text) => ({ selected_time: text || null }),
  });
  if (!element.timezone) return control;
  return h("span", { class: "field-row" }, control, h("span", { class: "field-zone" }, element.timezone));
}

export const dateTimePicker = (element, ctx, block) =>
  picker("datetime-local", "Date and time", element, ctx, block, {
    initial: { selected_date_time: element.initial_date_time ?? null },
    toField: (kept) => kept.selected_date_time && localInput(kept.selected_date_time),
    fromField: (text) => ({ selected_date_time: text ? Math.floor(new Date(text).getTime() / 1000) : null }),
  });

/** A file's bytes as base64, the form the workspace takes them in. */
export function base64(file) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(",") + 1));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(file);
  });
}

export function fileInput(element, ctx, block) {
  const kept = ctx.start(block, element, { files: [] });
  const names = h("ul", { class: "file-names" });
  const show = (files) => {
    clear(names);
    for (const file of files) {
      const remove = () => {
        const rest = ctx.valueOf(block, element).files.filter((item) => item.id !== file.id);
        ctx.set(block, element, { files: rest });
        show(rest);
      };
      append(names, h("li", {}, icon("file"), h("span", {}, file.name), h("button", { class: "icon-button", type: "button", "aria-label": `Remove ${file.name}`, on: { click: remove } }, icon("close"))));
    }
  };
  const picked = async () => {
    for (const file of control.files) {
      const answer = await actOrTell("upload", { name: file.name, channel: store.place.channel, content_base64: await base64(file) });
      if (!answer.ok) continue;
      const files = [...(ctx.valueOf(block, element).files ?? []), { id: answer.file, name: file.name, size: file.size }].slice(-(element.max_files ?? 10));
      ctx.set(block, element, { files });
      show(files);
    }
    control.value = "";
  };
  const control = h("input", {
    type: "file",
    class: "file-control",
    multiple: (element.max_files ?? 10) > 1,
    accept: element.filetypes?.map((type) => `.${type}`).join(","),
    on: { change: picked },
  });
  show(kept.files ?? []);
  return h("div", { class: "file-drop" }, h("label", { class: "button" }, icon("upload"), h("span", {}, "Choose a file"), control), names);
}
