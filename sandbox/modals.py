"""People in front of a view: using its elements, submitting it, closing it, and what the bot's answer does to it."""

import asyncio

from sandbox import elements, payloads
from sandbox.delivery import Ack, Delivery
from sandbox.errors import SlackError
from sandbox.faults import Faults
from sandbox.people import Person
from sandbox.response_urls import ResponseUrls
from sandbox.triggers import Triggers
from sandbox.webapi import views
from sandbox.workspace import Json, View, Workspace

TROUBLE = "We had some trouble connecting. Try again?"


class NotDone(Exception):
    """A person's act that did not happen: a code for programs, and the words the person sees."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class Modals:
    """The acts that begin in a view."""

    def __init__(
        self, workspace: Workspace, delivery: Delivery, triggers: Triggers, response_urls: ResponseUrls, faults: Faults
    ) -> None:
        self._workspace = workspace
        self._delivery = delivery
        self._triggers = triggers
        self._response_urls = response_urls
        self._faults = faults

    def view_of(self, person: Person, view_id: str) -> View:
        view = self._workspace.find_view(view_id)
        if view is None or view.user != person.id:
            raise NotDone("view_not_found", "This view is no longer open.")
        return view

    async def use_element(self, person: Person, view: View, block_id: str, action_id: str, act: Json) -> Json:
        """Press, pick or type in a view (`block_actions`)."""
        element = elements.find(view.blocks, block_id, action_id)
        if element is None:
            raise NotDone("element_not_found", "This part of the view has changed. Look again.")
        given = _merged(act.get("state") or {}, block_id, action_id, act.get("element") or {})
        view.state = elements.values(view.blocks, {**view.state, **given})
        action = elements.action(element, block_id, act.get("element") or {}, payloads.action_ts())
        trigger_id = self._triggers.issue(person.id)
        payload = payloads.view_action(person, views.view_object(view), action, trigger_id)
        ack = await self._delivery.send("interactive", payload)
        if not ack.ok:
            raise NotDone("dispatch_failed", TROUBLE)
        return {}

    async def submit(self, person: Person, view: View, given: Json) -> Json:
        """Submit a modal with these values, and do what the bot's acknowledgement says."""
        if view not in self._workspace.stacks.get(person.id, []):
            raise NotDone("view_not_found", "This view cannot be submitted.")
        view.state = elements.values(view.blocks, {**view.state, **given})
        if errors := elements.input_errors(view.blocks, view.state):
            self._show_errors(view, errors)
            raise NotDone("invalid_input", next(iter(errors.values())))
        self._show_errors(view, None)
        urls = self._asked_response_urls(person, view)
        trigger_id = self._triggers.issue(person.id)
        payload = payloads.view_submission(person, views.view_object(view), trigger_id, urls)
        ack = await self._delivery.send("interactive", payload)
        if not ack.ok:
            raise NotDone("dispatch_failed", TROUBLE)
        try:
            return self._obey(view, ack)
        except SlackError as fault:
            raise NotDone("invalid_acknowledgement", f"{TROUBLE} ({fault.code}: {fault.extra})") from fault

    async def close(self, person: Person, view: View) -> Json:
        """Close a modal; the bot hears of it only where the view asks for that."""
        stack = self._workspace.stacks.get(person.id, [])
        closed = list(stack) if view.definition.get("clear_on_close") else [view]
        for gone in closed:
            self._remove(gone)
        notices = [
            payloads.view_closed(person, views.view_object(gone), is_cleared=len(closed) > 1)
            for gone in closed
            if gone.definition.get("notify_on_close")
        ]
        await asyncio.gather(*(self._delivery.send("interactive", notice) for notice in notices))
        return {}

    def _obey(self, view: View, ack: Ack) -> Json:
        """The acknowledgement of a submission (`response_action`): none closes this view, others change the stack."""
        body = ack.body if isinstance(ack.body, dict) else {}
        action = body.get("response_action")
        refused = self._faults.switches["refuse_blocks"]
        if action is None:
            self._remove(view)
        elif action == "clear":
            self._workspace.stacks[view.user] = []
            self._workspace.on_change()
        elif action == "errors":
            self._show_errors(view, _checked_errors(view, body.get("errors")))
            return {"response_action": "errors", "errors": view.errors}
        elif action in ("update", "push"):
            definition = views.checked_view(body.get("view"), "modal", refused)
            views.check_external_id(self._workspace, definition, own=view if action == "update" else None)
            if action == "update":
                views.replace(self._workspace, view, definition)
            elif len(self._workspace.stacks[view.user]) >= views.MAX_STACK:
                raise SlackError("push_limit_reached")
            else:
                views.place(self._workspace, view.user, definition, previous=view)
        else:
            raise SlackError("invalid_response_action", given=action)
        return {"response_action": action}

    def _show_errors(self, view: View, errors: dict[str, str] | None) -> None:
        if errors != view.errors:
            view.errors = errors
            self._workspace.on_change()

    def _remove(self, view: View) -> None:
        stack = self._workspace.stacks.get(view.user, [])
        if view in stack:
            stack.remove(view)
            self._workspace.on_change()

    def _asked_response_urls(self, person: Person, view: View) -> list[Json]:
        """One address for each conversation picked in an input that asks for it (`response_url_enabled`)."""
        urls = []
        for block_id, element in elements.interactive(view.blocks):
            held = view.state.get(block_id, {}).get(element["action_id"], {})
            picked = held.get("selected_conversation") or held.get("selected_channel")
            channel = self._workspace.channels.get(picked or "")
            if element.get("response_url_enabled") and channel is not None:
                address = self._response_urls.issue(person.id, channel)
                named = {"block_id": block_id, "action_id": element["action_id"]}
                urls.append({**named, "channel_id": channel.id, "response_url": address})
        return urls


def _merged(state: Json, block_id: str, action_id: str, element: Json) -> Json:
    """The view's values with what the person has just done to one element."""
    return {**state, block_id: {**state.get(block_id, {}), action_id: element}}


def _checked_errors(view: View, errors: object) -> dict[str, str]:
    """Slack shows errors only beside input blocks of the view."""
    inputs = {block["block_id"] for block in view.blocks if block.get("type") == "input"}
    if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
        raise SlackError("invalid_errors", given=errors)
    return {str(block_id): str(words) for block_id, words in errors.items()}
