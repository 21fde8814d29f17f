// What the composer offers while one types: slash commands, people, channels, emoji.
import { avatar } from "./avatar.js";
import { h } from "./dom.js";
import { EMOJI } from "./emoji.js";
import { icon } from "./icons.js";
import { store } from "./store.js";

const MOST = 8;

function commands(words) {
  const typed = words.split(" ")[0];
  return store.state.commands
    .filter((item) => item.command.startsWith(typed))
    .map((item) => ({
      insert: `${item.command} `,
      picture: h("span", { class: "avatar avatar-s avatar-bot" }, icon("shield")),
      title: item.command,
      hint: item.usage_hint,
      note: item.description,
    }));
}

function mentions(words) {
  const fits = (text) => text.toLowerCase().includes(words);
  const people = store.state.people.filter((p) => fits(p.handle) || fits(p.name));
  const rows = people.map((p) => ({ insert: `@${p.handle} `, picture: avatar(p.id, "s"), title: p.name, note: `@${p.handle}${p.id === store.me ? " (you)" : ""}` }));
  if (fits(store.state.bot.name)) rows.push({ insert: `@${store.state.bot.name} `, picture: avatar(store.state.bot.user_id, "s"), title: store.state.bot.name, note: "App" });
  for (const group of store.state.usergroups ?? []) {
    if (fits(group.handle)) rows.push({ insert: `@${group.handle} `, picture: icon("people"), title: `@${group.handle}`, note: group.name });
  }
  for (const range of ["here", "channel"]) if (fits(range)) rows.push({ insert: `@${range} `, picture: icon("bolt"), title: `@${range}`, note: "Notify everybody in this channel" });
  return rows;
}

const channels = (words) =>
  store.state.channels
    .filter((c) => !c.is_im && c.name.includes(words))
    .map((c) => ({ insert: `#${c.name} `, picture: icon(c.is_private ? "lock" : "hash"), title: c.name, note: c.topic }));

const emoji = (words) =>
  [...EMOJI].filter(([name]) => name.includes(words)).map(([name, character]) => ({ insert: `:${name}: `, picture: h("span", { class: "emoji" }, character), title: `:${name}:` }));

const RULES = [
  { pattern: /^\/(\S*)$/, find: (m) => commands(m[0]) },
  { pattern: /(?:^|[\s(])@([\w-]*)$/, find: (m) => mentions(m[1].toLowerCase()) },
  { pattern: /(?:^|[\s(])#([\w-]*)$/, find: (m) => channels(m[1].toLowerCase()) },
  { pattern: /(?:^|\s):([a-z0-9_+-]{2,})$/, find: (m) => emoji(m[1]) },
];

/** The offers for the text before the caret: {from, rows}, or null. `from` is where the replaced part starts. */
export function offers(before) {
  for (const { pattern, find } of RULES) {
    const match = pattern.exec(before);
    if (!match) continue;
    const rows = find(match).slice(0, MOST);
    const from = match.index + (/^[\s(]/.test(match[0]) ? 1 : 0);
    if (rows.length) return { from, rows };
  }
  return null;
}

/** The usage line shown once a whole command is typed. */
export function usageOf(text) {
  const item = store.state.commands.find((c) => text === c.command || text.startsWith(`${c.command} `));
  return item ? `${item.command} ${item.usage_hint ?? ""}` : null;
}
