// Everything a person does goes through here: one POST to the workspace, answered after the bot acknowledged.
import { store } from "./store.js";
import { toast } from "./toast.js";

const UNREACHABLE = {
  ok: false,
  error: "connection",
  message: "We had some trouble connecting. The sandbox's server did not answer; nothing was sent.",
};

export async function post(path, body) {
  try {
    const response = await fetch(path, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    return response.ok ? { ok: true, ...answer } : { ok: false, message: `The server answered ${response.status}.`, ...answer };
  } catch {
    return UNREACHABLE;
  }
}

/** Sends one act as the current person; returns {ok, error?, message?, ...}. */
export const act = (type, body = {}) => post("/sandbox/act", { as: store.me, type, ...body });

/** Like act(), and shows a failure the way Slack does: a short note that goes away. */
export async function actOrTell(type, body) {
  const answer = await act(type, body);
  if (!answer.ok) toast(answer.message ?? `That did not work (${answer.error}).`, "error");
  return answer;
}
