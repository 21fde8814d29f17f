// Who is speaking: a square with initials in the person's colour; the bot has a shield.
import { h } from "./dom.js";
import { icon } from "./icons.js";
import { isBot, person, userName } from "./store.js";

const initials = (name) => {
  const words = name.split(/[\s-]+/).filter(Boolean);
  return (words[0][0] + (words.length > 1 ? words.at(-1)[0] : "")).toUpperCase();
};

export function avatar(userId, size = "m") {
  if (isBot(userId)) return h("span", { class: `avatar avatar-${size} avatar-bot`, "aria-hidden": "true" }, icon("shield"));
  const style = { "--avatar": person(userId)?.avatar_color ?? "#64748b" };
  return h("span", { class: `avatar avatar-${size}`, style, "aria-hidden": "true" }, initials(userName(userId)));
}
