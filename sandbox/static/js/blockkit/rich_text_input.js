// The rich text input: an editable area with a small toolbar, written out as a rich_text block.
import { h } from "../dom.js";
import { icon } from "../icons.js";
import { richText } from "./rich_text.js";

const TAGS = { B: "bold", STRONG: "bold", I: "italic", EM: "italic", S: "strike", STRIKE: "strike", DEL: "strike", CODE: "code" };

function inlineParts(node, style = {}) {
  return [...node.childNodes].flatMap((child) => {
    if (child.nodeType === Node.TEXT_NODE) return child.data ? [{ type: "text", text: child.data, ...(Object.keys(style).length ? { style } : {}) }] : [];
    if (child.nodeName === "BR") return [{ type: "text", text: "\n" }];
    const name = TAGS[child.nodeName];
    return inlineParts(child, name ? { ...style, [name]: true } : style);
  });
}

/** The editable area's content as a rich_text block; null when it is empty. */
function read(editor) {
  if (!editor.textContent.trim()) return null;
  const elements = [];
  let loose = h("div", {});
  const flush = () => {
    const parts = inlineParts(loose);
    if (parts.length) elements.push({ type: "rich_text_section", elements: parts });
    loose = h("div", {});
  };
  for (const child of editor.childNodes) {
    if (child.nodeName === "UL" || child.nodeName === "OL") {
      flush();
      const items = [...child.children].map((item) => ({ type: "rich_text_section", elements: inlineParts(item) }));
      elements.push({ type: "rich_text_list", style: child.nodeName === "OL" ? "ordered" : "bullet", elements: items });
    } else if (["BLOCKQUOTE", "PRE"].includes(child.nodeName)) {
      flush();
      elements.push({ type: child.nodeName === "PRE" ? "rich_text_preformatted" : "rich_text_quote", elements: inlineParts(child) });
    } else if (child.nodeName === "DIV" || child.nodeName === "P") {
      flush();
      loose.append(...[...child.childNodes].map((node) => node.cloneNode(true)));
      flush();
    } else loose.append(child.cloneNode(true));
  }
  flush();
  return { type: "rich_text", elements };
}

const TOOLS = [
  ["bold", "Bold", "bold"],
  ["italic", "Italic", "italic"],
  ["strike", "Strikethrough", "strikeThrough"],
  ["list", "Bulleted list", "insertUnorderedList"],
];

export function richTextInput(element, ctx, block) {
  const kept = ctx.start(block, element, { rich_text_value: element.initial_value ?? null });
  const editor = h("div", {
    class: "rich rich-editor",
    contenteditable: "true",
    role: "textbox",
    "aria-multiline": "true",
    "data-placeholder": element.placeholder?.text ?? "",
    on: {
      input: () => ctx.set(block, element, { rich_text_value: read(editor) }),
      paste(event) {
        event.preventDefault();
        document.execCommand("insertText", false, event.clipboardData.getData("text/plain"));
      },
    },
  });
  if (kept.rich_text_value) editor.append(...richText(kept.rich_text_value).childNodes);
  const tools = TOOLS.map(([picture, label, command]) =>
    h(
      "button",
      {
        class: "icon-button",
        type: "button",
        "aria-label": label,
        title: label,
        on: {
          mousedown: (event) => event.preventDefault(),
          click: () => (editor.focus(), document.execCommand(command)),
        },
      },
      icon(picture),
    ),
  );
  return h("div", { class: "rich-input" }, h("div", { class: "rich-tools", role: "toolbar", "aria-label": "Formatting" }, tools), editor);
}
