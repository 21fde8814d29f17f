"""The AI Incident Database as closed incidents of an empty record: something real to look at, and to count.

Nothing is decided here: harm classes and severity are suggestions, from the labels of people who used CSET's taxonomy
(version 1) where there are any, and from the report's own words. Each incident says that it was imported, and from
where. Of times only the day is known, so TTD, TTA, TTM and TTR stay unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import sqlalchemy as sa
from sqlalchemy.orm import Session

from incidents import milestones, timeline
from incidents.csv_rows import csv_rows
from incidents.errors import BadInput, Conflict
from incidents.models import Incident
from severity.policy import Policy
from severity.suggest import suggest
from severity.taxonomy import HARM_CLASS_IDS

SOURCE = "AI Incident Database"
ADDRESS = "https://incidentdatabase.ai/cite/{id}"
LABELLER = "CSET v1"
COLUMNS = ("incident_id", "date", "title", "description")
DEPLOYER = "Alleged deployer of AI system"
TITLE = 150  # characters of the column

# Label -> (value that counts, harm class). Facts: vocabulary of CSET v1 beside ours; "rights" names two classes of ours
# and therefore none by itself.
_CLASSES = {
    "Protected Characteristic": ("yes", "H2"),
    "Detrimental Content": ("yes", "H3"),
    "Involving Minor": ("yes", "H3"),
    "Impact on Critical Services": ("yes", "H9"),
}
# The mildest answer of the policy that the label alone supports.
_ANSWERS = {
    "Protected Characteristic": ("yes", "disparity", "quality"),
    "Detrimental Content": ("yes", "toxic_content", "rude"),
    "Involving Minor": ("yes", "minors", "affected"),
    "Impact on Critical Services": ("yes", "critical_service", "local"),
    "Rights Violation": ("yes", "rights_law", "plausible"),
}
_MATERIALISED = {
    "tangible harm definitively occurred": "event",
    "imminent risk of tangible harm (near miss) did occur": "near_miss",
    "non-imminent risk of tangible harm (an issue) occurred": "issue",
}
MANY_LIVES = 10  # from here on "many people" in the words of the severity table


@dataclass(frozen=True)
class Archived:
    """One row of the archive, with its labels (none where nobody labelled it)."""

    id: int
    day: date
    title: str
    description: str
    deployer: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Suggested:
    """What labels and words suggest. `because` names the source of each class."""

    harm_classes: list[str]
    because: dict[str, str]
    answers: dict[str, str]
    materialisation: str | None


def read(incidents: str, labels: str | None, name: str) -> list[Archived]:
    """The archive's rows, oldest first. `labels` is the text of `classifications_CSETv1.csv`. Raises BadInput naming
    file, line and column."""
    labelled = _labels(labels) if labels is not None else {}
    found: dict[int, Archived] = {}
    for where, row in csv_rows(incidents, name, COLUMNS):
        number = (row["incident_id"] or "").strip()
        if not (number.isascii() and number.isdigit() and len(number) < 10):
            raise BadInput("file", f"{where}, incident_id: {number!r:.40} is no number.")
        try:
            day = date.fromisoformat((row["date"] or "").strip())
        except ValueError:
            raise BadInput("file", f"{where}, date: {row['date']!r:.40} is no day; it looks like 2020-01-31.") from None
        title, description = (" ".join((row[column] or "").split()) for column in ("title", "description"))
        if not title:
            raise BadInput("file", f"{where}, title: it is empty.")
        if int(number) in found:
            raise BadInput("file", f"{where}, incident_id: {number} stands twice. Nothing was imported.")
        deployer = (row.get(DEPLOYER) or "").strip()
        found[int(number)] = Archived(
            int(number), day, title, description or title, deployer, labelled.get(int(number), {})
        )
    return sorted(found.values(), key=lambda each: (each.day, each.id))


def suggestion(entry: Archived, policy: Policy) -> Suggested:
    """Harm classes and answers for one row. Where label and words differ, the worse answer counts."""
    said = suggest(entry.description, entry.title)
    because = {reason.name: "its words" for reason in said.harm_classes}
    answers = {each.fact: each.answer for each in said.answers}
    for label, (value, name) in _CLASSES.items():
        if entry.labels.get(label) == value:
            because[name] = f"{LABELLER}: {label}"
    for label, (value, fact, answer) in _ANSWERS.items():
        if entry.labels.get(label) == value:
            answers[fact] = _worse(policy, fact, answer, answers.get(fact))
    lives, injured = _number(entry.labels.get("Lives Lost")), _number(entry.labels.get("Injuries"))
    if lives or injured:
        because["H1"] = f"{LABELLER}: Lives Lost, Injuries"
        harm = "mass" if lives >= MANY_LIVES else "grave" if lives else "injured"
        answers["physical_harm"] = _worse(policy, "physical_harm", harm, answers.get("physical_harm"))
    materialisation = _MATERIALISED.get(entry.labels.get("Tangible Harm", ""))
    classes = [name for name in HARM_CLASS_IDS if name in because]
    return Suggested(list(classes), {name: because[name] for name in classes}, answers, materialisation)


def load(session: Session, entries: Sequence[Archived], policy: Policy, team_id: str) -> int:
    """Write all rows as closed incidents; how many. Raises Conflict, and writes nothing, where there are incidents."""
    if session.execute(sa.select(Incident.id).limit(1)).first() is not None:
        raise Conflict(
            "There are incidents in this database, so nothing was imported: an archive would change every number of "
            "theirs. Use an empty database (DATABASE_URL) and `rai-incident db upgrade`."
        )
    for entry in entries:
        _write(session, entry, suggestion(entry, policy), policy, team_id)
    return len(entries)


def _write(session: Session, entry: Archived, found: Suggested, policy: Policy, team_id: str) -> None:
    # What nobody has said counts as the mildest here: these incidents are over, and a suggestion must not guess harm.
    mildest = {name: next(iter(fact.answers)) for name, fact in policy.facts.items()}
    known = {"materialisation": found.materialisation or "event", "ongoing": "no"}
    decision = policy.evaluate({**mildest, **found.answers, **known}, found.harm_classes)
    moment = datetime(entry.day.year, entry.day.month, entry.day.day, tzinfo=UTC)
    address = ADDRESS.format(id=entry.id)
    imported = {
        "from": SOURCE,
        "id": entry.id,
        "labels": dict(entry.labels),
        "classes": found.because,
        "materialisation": found.materialisation,
    }
    incident = Incident(
        declare_key=f"aiid:{entry.id}",
        team_id=team_id,
        kind="real",
        status="closed",
        title=entry.title if len(entry.title) <= TITLE else entry.title[: TITLE - 1] + "…",
        description=entry.description,
        reporter="import",
        private=False,
        invited=[],
        ongoing="no",
        harm_classes=found.harm_classes,
        suggestion={"imported": imported},
        severity=str(decision.severity),
        severity_provisional=True,
        source_url=address,
        declared_at=moment,
    )
    session.add(incident)
    session.flush()
    milestones.stamp(session, incident, "declared", source=SOURCE, actor="import", at=moment)
    deployer = f" Alleged deployer: {entry.deployer}." if entry.deployer else ""
    timeline.append(
        session,
        incident.id,
        "imported",
        "import",
        f"Imported from the {SOURCE}, incident {entry.id}. Only its day is known: {entry.day}.{deployer}",
        key="imported",
        at=moment,
        source_url=address,
        data=imported,
    )
    classes = ", ".join(f"{name} ({source})" for name, source in found.because.items()) or "no harm class"
    timeline.append(
        session,
        incident.id,
        "severity",
        "policy",
        f"{decision.severity} suggested on import, confirmed by nobody: {decision.because}. {classes}",
        key="severity:imported",
        at=moment,
        data={"severity": str(decision.severity), "rule": decision.rule, "policy": decision.policy_hash},
    )


def _labels(text: str) -> dict[int, dict[str, str]]:
    """Labels by incident; of several annotators' rows the one that says most."""
    found: dict[int, dict[str, str]] = {}
    for _, row in csv_rows(text, "the labels beside it", ()):
        number = (row.get("Incident ID") or "").strip()
        said = {name: value.strip() for name, value in row.items() if name and value and value.strip()}
        said.pop("Incident ID", None)
        if number.isascii() and number.isdigit() and len(said) > len(found.get(int(number), {})):
            found[int(number)] = said
    return found


def _worse(policy: Policy, fact: str, answer: str, other: str | None) -> str:
    if fact not in policy.facts or other is None:
        return answer
    levels = policy.facts[fact].levels
    return max((answer, other), key=lambda each: levels[each])


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0
