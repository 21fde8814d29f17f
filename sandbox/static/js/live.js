// The live channel: the whole State arrives after every change; the socket comes back by itself.
import { changed, store } from "./store.js";

let socket = null;
let attempt = 0;
let timer = null;

/** Follows the workspace as the given person; calling it again switches person. */
export function follow(personId) {
  clearTimeout(timer);
  if (socket) {
    socket.onclose = null;
    socket.close();
  }
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const mine = new WebSocket(`${scheme}://${location.host}/sandbox/live?as=${encodeURIComponent(personId)}`);
  socket = mine;
  mine.onmessage = (event) => {
    if (socket !== mine) return;
    attempt = 0;
    store.online = true;
    store.state = JSON.parse(event.data);
    changed();
  };
  mine.onclose = () => {
    if (socket !== mine) return;
    store.online = false;
    changed();
    attempt += 1;
    timer = setTimeout(() => follow(personId), Math.min(250 * 2 ** attempt, 5000));
  };
}
