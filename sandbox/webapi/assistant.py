"""assistant.threads.*: status, title and suggested prompts of a conversation in the assistant pane."""

from sandbox.errors import SlackError, invalid
from sandbox.webapi.call import Call, method
from sandbox.workspace import Json

MAX_PROMPTS = 4


def _thread(call: Call) -> Json:
    channel = call.channel("channel_id")
    if not channel.is_im:
        raise SlackError("channel_not_supported")
    key = (channel.id, call.args.required("thread_ts"))
    return call.workspace.threads.setdefault(key, {})


@method("assistant.threads.setStatus")
def set_status(call: Call) -> Json:
    _thread(call)["status"] = call.args.text("status")
    call.workspace.on_change()
    return {}


@method("assistant.threads.setTitle")
def set_title(call: Call) -> Json:
    _thread(call)["title"] = call.args.required("title")
    call.workspace.on_change()
    return {}


@method("assistant.threads.setSuggestedPrompts")
def set_suggested_prompts(call: Call) -> Json:
    prompts = call.args.structure("prompts")
    if not isinstance(prompts, list) or not 1 <= len(prompts) <= MAX_PROMPTS:
        raise invalid("prompts", f"must have 1 to {MAX_PROMPTS} items")
    if not all(isinstance(one, dict) and one.get("title") and one.get("message") for one in prompts):
        raise invalid("prompts", "each needs a title and a message")
    _thread(call)["prompts"] = {"title": call.args.text("title"), "prompts": prompts}
    call.workspace.on_change()
    return {}
