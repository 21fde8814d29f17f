"""The forms: built from one read of the record, by name, for whoever presses or types."""

import json
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from bot import comms_facts, record
from bot.acts.talk import missing_to_resolve
from bot.listeners import Door, team_of, user_of, visible_incident
from bot.listeners.levers import levers_of
from bot.parts import Parts
from bot.playbook_facts import playbooks_of
from bot.policy_facts import policy_facts
from bot.rehearsal import bannered_modal
from bot.shown import plan_facts
from bot.views import break_glass, classify, contain, mitigation, replay, respond
from bot.views.blocks import Block
from bot.views.card import CardFacts
from bot.views.declare import declare_modal
from bot.views.levers import rollback_modal
from bot.views.playbook import playbook_modal
from bot.views.policy import policy_message
from bot.views.rollback import critical_modal
from incidents import access, assessing, inventory, lifecycle, milestones
from incidents.access import Action, Person
from incidents.errors import Conflict, NotFound
from incidents.models import Incident, Milestone
from incidents.opening import cues_of
from playbooks import running
from runbooks import approvals, progress
from runbooks.models import BreakGlass, RollbackPlan
from severity.levels import Severity
from severity.taxonomy import harm_classes

Body = dict[str, Any]
Where = dict[str, Any]  # what the form's metadata carries back; looked up again, never trusted
Builder = Callable[[Session, Parts, Incident, Where], Block]


OTHER_RIGHTS = {"note": Action.NOTE, "playbook": Action.READ}  # all other forms are for responders


def metadata(where: Where) -> str:
    """A form's private metadata."""
    return json.dumps(where, separators=(",", ":"))


async def build(door: Door, form: str, body: Body, channel: str, number: str | None, **more: Any) -> Block:
    """The form `form` for the incident meant. Raises NotFound, NotAllowed or Conflict for the person."""
    action = OTHER_RIGHTS.get(form, Action.RESPOND)

    def look(session: Session) -> Block:
        incident = visible_incident(session, door.parts, body, number, channel, action)
        where = {"incident": incident.id, "channel": channel, "by": user_of(body), **more}
        view = FORMS[form](session, door.parts, incident, where)
        found = running.of_incident(session, incident.id) if incident.kind == "exercise" else None
        return view if found is None else bannered_modal(found.number, view)

    return await door.read(look)


async def declare_form(door: Door, prefill: str, where: Where) -> Block:
    """The four fields. In the channel of an exercise that goes on, they open that exercise's incident."""

    def look(session: Session) -> Block:
        parts = door.parts
        found = running.in_channel(session, parts.team_id, str(where.get("channel") or ""))
        if found is None or not found.live:
            systems = [(system.id, system.name) for system in parts.systems]
            return declare_modal(systems, prefill, metadata(where))
        systems = [(running.system_id(found, each.id), each.name) for each in running.scenario_of(found).systems]
        view = declare_modal(systems, prefill, metadata({**where, "exercise": found.id}), exercise=found.number)
        return bannered_modal(found.number, view)

    return await door.read(look)


async def policy_state(door: Door, user: str, team: str) -> Block:
    """The severity policy as this person may see it: an answer to a command."""
    parts = door.parts

    def look(session: Session) -> Block:
        who = parts.directory.person(user, team)
        access.check(Action.DECLARE, who)
        group = parts.settings.admins_group
        is_admin = user in (parts.directory.admins() or ())
        facts = policy_facts(session, parts.policy_in_force, who, is_admin=is_admin, admins_group=group)
        message = policy_message(facts)
        return {"text": message.text, "blocks": message.blocks}

    return await door.read(look)


def channel_incident(session: Session, body: Body) -> int | None:
    """The id of the incident whose channel the command was typed in."""
    incident = lifecycle.in_channel(session, team_of(body), str(body.get("channel_id")))
    return incident.id if incident else None


def visible_open(session: Session, who: Person) -> list[CardFacts]:
    """The open incidents a person may see; those of exercises are in their own channels only."""
    query = sa.select(Incident).where(
        Incident.team_id == who.team_id, Incident.status.in_(("open", "mitigated")), Incident.kind == "real"
    )
    return [
        record.card_facts(session, incident.id)
        for incident in session.scalars(query).all()
        if access.visible_to(incident, who, set(lifecycle.holders(session, incident.id).values()))
    ]


def facts_for(session: Session, parts: Parts, body: Body, number: str | None) -> CardFacts:
    """One incident as its card shows it, for somebody who may see it."""
    channel = "" if number else str(body["channel_id"])
    incident = visible_incident(session, parts, body, number, channel, Action.READ)
    return record.card_facts(session, incident.id)


def _classify(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    lifecycle.require_live(incident)
    last = assessing.latest(session, incident.id, "proposed") or assessing.latest(session, incident.id, "confirmed")
    chosen = list(last.harm_classes) if last else list(incident.harm_classes)
    answers = dict(last.answers) if last else {}
    if incident.ongoing != "not_sure":
        answers.setdefault("ongoing", incident.ongoing)
    return rubric(parts, incident.number, chosen, answers, incident.suggestion, where)


async def rebuild_rubric(door: Door, body: Body, chosen: list[str], answers: dict[str, str], where: Where) -> Block:
    """The rubric again, for other harm classes, keeping what was answered."""

    def look(session: Session) -> Block:
        number, channel = str(where.get("incident") or ""), str(where.get("channel") or "")
        incident = visible_incident(session, door.parts, body, number, channel, Action.RESPOND)
        return rubric(door.parts, incident.number, chosen, answers, incident.suggestion, where)

    return await door.read(look)


def rubric(
    parts: Parts,
    number: str,
    chosen: list[str],
    answers: dict[str, str],
    suggestion: dict[str, Any],
    where: Where,
) -> Block:
    """The rubric for these harm classes, with what the report's words suggest beside it."""
    cues = cues_of(suggestion)
    questions = parts.policy.questions_for(chosen, cues) if chosen else ()
    return classify.rubric_modal(number, harm_classes(), chosen, questions, answers, suggestion, metadata(where))


def _contain(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    lifecycle.require_live(incident)
    fitting = parts.catalogue.for_harm(incident.harm_classes)
    others = [item for item in parts.catalogue.definitions.values() if item not in fitting]
    runbooks = [(item.runbook.id, item.runbook.title, item in fitting) for item in (*fitting, *others)]
    return contain.choose_modal(incident.number, runbooks, metadata(where))


def _update(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    lifecycle.require_live(incident)
    every = parts.policy.targets[Severity(incident.severity)].update_every
    minutes = int(every.total_seconds() // 60) if every else 240
    return respond.update_modal(incident.number, minutes, metadata(where))


def _comms(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    return comms_facts.form(session, parts, incident, metadata(where))


def _note(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    return respond.note_modal(incident.number, metadata(where))


def _role(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    lifecycle.require_live(incident)
    return respond.role_modal(incident.number, metadata(where))


def _resolve(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    lifecycle.require_live(incident)
    if incident.mitigated_at is None:
        raise Conflict(
            f"{incident.number} is not mitigated yet. Press *Mitigated* when the harm has stopped, then resolve."
        )
    missing = missing_to_resolve(session, incident)
    detected = incident.detected_at or incident.declared_at
    # So that what is still missing can be said in the form, before what was typed is gone; the act looks again.
    gaps = {"gaps": len(missing), "onset_open": incident.onset_at is None}
    return respond.resolve_modal(incident.number, missing, incident.onset_at, detected, metadata({**where, **gaps}))


def _reopen(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    if incident.status in ("open", "mitigated"):
        raise Conflict(f"{incident.number} is {incident.status} already.")
    return respond.reopen_modal(incident.number, metadata(where))


def _override(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    row = assessing.get(session, int(where["assessment"]))
    if row.incident_id != incident.id or row.state != "proposed":
        raise Conflict("These answers were replaced by newer ones, or confirmed already. Look at the card again.")
    return classify.override_modal(incident.number, row.computed_severity, row.floor, metadata(where))


def _step(session: Session, incident: Incident, where: Where) -> progress.StepView:
    run = progress.find_run(session, int(where["run"]))
    if run.incident_id != incident.id:
        raise NotFound("That step does not belong to this incident. Nothing was changed.")
    for step in progress.open_steps(session, run.id):
        if step.step_id == where["step"]:
            return step
    raise Conflict("That step is not open any more. Look at the runbook's message: it shows who did what.")


def _words(callback: str, title: str, label: str, submit: str, hint: str | None = None) -> Builder:
    def build_form(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
        _step(session, incident, where)
        return contain.words_modal(callback, title, label, submit, metadata(where), hint)

    return build_form


def _assign(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    return contain.assign_modal(_step(session, incident, where).title, metadata(where))


def _evidence(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    step = _step(session, incident, where)
    return contain.evidence_modal(step.title, step.accepts, metadata(where))


def _rollback(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    lifecycle.require_live(incident)
    system = inventory.find(session, incident.system_id)
    if system is None or not system.rollback_targets:
        raise Conflict(
            "The inventory names no rollback target for this system. Do it by hand, then press *Done by hand* and say "
            "what was changed."
        )
    if "run" not in where:  # typed, or pressed on the card: no step of a runbook asks for it
        return rollback_modal(levers_of(system), (), metadata(where))
    step = _step(session, incident, where)
    return rollback_modal(levers_of(system), step.targets, metadata({**where, "step_row": step.row_id}))


def _plan_words(callback: str, title: str, label: str, submit: str) -> Builder:
    def build_form(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
        return contain.words_modal(callback, title, label, submit, metadata(where))

    return build_form


def _plan_row(session: Session, incident: Incident, where: Where) -> RollbackPlan:
    row = session.get(RollbackPlan, int(where["plan"]))
    if row is None or row.incident_id != incident.id:
        raise NotFound("That plan does not belong to this incident. Nothing was changed.")
    if row.state != "planned" or not row.plan_hash.startswith(str(where["hash"])):
        raise Conflict("That plan does not wait for anybody any more. Look at its message: it shows what happened.")
    return row


def _critical(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    facts = plan_facts(session, _plan_row(session, incident, where))
    return critical_modal(facts, approvals.TYPED, metadata(where))


def _break_glass(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    facts = plan_facts(session, _plan_row(session, incident, where))
    title = f"{facts.title} (undo)" if facts.undo else facts.title
    return break_glass.use_modal(
        incident.number, title, facts.system, facts.from_value, facts.to_value, parts.paging(incident), metadata(where)
    )


def _break_glass_review(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    row = session.get(BreakGlass, int(where["glass"]))
    if row is None or row.incident_id != incident.id:
        raise NotFound("That does not belong to this incident. Nothing was changed.")
    if row.reviewed_by is not None:
        raise Conflict(f"<@{row.reviewed_by}> has reviewed this already.")
    if row.used_by == where["by"]:
        raise Conflict("You used break glass, so another responder has to review it.")
    words = approvals.change(session.get_one(RollbackPlan, row.plan_id))
    return break_glass.review_modal(incident.number, row.used_by, words, row.reason, metadata(where))


def _proposal(session: Session, incident: Incident) -> Milestone:
    lifecycle.require_live(incident)
    proposal = milestones.proposed(session, incident.id, "mitigated")
    if proposal is None:
        raise Conflict(f"Nothing proposes that {incident.number} is mitigated any more. Look at the card.")
    return proposal


def _mitigated_at(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    return mitigation.other_time_modal(incident.number, _proposal(session, incident).at, metadata(where))


def _not_mitigated(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    _proposal(session, incident)
    label = "What still happens, and how do you know?"
    return contain.words_modal("not_mitigated", "Not mitigated yet", label, "The harm goes on", metadata(where))


def _prompt_keep(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    return replay.keep_modal([], "", metadata(where))


async def keep_prompt_form(door: Door, body: Body, channel: str, words: str, where: Where) -> Block:
    """Keep somebody's message as a failing prompt: for the channel's incident, or one to choose among the open ones."""
    parts = door.parts

    def look(session: Session) -> Block:
        here = lifecycle.in_channel(session, team_of(body), channel)
        if here is not None:
            incident = visible_incident(session, parts, body, None, channel, Action.RESPOND)
            return replay.keep_modal([], words, metadata({**where, "incident": incident.id, "channel": channel}))
        who = parts.directory.person(user_of(body), team_of(body))
        incidents = [(facts.incident_id, facts.title) for facts in visible_open(session, who)]
        if not incidents:
            raise Conflict("No incident is open that this could belong to. Report the harm first.")
        return replay.keep_modal(incidents[::-1], words, metadata(where))

    return await door.read(look)


def _playbook(session: Session, parts: Parts, incident: Incident, where: Where) -> Block:
    return playbook_modal(incident.number, playbooks_of(session, parts, incident), metadata(where))


FORMS: dict[str, Builder] = {
    "classify": _classify,
    "contain": _contain,
    "update": _update,
    "comms": _comms,
    "note": _note,
    "role": _role,
    "resolve": _resolve,
    "reopen": _reopen,
    "override": _override,
    "evidence": _evidence,
    "rollback": _rollback,
    "step_assign": _assign,
    "step_note": _words("step_done", "Done, with a note", "What was done, and what was seen?", "Done"),
    "step_skip": _words("step_skip", "Skip this step", "Why is it left out?", "Skip", "It goes on the record."),
    "step_na": _words("step_na", "Not applicable", "Why does it not fit this incident?", "Not applicable"),
    "step_failed": _words("step_failed", "It did not work", "What happened?", "Save"),
    "playbook": _playbook,
    "prompt_keep": _prompt_keep,
    "rollback_critical": _critical,
    "break_glass": _break_glass,
    "break_glass_review": _break_glass_review,
    "mitigated_at": _mitigated_at,
    "not_mitigated": _not_mitigated,
    "rollback_reject": _plan_words("rollback_reject", "Reject the plan", "Why? The requester will read it.", "Reject"),
    "rollback_undo": _plan_words("rollback_undo", "Undo the rollback", "Why should it be taken back?", "Plan the undo"),
}
