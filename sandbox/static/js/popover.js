// Things that float: popovers, menus and confirmation dialogs. One popover is open at a time.
import { h, rove } from "./dom.js";
import { textObject } from "./mrkdwn.js";

let current = null;

export function closePopover({ refocus = false } = {}) {
  if (!current) return;
  const { node, anchor, onClose } = current;
  current = null;
  node.remove();
  anchor.setAttribute("aria-expanded", "false");
  if (refocus) anchor.focus();
  onClose?.();
}

function place(node, anchor, align) {
  const box = anchor.getBoundingClientRect();
  const width = node.offsetWidth;
  const height = node.offsetHeight;
  const left = align === "end" ? box.right - width : box.left;
  const below = innerHeight - box.bottom;
  const top = below < height + 12 && box.top > below ? box.top - height - 4 : box.bottom + 4;
  node.style.left = `${Math.max(8, Math.min(left, innerWidth - width - 8))}px`;
  node.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
}

/** Shows `node` beside `anchor`; inside an open dialog it joins the dialog, so that it stays reachable. */
export function openPopover(anchor, node, { align = "start", onClose, matchWidth = false } = {}) {
  const again = current?.anchor === anchor;
  closePopover();
  if (again) return;
  node.classList.add("popover");
  if (matchWidth) node.style.minWidth = `${anchor.offsetWidth}px`;
  (anchor.closest("dialog") ?? document.body).append(node);
  anchor.setAttribute("aria-expanded", "true");
  current = { node, anchor, onClose };
  place(node, anchor, align);
}

export const replacePopoverPlace = () => current && place(current.node, current.anchor, "start");

document.addEventListener("pointerdown", (event) => {
  if (current && !current.node.contains(event.target) && !current.anchor.contains(event.target)) closePopover();
});
document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Escape" || !current) return;
    event.preventDefault();
    event.stopPropagation();
    closePopover({ refocus: true });
  },
  true,
);
addEventListener("resize", () => closePopover());
// A popover stands beside its anchor; when what holds the anchor scrolls away, it goes.
document.addEventListener("scroll", (event) => current && event.target.contains(current.anchor) && closePopover(), true);

/** A menu of {label, hint?, icon?, danger?, testid?, run} items; "---" draws a line, {title} a heading. */
export function openMenu(anchor, items, options = {}) {
  const menu = h("div", { class: "menu", role: "menu", "aria-label": options.label ?? "Menu" });
  for (const item of items) {
    if (item === "---") menu.append(h("hr", {}));
    else if (item.title) menu.append(h("div", { class: "menu-title" }, item.title));
    else {
      const pick = () => {
        closePopover({ refocus: true });
        item.run();
      };
      menu.append(
        h(
          "button",
          {
            class: `menu-item${item.danger ? " danger" : ""}`,
            role: item.checked === undefined ? "menuitem" : "menuitemradio",
            "aria-checked": item.checked === undefined ? null : String(item.checked),
            tabindex: "-1",
            "data-testid": item.testid,
            on: { click: pick },
          },
          item.icon ?? null,
          h("span", { class: "menu-label" }, item.label),
          item.hint ? h("span", { class: "menu-hint" }, item.hint) : null,
        ),
      );
    }
  }
  const buttons = [...menu.querySelectorAll("button")];
  menu.addEventListener("keydown", (event) => {
    if (rove(event, buttons)) return;
    if (event.key === "Tab") closePopover();
  });
  openPopover(anchor, menu, options);
  buttons[0]?.focus();
}

/** Slack's confirm object as a dialog; resolves to true when the person agreed. */
export function confirmDialog(confirm) {
  return new Promise((resolve) => {
    const finish = (answer) => {
      dialog.remove();
      resolve(answer);
    };
    const dialog = h(
      "dialog",
      { class: "dialog dialog-small", "data-testid": "confirm", "aria-labelledby": "confirm-title", on: { cancel: () => finish(false) } },
      h("h2", { id: "confirm-title" }, textObject(confirm.title)),
      h("div", { class: "dialog-text" }, textObject(confirm.text)),
      h(
        "div",
        { class: "dialog-foot" },
        h("button", { class: "button", "data-testid": "confirm-deny", on: { click: () => finish(false) } }, textObject(confirm.deny ?? "Cancel")),
        h(
          "button",
          {
            class: `button ${confirm.style === "danger" ? "button-danger-solid" : "button-primary"}`,
            "data-testid": "confirm-yes",
            on: { click: () => finish(true) },
          },
          textObject(confirm.confirm ?? "Yes"),
        ),
      ),
    );
    document.body.append(dialog);
    dialog.showModal();
    dialog.querySelector("[data-testid=confirm-yes]").focus();
  });
}
