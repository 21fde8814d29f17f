// Every select menu, single and multi: a button showing the choice, and a searchable list of options.
import { act } from "../acts.js";
import { clear, h, uid } from "../dom.js";
import { icon } from "../icons.js";
import { textObject } from "../mrkdwn.js";
import { closePopover, openPopover, replacePopoverPlace } from "../popover.js";
import { channelName, store, userName } from "../store.js";

const asOption = (id, text) => ({ text: { type: "plain_text", text }, value: id });

function people() {
  return store.state.people.map((p) => asOption(p.id, p.name));
}

function channels(filter) {
  const kinds = filter?.include;
  return store.state.channels
    .filter((c) => !c.archived && (kinds ? kinds.includes(c.is_im ? "im" : c.is_private ? "private" : "public") : true))
    .map((c) => asOption(c.id, c.is_im ? channelName(c) : `#${c.name}`));
}

const publicChannels = () => channels({ include: ["public"] });
const userOption = (id) => id && asOption(id, userName(id));
const channelOption = (id) => {
  const channel = store.state.channels.find((c) => c.id === id);
  return id && asOption(id, channel ? (channel.is_im ? channelName(channel) : `#${channel.name}`) : id);
};

/** Where options come from and how a choice is written, per element type. */
const SOURCES = {
  static_select: { one: "selected_option", many: "selected_options", initial: "initial_option", list: null },
  external_select: { one: "selected_option", many: "selected_options", initial: "initial_option", list: null },
  users_select: { one: "selected_user", many: "selected_users", initial: "initial_user", list: people, lift: userOption },
  channels_select: { one: "selected_channel", many: "selected_channels", initial: "initial_channel", list: publicChannels, lift: channelOption },
  conversations_select: { one: "selected_conversation", many: "selected_conversations", initial: "initial_conversation", list: channels, lift: channelOption },
};

function groupsOf(element, source) {
  if (source.list) return [{ label: null, options: source.list(element.filter) }];
  if (element.option_groups) return element.option_groups;
  return [{ label: null, options: element.options ?? [] }];
}

export function select(element, ctx, block) {
  const multi = element.type.startsWith("multi_");
  const base = element.type.replace(/^multi_/, "");
  const source = SOURCES[base];
  const field = multi ? source.many : source.one;
  const lower = (option) => (source.lift ? option?.value ?? null : option ?? null);
  const lift = (value) => (source.lift ? source.lift(value) : value);

  const initialValue = element[multi ? `${source.initial}s` : source.initial]
    ?? (element.default_to_current_conversation && !multi ? store.place.channel : undefined);
  const kept = ctx.start(block, element, { [field]: initialValue ?? (multi ? [] : null) });
  let chosen = multi ? (kept[field] ?? []).map(lift).filter(Boolean) : [lift(kept[field])].filter(Boolean);

  const shown = h("span", { class: "select-value" });
  const control = h(
    "button",
    {
      type: "button",
      class: `field select${multi ? " select-multi" : ""}`,
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "data-focus": `${block.block_id}/${element.action_id}`,
      on: { click: () => open(), keydown: (event) => ["ArrowDown", "ArrowUp"].includes(event.key) && (event.preventDefault(), open()) },
    },
    shown,
    icon("down"),
  );
  const root = h("div", { class: "select-wrap" }, control);

  const paint = () => {
    const empty = element.placeholder ? textObject(element.placeholder) : multi ? "Choose options" : "Choose an option";
    if (!chosen.length) clear(shown, h("span", { class: "select-empty" }, empty));
    else if (multi) clear(shown, chosen.map((option) => h("span", { class: "chip" }, textObject(option.text))));
    else clear(shown, textObject(chosen[0].text));
    control.dataset.value = chosen.map((option) => option.value).join(",");
  };
  const commit = () => {
    paint();
    const value = multi ? chosen.map(lower) : lower(chosen[0]);
    return ctx.change(block, element, { [field]: value }, control);
  };
  const pick = (option) => {
    const has = chosen.some((item) => item.value === option.value);
    if (!multi) chosen = [option];
    else if (has) chosen = chosen.filter((item) => item.value !== option.value);
    else if (chosen.length < (element.max_selected_items ?? Infinity)) chosen = [...chosen, option];
    if (!multi) closePopover({ refocus: true });
    if (!multi || ctx.kind === "modal") commit();
    else paint();
  };

  function open() {
    openList(control, {
      label: element.placeholder?.text ?? "Options",
      multi,
      groups: groupsOf(element, source),
      isChosen: (option) => chosen.some((item) => item.value === option.value),
      pick,
      // On a message a multi select reports once, when its list closes, as Slack does.
      onClose: () => multi && ctx.kind !== "modal" && commit(),
      load: base === "external_select" ? (query) => external(element, ctx, block, query) : null,
    });
  }
  paint();
  return root;
}

/** Options of an external select come from the app, asked through the workspace. */
async function external(element, ctx, block, value) {
  const answer = await act("block_suggestion", { surface: ctx.key, block_id: block.block_id, action_id: element.action_id, value });
  if (!answer.ok) return [];
  return answer.option_groups ?? [{ label: null, options: answer.options ?? [] }];
}

/** The list itself: search box, groups, arrow keys, Enter to choose. */
function openList(anchor, { label, multi, groups, isChosen, pick, onClose, load }) {
  const id = uid("list");
  const total = groups.reduce((sum, group) => sum + group.options.length, 0);
  const list = h("div", { class: "listbox", role: "listbox", id, "aria-label": label, "aria-multiselectable": multi ? "true" : null });
  const search = h("input", {
    class: "field list-search",
    type: "text",
    placeholder: "Search",
    role: "combobox",
    "aria-expanded": "true",
    "aria-controls": id,
    "aria-label": `Search ${label}`,
    autocomplete: "off",
  });
  let rows = [];
  let at = 0;

  const mark = (index) => {
    at = Math.max(0, Math.min(index, rows.length - 1));
    rows.forEach((row, i) => row.node.classList.toggle("active", i === at));
    const row = rows[at];
    if (!row) return search.removeAttribute("aria-activedescendant");
    search.setAttribute("aria-activedescendant", row.node.id);
    return row.node.scrollIntoView({ block: "nearest" });
  };
  const paint = () => {
    const words = load ? "" : search.value.trim().toLowerCase();
    rows = [];
    clear(list);
    for (const group of groups) {
      const fitting = group.options.filter((option) => option.text.text.toLowerCase().includes(words));
      if (group.label && fitting.length) list.append(h("div", { class: "list-group" }, textObject(group.label)));
      for (const option of fitting) {
        const take = () => {
          pick(option);
          if (multi) paintChosen();
        };
        const node = h(
          "div",
          { class: "option", role: "option", id: uid("option"), "data-value": option.value, "aria-selected": String(isChosen(option)), on: { click: take, pointermove: () => mark(rows.findIndex((row) => row.node === node)) } },
          h("span", { class: "option-text" }, textObject(option.text), option.description ? h("span", { class: "choice-note" }, textObject(option.description)) : null),
          icon("check"),
        );
        rows.push({ node, option, take });
        list.append(node);
      }
    }
    if (!rows.length) list.append(h("div", { class: "list-empty" }, "No options"));
    const first = rows.findIndex((row) => isChosen(row.option));
    mark(words ? 0 : Math.max(0, first));
  };
  const paintChosen = () => {
    for (const row of rows) row.node.setAttribute("aria-selected", String(isChosen(row.option)));
    replacePopoverPlace();
  };
  search.addEventListener("input", async () => {
    if (load) groups = await load(search.value);
    paint();
  });
  search.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at - 1);
    else if (event.key === "Home" && !search.value) mark(0);
    else if (event.key === "End" && !search.value) mark(rows.length - 1);
    else if (event.key === "Enter") rows[at]?.take();
    else if (event.key === "Tab") return closePopover({ refocus: true });
    else return undefined;
    return event.preventDefault();
  });
  search.classList.toggle("quiet", !load && total <= 7);
  paint();
  openPopover(anchor, h("div", { class: "select-list" }, search, list), { matchWidth: true, onClose });
  search.focus();
  mark(at);
  if (load) load("").then((found) => ((groups = found), paint()));
}
