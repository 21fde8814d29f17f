// Small DOM helpers. Text from outside only ever becomes text nodes or attribute values: nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

function fill(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    else if (name === "style") for (const [key, item] of Object.entries(value)) node.style.setProperty(key, item);
    else if (name === "value" || name === "checked" || name === "indeterminate") node[name] = value;
    else node.setAttribute(name === "class" ? "class" : name, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

export function append(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child);
  }
}

/** An HTML element: h("button", {class: "b", on: {click}}, "Save"). */
export const h = (tag, props, ...children) => fill(document.createElement(tag), props, children);

/** An SVG element with the same calling shape as h(). */
export const s = (tag, props, ...children) => fill(document.createElementNS(SVG, tag), props, children);

export const clear = (node, ...children) => {
  node.replaceChildren();
  append(node, children);
  return node;
};

/** What identifies the focused control, so that focus survives when its surroundings are rebuilt. */
function focusMark(root) {
  const active = document.activeElement;
  if (!active || active === document.body || !root.contains(active)) return null;
  const owner = active.closest("[data-focus]") ?? active.closest("[data-testid]");
  if (!owner) return null;
  const attribute = owner.hasAttribute("data-focus") ? "data-focus" : "data-testid";
  const selection = typeof active.selectionStart === "number" ? [active.selectionStart, active.selectionEnd] : null;
  return { attribute, value: owner.getAttribute(attribute), selection };
}

function restoreFocus(root, mark) {
  if (!mark) return;
  const owner = [root, ...root.querySelectorAll(`[${mark.attribute}]`)].find(
    (node) => node.getAttribute?.(mark.attribute) === mark.value,
  );
  if (!owner) return;
  const target = owner.matches("button,input,textarea,select,a,[tabindex],[contenteditable]")
    ? owner
    : owner.querySelector("button,input,textarea,select,a,[tabindex],[contenteditable]");
  target?.focus({ preventScroll: true });
  if (mark.selection && target?.setSelectionRange) {
    try {
      target.setSelectionRange(...mark.selection);
    } catch {
      // Number and date inputs have no selection.
    }
  }
}

/** Runs a rebuild of `root` and puts the keyboard focus back where it was. */
export function keepingFocus(root, rebuild) {
  const mark = focusMark(root);
  rebuild();
  if (mark && !root.contains(document.activeElement)) restoreFocus(root, mark);
}

/** Makes the children of `parent` match `items`: an item whose key and signature are unchanged keeps its node. */
export function reconcile(parent, items, { key, sig, build }) {
  const old = new Map([...parent.children].map((node) => [node.itemKey, node]));
  const mark = focusMark(parent);
  let cursor = parent.firstChild;
  for (const item of items) {
    const id = key(item);
    const signature = sig(item);
    let node = old.get(id);
    old.delete(id);
    if (!node || node.itemSig !== signature) {
      const fresh = build(item, node);
      fresh.itemKey = id;
      fresh.itemSig = signature;
      if (node) {
        if (cursor === node) cursor = node.nextSibling;
        node.replaceWith(fresh);
        fresh.classList.add("updated");
      } else if (parent.itemsOnce) {
        fresh.classList.add("arrived");
      }
      node = fresh;
    }
    if (node === cursor) cursor = node.nextSibling;
    else parent.insertBefore(node, cursor);
  }
  for (const node of old.values()) node.remove();
  parent.itemsOnce = true;
  if (mark && !parent.contains(document.activeElement)) restoreFocus(parent, mark);
}

/** Calls `render(value)` only when the JSON of `value` differs from last time for this node. */
export function memo(node, value, render) {
  const signature = JSON.stringify(value);
  if (node.memoSig === signature) return;
  node.memoSig = signature;
  keepingFocus(node, () => render(value));
}

let counter = 0;
export const uid = (prefix = "id") => `${prefix}-${(counter += 1)}`;

/** Moves a roving tabindex among `nodes` on arrow keys; returns true when the key was used. */
export function rove(event, nodes, { horizontal = false } = {}) {
  const back = horizontal ? "ArrowLeft" : "ArrowUp";
  const forth = horizontal ? "ArrowRight" : "ArrowDown";
  if (![back, forth, "Home", "End"].includes(event.key) || !nodes.length) return false;
  const at = nodes.indexOf(document.activeElement);
  const last = nodes.length - 1;
  const next = { [back]: at <= 0 ? last : at - 1, [forth]: at >= last ? 0 : at + 1, Home: 0, End: last }[event.key];
  event.preventDefault();
  for (const node of nodes) node.tabIndex = -1;
  nodes[next].tabIndex = 0;
  nodes[next].focus();
  return true;
}
