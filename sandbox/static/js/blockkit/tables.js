// table (plain) and data_table (pages, sorting, filtering).
import { clear, h } from "../dom.js";
import { icon } from "../icons.js";
import { plain } from "../mrkdwn.js";
import { richText } from "./rich_text.js";

function textOf(cell) {
  if (!cell) return "";
  if (cell.type === "raw_number") return cell.text ?? String(cell.value ?? cell.number ?? "");
  if (cell.type === "rich_text") return richText(cell).textContent;
  return cell.text ?? "";
}

const numberOf = (cell) => (cell.type === "raw_number" ? Number(cell.value ?? cell.number ?? cell.text) : null);
const content = (cell) => (cell.type === "rich_text" ? richText(cell) : plain(textOf(cell), false));

export function table(block) {
  const settings = block.column_settings ?? [];
  const cell = (tag, item, column) =>
    h(
      tag,
      {
        scope: tag === "th" ? "col" : null,
        class: `${settings[column]?.is_wrapped ? "wrapped" : ""} align-${settings[column]?.align ?? (item.type === "raw_number" ? "right" : "left")}`,
      },
      content(item),
    );
  const [head, ...rows] = block.rows;
  return h(
    "div",
    { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Table" },
    h(
      "table",
      { class: "plain-table" },
      h("thead", {}, h("tr", {}, head.map((item, i) => cell("th", item, i)))),
      h("tbody", {}, rows.map((row) => h("tr", {}, row.map((item, i) => cell("td", item, i))))),
    ),
  );
}

function compare(a, b) {
  const [left, right] = [numberOf(a), numberOf(b)];
  if (left !== null && right !== null) return left - right;
  return textOf(a).localeCompare(textOf(b), "en", { numeric: true });
}

export function dataTable(block, ctx) {
  const [head, ...rows] = block.rows;
  const size = block.page_size ?? 5;
  const rowHead = block.row_header_column_index ?? 0;
  const noteName = `table/${block.block_id}`;
  const view = ctx.note(noteName, { page: 0, sort: null, down: false, words: "" });
  const update = (change) => {
    ctx.setNote(noteName, Object.assign(view, change));
    paint();
  };

  const body = h("tbody", {});
  const foot = h("div", { class: "table-foot" });
  const heads = head.map((cell, column) =>
    h(
      "th",
      { scope: "col", class: `align-${rows[0]?.[column]?.type === "raw_number" ? "right" : "left"}` },
      h(
        "button",
        {
          class: "sort",
          type: "button",
          "data-focus": `${block.block_id}/sort/${column}`,
          on: { click: () => update({ sort: column, down: view.sort === column && !view.down, page: 0 }) },
        },
        h("span", {}, textOf(cell)),
        icon("sort"),
      ),
    ),
  );

  function paint() {
    const words = view.words.trim().toLowerCase();
    let found = words ? rows.filter((row) => row.some((cell) => textOf(cell).toLowerCase().includes(words))) : rows;
    if (view.sort !== null) {
      found = [...found].sort((a, b) => compare(a[view.sort], b[view.sort]) * (view.down ? -1 : 1));
    }
    const pages = Math.max(1, Math.ceil(found.length / size));
    view.page = Math.min(view.page, pages - 1);
    const part = found.slice(view.page * size, (view.page + 1) * size);
    heads.forEach((node, column) => {
      const order = view.sort === column ? (view.down ? "descending" : "ascending") : "none";
      node.setAttribute("aria-sort", order);
    });
    clear(
      body,
      part.map((row) =>
        h(
          "tr",
          {},
          row.map((cell, column) =>
            h(column === rowHead ? "th" : "td", { scope: column === rowHead ? "row" : null, class: `align-${cell.type === "raw_number" ? "right" : "left"}` }, content(cell)),
          ),
        ),
      ),
    );
    if (!part.length) clear(body, h("tr", {}, h("td", { class: "table-none", colspan: head.length }, "Nothing matches the filter.")));
    const step = (name, label, by, off) =>
      h("button", { class: "icon-button", type: "button", "aria-label": label, "data-focus": `${block.block_id}/${name}`, "aria-disabled": String(off), on: { click: () => off || update({ page: view.page + by }) } }, icon(name));
    const from = found.length ? view.page * size + 1 : 0;
    clear(
      foot,
      h("span", { "aria-live": "polite" }, `${from}–${Math.min((view.page + 1) * size, found.length)} of ${found.length}`),
      pages > 1 ? [step("left", "Previous page", -1, view.page === 0), step("right", "Next page", 1, view.page === pages - 1)] : null,
    );
  }

  const filter = h("input", {
    class: "field table-filter",
    type: "search",
    placeholder: "Filter",
    "aria-label": `Filter ${block.caption}`,
    "data-focus": `${block.block_id}/filter`,
    value: view.words,
    on: { input: (event) => update({ words: event.currentTarget.value, page: 0 }) },
  });
  paint();
  return h(
    "div",
    {},
    h("div", { class: "table-head" }, h("div", { class: "table-caption", "aria-hidden": "true" }, block.caption), rows.length > 3 ? filter : null),
    h(
      "div",
      { class: "table-scroll", tabindex: "0", role: "region", "aria-label": block.caption },
      h("table", { class: "plain-table data-table" }, h("caption", { class: "sr-only" }, block.caption), h("thead", {}, h("tr", {}, heads)), body),
    ),
    foot,
  );
}
