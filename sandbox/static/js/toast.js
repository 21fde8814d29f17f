// Short notes in the corner, read out by screen readers.
import { h } from "./dom.js";
import { icon } from "./icons.js";

export function toast(text, kind = "info") {
  const node = h(
    "div",
    { class: `toast toast-${kind}`, role: kind === "error" ? "alert" : "status", "data-testid": "toast" },
    icon(kind === "error" ? "warning" : "info"),
    h("span", {}, text),
    h("button", { class: "icon-button", "aria-label": "Dismiss", on: { click: () => node.remove() } }, icon("close")),
  );
  document.getElementById("toasts").append(node);
  setTimeout(() => node.remove(), kind === "error" ? 9000 : 4500);
}

/** Says something to screen readers only. */
export function announce(text) {
  const region = document.getElementById("announcer");
  region.textContent = "";
  requestAnimationFrame(() => (region.textContent = text));
}
