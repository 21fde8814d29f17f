"""Submitted forms: checked field by field, saved, acknowledged."""

from collections.abc import Callable
from functools import partial
from typing import Any

from slack_bolt.async_app import AsyncApp

from bot.inbox import Item
from bot.listeners import Ack, Door, carried, team_of, user_of
from bot.listeners.forms import Body, Where
from bot.views import comms, declare, queue, tier
from bot.views.blocks import escape, modal, section
from incidents.clock import now
from incidents.errors import BadInput
from incidents.lifecycle import check_text
from runbooks.approvals import TYPED
from severity.errors import RaiIncidentError

Values = dict[str, dict[str, dict[str, Any]]]
Payload = dict[str, Any]


def register(app: AsyncApp, door: Door) -> None:
    """Listen to every form."""
    for callback in PAYLOADS:
        app.view(callback)(_submit(door, callback))


def _submit(door: Door, callback: str) -> Callable[..., Any]:
    async def submit(ack: Ack, body: Body) -> None:
        view = body["view"]
        where = carried(view)
        shown = partial(door.as_shown, where=where)
        try:
            kind, payload = PAYLOADS[callback](view["state"]["values"], where)
        except BadInput as error:
            await ack(response_action="errors", errors={error.field: str(error)})
            return
        except RaiIncidentError as error:
            await ack(response_action="update", view=shown(modal(callback, "Not saved", [section(escape(str(error)))])))
            return
        item = Item(
            # The hash changes whenever the form does, so one filled-in form is one item however often it arrives.
            key=f"view:{view['id']}:{view['hash']}",
            kind=kind,
            team_id=team_of(body),
            user=user_of(body),
            payload={"channel": where.get("channel"), "view_id": view["id"], **payload},
        )
        refused = await door.save(item)
        if refused:
            await ack(
                response_action="update", view=shown(modal(callback, "Already received", [section(escape(refused))]))
            )
        elif callback == declare.CALLBACK:
            await ack(response_action="update", view=shown(declare.saved_modal()))
        else:
            await ack()

    return submit


def text_of(values: Values, block: str) -> str:
    """A text field's value."""
    return str((values.get(block, {}).get("value") or {}).get("value") or "")


def choice_of(values: Values, block: str) -> str:
    """A menu's or radio's chosen value."""
    return str(((values.get(block, {}).get("value") or {}).get("selected_option") or {}).get("value") or "")


def ticked(values: Values, block: str) -> bool:
    """Whether a box is ticked."""
    return bool((values.get(block, {}).get("value") or {}).get("selected_options"))


def rubric_answers(values: Values) -> tuple[list[str], dict[str, str]]:
    """The chosen harm classes, and the answers by fact."""
    chosen = (values.get("harm_classes", {}).get("harm_classes") or {}).get("selected_options") or []
    answers = {
        block: choice_of(values, block) for block in values if block != "harm_classes" and choice_of(values, block)
    }
    return [str(option["value"]) for option in chosen], answers


def _declare(values: Values, where: Where) -> tuple[str, Payload]:
    system = choice_of(values, "system")
    if not system:
        raise BadInput("system", "Choose the AI system, or “not listed”.")
    return "declare", {
        "what_happened": check_text("what_happened", text_of(values, "what_happened")),
        "system": system,
        "ongoing": choice_of(values, "ongoing") or "not_sure",
        "private": ticked(values, "private"),
        "exercise": where.get("exercise"),
        "source_url": where.get("source_url"),
        "reported_at": where.get("reported_at"),
    }


def _classify(values: Values, where: Where) -> tuple[str, Payload]:
    chosen, answers = rubric_answers(values)
    if not chosen:
        raise BadInput("harm_classes", "Choose at least one kind of harm.")
    return "classify", {"incident": where.get("incident"), "harm_classes": chosen, "answers": answers}


def _override(values: Values, where: Where) -> tuple[str, Payload]:
    severity = choice_of(values, "severity")
    if not severity:
        raise BadInput("severity", "Choose a severity.")
    return "override", {
        "incident": where.get("incident"),
        "assessment": where.get("assessment"),
        "severity": severity,
        "reason": check_text("reason", text_of(values, "reason")),
    }


def _contain(values: Values, where: Where) -> tuple[str, Payload]:
    runbook = choice_of(values, "runbook")
    if not runbook:
        raise BadInput("runbook", "Choose a runbook.")
    return "contain", {"incident": where.get("incident"), "runbook": runbook}


def _update(values: Values, where: Where) -> tuple[str, Payload]:
    text = check_text("update", text_of(values, "update"))
    return "update", {"incident": where.get("incident"), "text": text, "next": choice_of(values, "next") or "0"}


def _comms(values: Values, where: Where) -> tuple[str, Payload]:
    chosen = (values.get("template", {}).get(comms.CHOOSE) or {}).get("selected_option") or {}
    template = str(chosen.get("value") or "")
    if not template:
        raise BadInput("template", "Choose a text.")
    block = f"{comms.TEXT}{template}"
    if block not in values:
        raise BadInput("template", "The text below belongs to another choice. Choose again, then save.")
    return "comms", {
        "incident": where.get("incident"),
        "template": template,
        "text": check_text(block, text_of(values, block)),
    }


def _note(values: Values, where: Where) -> tuple[str, Payload]:
    return "note", {"incident": where.get("incident"), "text": check_text("note", text_of(values, "note"))}


def _role(values: Values, where: Where) -> tuple[str, Payload]:
    role, user = choice_of(values, "role"), (values.get("user", {}).get("value") or {}).get("selected_user")
    if not role:
        raise BadInput("role", "Choose a role.")
    if not user:
        raise BadInput("user", "Choose a person.")
    return "role", {"incident": where.get("incident"), "role": role, "user": user}


def _assign(values: Values, where: Where) -> tuple[str, Payload]:
    user = (values.get("user", {}).get("value") or {}).get("selected_user")
    if not user:
        raise BadInput("user", "Choose a person.")
    return "step_assign", {**_row(where), "user": user}


def _resolve(values: Values, where: Where) -> tuple[str, Payload]:
    onset = (values.get("onset", {}).get("value") or {}).get("selected_date_time")
    anyway = ticked(values, "anyway")
    filled = 1 if onset and where.get("onset_open") else 0
    if int(where.get("gaps") or 0) > filled and not anyway and "anyway" in values:
        raise BadInput("anyway", "Something is still missing, as listed above. Tick this to resolve without it.")
    return "resolve", {
        "incident": where.get("incident"),
        "summary": check_text("summary", text_of(values, "summary")),
        "onset": onset,
        "anyway": anyway,
    }


def _reopen(values: Values, where: Where) -> tuple[str, Payload]:
    return "reopen", {"incident": where.get("incident"), "reason": check_text("reason", text_of(values, "reason"))}


def _step(kind: str) -> Callable[[Values, Where], tuple[str, Payload]]:
    def payload(values: Values, where: Where) -> tuple[str, Payload]:
        return kind, {**_row(where), "words": check_text("words", text_of(values, "words"))}

    return payload


def _evidence(values: Values, where: Where) -> tuple[str, Payload]:
    files = (values.get("files", {}).get("value") or {}).get("files") or []
    words = text_of(values, "words")
    if not files and not words.strip():
        raise BadInput("words", "Add words, a link or a file.")
    return "evidence", {
        **_row(where),
        "words": words,
        "kind": choice_of(values, "kind") or "text",
        "failing": ticked(values, "failing"),
        "files": [str(file["id"]) for file in files],
    }


def _rollback(values: Values, where: Where) -> tuple[str, Payload]:
    target = choice_of(values, "target")
    if not target:
        raise BadInput("target", "Choose what should go back.")
    return "rollback_plan", {"incident": where.get("incident"), "step_row": where.get("step_row"), "target": target}


def _critical(values: Values, where: Where) -> tuple[str, Payload]:
    typed = check_text("typed", text_of(values, "typed"))
    if typed.strip().casefold() != str(where.get("hash") or "")[:TYPED]:
        raise BadInput("typed", f"This is not how the plan's hash begins. Its first {TYPED} characters, please.")
    return "rollback_approve", {**_row(where), "typed": typed}


def _review(values: Values, where: Where) -> tuple[str, Payload]:
    verdict = choice_of(values, "verdict")
    if not verdict:
        raise BadInput("verdict", "Say whether it was right.")
    words = check_text("words", text_of(values, "words"))
    return "break_glass_review", {**_row(where), "verdict": verdict, "words": words}


def _mitigated_at(values: Values, where: Where) -> tuple[str, Payload]:
    at = (values.get("at", {}).get("value") or {}).get("selected_date_time")
    if not at:
        raise BadInput("at", "Choose when the harm stopped.")
    if int(at) > now().timestamp() + 60:
        raise BadInput("at", "This is in the future.")
    return "mitigate", {**_row(where), "at": int(at), "words": check_text("words", text_of(values, "words"))}


def _prompt_keep(values: Values, where: Where) -> tuple[str, Payload]:
    incident = where.get("incident") or choice_of(values, "incident")
    if not incident:
        raise BadInput("incident", "Choose the incident.")
    prompt = check_text("prompt", text_of(values, "prompt"))
    return "prompt_keep", {"incident": incident, "prompt": prompt, "source_url": where.get("source_url")}


def _tier(values: Values, where: Where) -> tuple[str, Payload]:
    return "tier_decide", {name: where.get(name) for name in ("system", "answers", "tree")}


def _handoff_answer(values: Values, where: Where) -> tuple[str, Payload]:
    return "handoff_answer", {
        "handoff": where.get("handoff"),
        "text": check_text("answer", text_of(values, "answer")),
        "faq": text_of(values, "faq").strip(),
    }


def _row(where: Where) -> Payload:
    return {name: where.get(name) for name in ("incident", "run", "step", "plan", "hash", "glass") if name in where}


PAYLOADS: dict[str, Callable[[Values, Where], tuple[str, Payload]]] = {
    declare.CALLBACK: _declare,
    "classify": _classify,
    "override": _override,
    "contain": _contain,
    "update": _update,
    comms.CALLBACK: _comms,
    "note": _note,
    "role": _role,
    "resolve": _resolve,
    "reopen": _reopen,
    "evidence": _evidence,
    "rollback": _rollback,
    "step_assign": _assign,
    "step_done": _step("step_done"),
    "step_skip": _step("step_skip"),
    "step_na": _step("step_na"),
    "step_failed": _step("step_failed"),
    "rollback_reject": _step("rollback_reject"),
    "rollback_undo": _step("rollback_undo"),
    "prompt_keep": _prompt_keep,
    "rollback_critical": _critical,
    "break_glass": _step("break_glass"),
    "break_glass_review": _review,
    "mitigated_at": _mitigated_at,
    "not_mitigated": _step("not_mitigated"),
    tier.DECIDE: _tier,
    queue.ANSWER: _handoff_answer,
}
