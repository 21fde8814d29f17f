"""views.*: modals and the Home tab. A modal opened over another waits on top of it; three may be open at once."""

import json
from typing import Final

from sandbox.blocks import types_in, view_faults
from sandbox.errors import SlackError, faulty, invalid
from sandbox.people import APP_ID, BOT_ID, TEAM_ID
from sandbox.webapi.call import Call, method
from sandbox.workspace import Json, View, Workspace

MAX_STACK: Final = 3
MAX_VIEW_BYTES: Final = 250_000


def view_object(view: View) -> Json:
    """A view as Slack shows it (https://docs.slack.dev/reference/views)."""
    given = view.definition
    shown: Json = {
        "id": view.id,
        "team_id": TEAM_ID,
        "type": given["type"],
        "blocks": view.blocks,
        "private_metadata": given.get("private_metadata", ""),
        "callback_id": given.get("callback_id", ""),
        "state": {"values": view.state},
        "hash": view.hash,
        "clear_on_close": given.get("clear_on_close", False),
        "notify_on_close": given.get("notify_on_close", False),
        "close": given.get("close"),
        "submit": given.get("submit"),
        "previous_view_id": view.previous_id,
        "root_view_id": view.root_id or view.id,
        "app_id": APP_ID,
        "external_id": given.get("external_id", ""),
        "app_installed_team_id": TEAM_ID,
        "bot_id": BOT_ID,
    }
    if given["type"] == "modal":
        shown |= {"title": given.get("title"), "submit_disabled": given.get("submit_disabled", False)}
    return shown


def checked_view(definition: object, kind: str, refused: list[str]) -> Json:
    """The view, valid and of this kind, or the refusal naming each fault."""
    if not isinstance(definition, dict):
        raise invalid("view", "must provide an object")
    unsupported = sorted(types_in(definition.get("blocks")) & set(refused))
    if unsupported:
        found = [f"unsupported type: {block} [json-pointer:/view/blocks]" for block in unsupported]
        raise faulty("invalid_blocks", found)
    if definition.get("type") != kind:
        raise invalid("view/type", f"must be {kind}")
    if faults := view_faults(definition):
        raise faulty("invalid_arguments", faults)
    if len(json.dumps(definition)) > MAX_VIEW_BYTES:
        raise SlackError("view_too_large")
    return definition


def place(workspace: Workspace, user: str, definition: Json, *, previous: View | None = None) -> View:
    """A new view for this person: on top of `previous`, or instead of whatever was open."""
    view = View(workspace.new_id("V"), workspace.new_hash(), user, _kept(workspace, definition))
    if previous is not None:
        view.previous_id, view.root_id = previous.id, previous.root_id or previous.id
        workspace.stacks[user].append(view)
    else:
        workspace.stacks[user] = [view]
    workspace.on_change()
    return view


def replace(workspace: Workspace, view: View, definition: Json) -> View:
    """New content for an open view. What the person entered stays where block and action ids stay."""
    view.definition = _kept(workspace, definition)
    view.hash = workspace.new_hash()
    view.errors = None
    blocks = {block["block_id"] for block in view.blocks}
    view.state = {block_id: values for block_id, values in view.state.items() if block_id in blocks}
    workspace.on_change()
    return view


def check_external_id(workspace: Workspace, definition: Json, own: View | None = None) -> None:
    """An external id names one view."""
    external_id = definition.get("external_id")
    views = [view for stack in workspace.stacks.values() for view in stack]
    if external_id and any(view.definition.get("external_id") == external_id and view is not own for view in views):
        raise SlackError("duplicate_external_id")


def _kept(workspace: Workspace, definition: Json) -> Json:
    return {**definition, "blocks": workspace.blocks_with_ids(definition.get("blocks", []))}


def _check_trigger(call: Call) -> str:
    trigger_id = call.args.text("trigger_id") or call.args.text("interactivity_pointer")
    if not trigger_id:
        raise invalid("trigger_id", "missing required field: trigger_id")
    if fault := call.triggers.fault(trigger_id):
        raise SlackError(fault)
    return trigger_id


@method("views.open")
def open_view(call: Call) -> Json:
    definition = checked_view(call.args.structure("view"), "modal", call.refused_blocks)
    trigger_id = _check_trigger(call)
    check_external_id(call.workspace, definition)
    return {"view": view_object(place(call.workspace, call.triggers.exchange(trigger_id), definition))}


@method("views.push")
def push(call: Call) -> Json:
    definition = checked_view(call.args.structure("view"), "modal", call.refused_blocks)
    trigger_id = _check_trigger(call)
    check_external_id(call.workspace, definition)
    user = call.triggers.user(trigger_id)
    stack = call.workspace.stacks.get(user)
    if not stack:
        raise SlackError("not_found")
    if len(stack) >= MAX_STACK:
        raise SlackError("push_limit_reached")
    call.triggers.exchange(trigger_id)
    return {"view": view_object(place(call.workspace, user, definition, previous=stack[-1]))}


@method("views.update")
def update(call: Call) -> Json:
    view = _named_view(call)
    kind = "modal" if view is None else str(view.definition["type"])
    definition = checked_view(call.args.structure("view"), kind, call.refused_blocks)
    if view is None:
        raise SlackError("not_found")
    if "hash" in call.args and call.args.text("hash") != view.hash:
        raise SlackError("hash_conflict")
    check_external_id(call.workspace, definition, own=view)
    return {"view": view_object(replace(call.workspace, view, definition))}


def _named_view(call: Call) -> View | None:
    if "view_id" in call.args:
        return call.workspace.find_view(call.args.text("view_id"))
    external_id = call.args.text("external_id")
    if not external_id:
        raise invalid("view_id", "missing required field: view_id")
    views = [view for stack in call.workspace.stacks.values() for view in stack]
    return next((view for view in views if view.definition.get("external_id") == external_id), None)


@method("views.publish")
def publish(call: Call) -> Json:
    definition = checked_view(call.args.structure("view"), "home", call.refused_blocks)
    user = call.args.text("user_id")
    if user not in call.workspace.people:
        raise invalid("user_id", "user not found")
    home = call.workspace.homes.get(user)
    if home is None:
        kept = _kept(call.workspace, definition)
        home = View(call.workspace.new_id("V"), call.workspace.new_hash(), user, kept)
        call.workspace.homes[user] = home
        call.workspace.on_change()
        return {"view": view_object(home)}
    if "hash" in call.args and call.args.text("hash") != home.hash:
        raise SlackError("hash_conflict")
    return {"view": view_object(replace(call.workspace, home, definition))}
