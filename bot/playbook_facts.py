"""An incident's playbooks as the view wants them: what they say, beside what the record says is done. One read."""

from sqlalchemy.orm import Session

from bot.parts import Parts
from bot.views.playbook import PlaybookFacts, RoleFacts, RunbookFacts
from incidents.errors import Conflict
from incidents.models import Incident
from playbooks.schema import Playbook
from runbooks import progress


def playbooks_of(session: Session, parts: Parts, incident: Incident) -> list[PlaybookFacts]:
    """The playbooks of the incident's harm classes. Raises Conflict while nobody has said which those are."""
    found = [parts.playbooks.playbooks[name] for name in incident.harm_classes if name in parts.playbooks.playbooks]
    if not found:
        raise Conflict(
            f"Nobody has said yet what kind of harm {incident.number} is, so it has no playbook. "
            "Press *Classify* on its card first."
        )
    runs = {run.runbook_id: run for run in progress.runs(session, incident.id)}  # the newest of each
    steps = {name: _progress(session, run.id, run.state == "finished") for name, run in runs.items()}
    return [_facts(session, parts, incident, playbook, steps) for playbook in found]


def _facts(
    session: Session, parts: Parts, incident: Incident, playbook: Playbook, steps: dict[str, str]
) -> PlaybookFacts:
    known = parts.catalogue.definitions
    return PlaybookFacts(
        harm_class=playbook.harm_class,
        title=playbook.title,
        roles=[
            RoleFacts(role.role, role.does, progress.holder(session, incident.id, role.role)) for role in playbook.roles
        ],
        tell=[(f"{tell.who}, {tell.when}", tell.why) for tell in playbook.tell],
        runbooks=[
            RunbookFacts(known[name].runbook.title if name in known else name, steps.get(name, ""))
            for name in playbook.runbooks
        ],
        never_say=[(never.words, never.because) for never in playbook.never_say],
    )


def _progress(session: Session, run_id: int, finished: bool) -> str:
    done, total = progress.progress(session, run_id)
    return "done" if finished else f"{done} of {total} steps"
