// Becoming another person: their channels, their messages, their modals.
import { openHome } from "./home.js";
import { follow } from "./live.js";
import { person, prefs, store } from "./store.js";
import { announce } from "./toast.js";

export function become(id) {
  store.me = id;
  prefs.set("me", id);
  store.firstUnread.clear();
  store.place.thread = null;
  follow(id);
  announce(`You are now ${person(id)?.name}`);
  if (store.place.kind === "home") openHome();
}
