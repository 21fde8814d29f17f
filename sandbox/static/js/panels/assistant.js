// The support assistant: chat with it, see which model answers, watch the leak stop.
import { act, post } from "../acts.js";
import { clear, h, memo } from "../dom.js";
import { icon } from "../icons.js";
import { channelById, changed, go, prefs } from "../store.js";
import { announce, toast } from "../toast.js";

const SESSION = "web-chat";
const SUPPORT = "C0SUPPORT1";
const SUGGESTIONS = [
  ["Where is order 50118?", "Somebody else's order: provokes the leak"],
  ["Where is order 50117?", "The signed-in customer's own order"],
  ["How do I return a parcel?", "An ordinary question"],
];

export function assistantPanel(host) {
  const status = h("div", { class: "status-grid" });
  const log = h("div", { class: "chat-log", role: "log", "aria-label": "Conversation with the assistant", tabindex: "0" });
  const empty = h("div", { class: "panel-empty" }, icon("chat"), h("p", {}, "You are a customer of a web shop. Ask the assistant about an order."));
  log.append(empty);

  async function tellSupport(reply, question) {
    const text = `A customer asked our support assistant “${question}” and was shown another customer's order and address:\n> ${reply}`;
    const answer = await act("message", { channel: SUPPORT, text });
    if (!answer.ok) return toast(answer.message ?? answer.error, "error");
    go({ kind: "channel", channel: SUPPORT });
    return toast("Posted in #support. Use Report AI harm in its … menu.");
  }

  const bubble = (kind, ...content) => h("div", { class: `bubble bubble-${kind}` }, ...content);

  function answered(question, answer) {
    if (answer.ok === false || answer.error) return bubble("note", icon("warning"), answer.message ?? answer.error ?? "The assistant did not answer.");
    if (answer.leaked) {
      prefs.set("leaked", true);
      announce("The assistant leaked another customer's data");
      changed();
    }
    return bubble(
      answer.leaked ? "leak" : "them",
      answer.leaked ? h("div", { class: "leak-tag", "data-testid": "leak" }, icon("warning"), "Another customer's data") : null,
      h("div", {}, answer.reply),
      h("div", { class: "bubble-foot" }, `model ${answer.model_version}${answer.customer ? ` · signed in as customer ${answer.customer}` : ""}`),
      answer.leaked && channelById(SUPPORT) ? h("button", { class: "button button-small", type: "button", "data-testid": "post-to-support", on: { click: () => tellSupport(answer.reply, question) } }, "Post it in #support") : null,
    );
  }

  async function ask(question) {
    const text = question.trim();
    if (!text) return;
    empty.remove();
    input.value = "";
    const waiting = bubble("them", h("span", { class: "dots", "aria-label": "The assistant is writing" }, h("i", {}), h("i", {}), h("i", {})));
    log.append(bubble("me", text), waiting);
    log.scrollTop = log.scrollHeight;
    waiting.replaceWith(answered(text, await post("/assistant/chat", { session: SESSION, message: text })));
    log.scrollTop = log.scrollHeight;
  }

  const input = h("input", { class: "field", type: "text", placeholder: "Ask as a customer", "aria-label": "Ask the support assistant", autocomplete: "off", "data-testid": "assistant-input" });
  const form = h("form", { class: "chat-form", on: { submit: (event) => (event.preventDefault(), ask(input.value)) } }, input, h("button", { class: "send", type: "submit", "aria-label": "Ask", "data-testid": "assistant-ask" }, icon("send")));
  const suggestions = h(
    "div",
    { class: "suggestions" },
    SUGGESTIONS.map(([text, why], index) => h("button", { class: `suggestion${index ? "" : " suggestion-first"}`, type: "button", title: why, "data-testid": index ? null : "provoke-leak", on: { click: () => ask(text) } }, text)),
  );
  host.classList.add("panel-chat");
  host.append(h("header", { class: "panel-head" }, h("h2", {}, "Support assistant"), h("p", {}, "The AI system under watch: an order helper in a web shop.")), status, log, suggestions, form);

  return (state) =>
    memo(status, state.assistant, (a) => {
      const pair = (label, value, kind, testid) => h("div", { class: "status-item" }, h("span", { class: "status-label" }, label), h("span", { class: `pill pill-${kind}`, "data-testid": testid }, value));
      clear(
        status,
        pair("Model", a?.model_version ?? "unknown", "plain", "assistant-model"),
        pair("Prompt", a?.prompt_version ?? "unknown", "plain", "assistant-prompt"),
        pair("Guardrails", a?.guardrails ?? "unknown", "plain", "assistant-guardrails"),
        pair("Order look-up", a?.order_lookup === false ? "off" : "on", a?.order_lookup === false ? "bad" : "good", "assistant-tool"),
        pair("Kill switch", a?.enabled === false ? "switched off" : "running", a?.enabled === false ? "bad" : "good", "assistant-enabled"),
      );
    });
}
