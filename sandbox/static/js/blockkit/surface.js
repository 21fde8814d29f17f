// A surface is a message, a modal or the Home tab: it keeps what was typed and chosen, and sends actions.
import { act } from "../acts.js";
import { confirmDialog } from "../popover.js";

const surfaces = new Map();

/** The lasting memory of one surface: state values by block and action, and small view choices (page, folded, ...). */
function memory(key) {
  if (!surfaces.has(key)) surfaces.set(key, { values: {}, notes: new Map() });
  return surfaces.get(key);
}

export const forget = (key) => surfaces.delete(key);

/**
 * @param key        names the surface: "C1/169..." or a view id
 * @param container  what the workspace is told: {type: "message", channel, ts} or {type: "view", view_id}
 * @param onFailure  called with the words to show when an action failed
 */
export function surface({ key, kind, container, onFailure, onValue, serverValues }) {
  const kept = memory(key);
  const ctx = {
    kind,
    key,
    values: kept.values,
    /** What the person left in an element, else what the server knows, else undefined. */
    valueOf: (block, element) =>
      kept.values[block.block_id]?.[element.action_id] ?? serverValues?.[block.block_id]?.[element.action_id],
    note: (name, fallback) => (kept.notes.has(name) ? kept.notes.get(name) : fallback),
    setNote: (name, value) => kept.notes.set(name, value),
    /** Records the starting value of an element, so that it is part of the submitted state. */
    start(block, element, fields) {
      const known = ctx.valueOf(block, element) ?? { type: element.type, ...fields };
      (kept.values[block.block_id] ??= {})[element.action_id] = known;
      return known;
    },
    set(block, element, fields) {
      (kept.values[block.block_id] ??= {})[element.action_id] = { type: element.type, ...fields };
      onValue?.(block.block_id);
    },
    /** A changed element: remembered, and told to the app unless it waits for a submit. */
    async change(block, element, fields, node) {
      ctx.set(block, element, fields);
      if (block.type === "input" && !block.dispatch_action) return true;
      return ctx.send(block, element, fields, node);
    },
    async send(block, element, fields, node) {
      if (element.confirm && !(await confirmDialog(element.confirm))) return false;
      node?.classList.add("pending");
      node?.setAttribute("aria-busy", "true");
      const answer = await act("block_action", {
        container,
        block_id: block.block_id,
        action_id: element.action_id,
        element: { type: element.type, ...fields },
        state: kept.values,
      });
      node?.classList.remove("pending");
      node?.removeAttribute("aria-busy");
      if (!answer.ok) onFailure(answer.message ?? answer.error);
      return answer.ok;
    },
  };
  return ctx;
}
