// The markdown block: standard Markdown (headings, lists, tables, code, quotes, links), as DOM nodes.
import { h } from "./dom.js";
import { emojiNode, link } from "./mrkdwn.js";
import { emojiFor } from "./emoji.js";

const INLINE = [
  [/^`([^`]+)`/, (m) => h("code", {}, m[1])],
  [/^\*\*(.+?)\*\*/s, (m) => h("strong", {}, inline(m[1]))],
  [/^__(.+?)__/s, (m) => h("strong", {}, inline(m[1]))],
  [/^\*(?=\S)(.+?)\*/s, (m) => h("em", {}, inline(m[1]))],
  [/^_(?=\S)(.+?)_(?!\w)/s, (m) => h("em", {}, inline(m[1]))],
  [/^~~(.+?)~~/s, (m) => h("s", {}, inline(m[1]))],
  [/^!?\[([^\]]*)\]\(([^)\s]+)\)/, (m) => link(m[2], m[1] || m[2])],
  [/^https?:\/\/[^\s<>)]+/, (m) => link(m[0], m[0])],
  [/^:([a-z0-9_+-]+):/, (m) => (emojiFor(m[1]) ? emojiNode(m[1]) : m[0])],
  [/^\\([\\`*_{}[\]()#+.!~|-])/, (m) => m[1]],
];

function inline(text) {
  const out = [];
  let plain = "";
  let rest = text;
  while (rest) {
    const hit = /^[`*_~!\[h:\\]/.test(rest) && INLINE.map(([re, make]) => [re.exec(rest), make]).find(([m]) => m);
    const insideWord = rest[0] === "_" && /\w$/.test(plain);
    if (hit && !insideWord) {
      if (plain) out.push(plain);
      plain = "";
      out.push(hit[1](hit[0]));
      rest = rest.slice(hit[0][0].length);
    } else {
      plain += rest[0];
      rest = rest.slice(1);
    }
  }
  if (plain) out.push(plain);
  return out;
}

const ITEM = /^(\s*)([-*+]|\d{1,9}[.)]) (.*)$/;

function list(rows) {
  const depth = (row) => ITEM.exec(row)[1].length;
  const base = depth(rows[0]);
  const node = h(/\d/.test(ITEM.exec(rows[0])[2]) ? "ol" : "ul", {});
  for (let i = 0; i < rows.length; ) {
    const [, , , body] = ITEM.exec(rows[i]);
    const children = [];
    let next = i + 1;
    while (next < rows.length && depth(rows[next]) > base) children.push(rows[next++]);
    const task = /^\[([ xX])\] (.*)$/.exec(body);
    const content = task
      ? [h("input", { type: "checkbox", disabled: true, checked: task[1] !== " ", "aria-label": "Task" }), " ", inline(task[2])]
      : inline(body);
    node.append(h("li", {}, content, children.length ? list(children) : null));
    i = next;
  }
  return node;
}

const cells = (row) => row.trim().replace(/^\||\|$/g, "").split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"));

function table(rows) {
  const [head, , ...body] = rows;
  return h(
    "div",
    { class: "table-scroll", tabindex: "0", role: "region", "aria-label": "Table" },
    h(
      "table",
      { class: "plain-table" },
      h("thead", {}, h("tr", {}, cells(head).map((cell) => h("th", { scope: "col" }, inline(cell))))),
      h("tbody", {}, body.map((row) => h("tr", {}, cells(row).map((cell) => h("td", {}, inline(cell)))))),
    ),
  );
}

/** Block-level Markdown: one pass over the lines. */
export function markdown(text) {
  const rows = String(text ?? "").replace(/\r/g, "").split("\n");
  const out = [];
  const take = (test) => {
    const taken = [];
    while (rows.length && test(rows[0])) taken.push(rows.shift());
    return taken;
  };
  while (rows.length) {
    const row = rows[0];
    const heading = /^(#{1,6}) +(.*?)#*$/.exec(row);
    if (!row.trim()) rows.shift();
    else if (heading) {
      rows.shift();
      out.push(h("div", { class: `md-h md-h${heading[1].length}`, role: "heading", "aria-level": heading[1].length + 2 }, inline(heading[2])));
    } else if (/^```/.test(row)) {
      rows.shift();
      const code = take((line) => !/^```/.test(line));
      rows.shift();
      out.push(h("pre", {}, code.join("\n")));
    } else if (/^(\s*[-*_]){3,}\s*$/.test(row)) {
      rows.shift();
      out.push(h("hr", { class: "block-divider" }));
    } else if (/^> ?/.test(row)) {
      out.push(h("blockquote", {}, markdown(take((line) => /^> ?/.test(line)).map((line) => line.replace(/^> ?/, "")).join("\n"))));
    } else if (ITEM.test(row)) {
      out.push(list(take((line) => ITEM.test(line))));
    } else if (row.includes("|") && /^[\s|:-]+$/.test(rows[1] ?? "") && rows[1].includes("-")) {
      out.push(table(take((line) => line.includes("|"))));
    } else {
      const paragraph = take((line) => line.trim() && !/^(#{1,6} |```|> ?)/.test(line) && !ITEM.test(line));
      if (!paragraph.length) paragraph.push(rows.shift());
      out.push(h("p", {}, paragraph.flatMap((line, index) => (index ? [h("br"), inline(line)] : [inline(line)]))));
    }
  }
  return out;
}
