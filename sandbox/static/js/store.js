// What the page knows: the State the server sent last, and what only this browser remembers.

const listeners = new Set();
let scheduled = false;

export const store = {
  state: null,
  me: null,
  online: false,
  place: { kind: "channel", channel: null, thread: null, tab: "home" },
  firstUnread: new Map(),
};

/** A preference kept in localStorage; a browser that refuses storage simply forgets. */
export const prefs = {
  get(name, fallback) {
    try {
      const raw = localStorage.getItem(`sandbox.${name}`);
      return raw === null ? fallback : JSON.parse(raw);
    } catch {
      return fallback;
    }
  },
  set(name, value) {
    try {
      localStorage.setItem(`sandbox.${name}`, JSON.stringify(value));
    } catch {
      // Private windows may refuse: the page works, it only forgets.
    }
  },
};

export const onChange = (listener) => listeners.add(listener);

/** Asks for one re-render in the next frame, however often it is called. */
export function changed() {
  if (scheduled) return;
  scheduled = true;
  queueMicrotask(() => {
    scheduled = false;
    for (const listener of listeners) listener(store);
  });
}

export function go(place) {
  store.place = { ...store.place, thread: null, ...place };
  const { kind, channel, thread } = store.place;
  const hash = kind === "home" ? "#home" : `#${channel ?? ""}${thread ? `/${thread}` : ""}`;
  if (location.hash !== hash) history.pushState(null, "", hash);
  changed();
}

/** Reads the place out of the address, so that links and the back button work. */
export function readAddress() {
  const hash = location.hash.slice(1);
  if (hash === "home") Object.assign(store.place, { kind: "home", thread: null });
  else if (hash) {
    const [channel, thread] = hash.split("/");
    Object.assign(store.place, { kind: "channel", channel, thread: thread ?? null });
  }
}

export const person = (id) => store.state?.people.find((p) => p.id === id) ?? null;
export const isBot = (id) => Boolean(store.state && id === store.state.bot.user_id);
export const channelById = (id) => store.state?.channels.find((c) => c.id === id) ?? null;
export const dmWith = (user) => store.state?.channels.find((c) => c.is_im && c.with === user) ?? null;
export const currentChannel = () => channelById(store.place.channel);

/** The shown name of a user id; the id itself when the workspace does not know it. */
export function userName(id) {
  if (isBot(id)) return store.state.bot.name;
  if (id === "USLACKBOT") return "Workspace";
  return person(id)?.name ?? id;
}

export function channelName(channel) {
  return channel.is_im ? userName(channel.with) : channel.name;
}

export const groupName = (id) => store.state?.usergroups?.find((group) => group.id === id)?.handle ?? id;
