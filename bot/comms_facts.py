"""What the record gives to a message template, and the form that shows it. One read of the record."""

from sqlalchemy.orm import Session

from bot.parts import Parts
from bot.views import comms as views
from bot.views.blocks import Block
from incidents import clock_reading, inventory
from incidents.clock import now
from incidents.models import Incident
from incidents.opening import classes_of
from playbooks import comms


def facts_of(session: Session, incident: Incident) -> comms.Facts:
    """What decides which templates fit."""
    return comms.Facts(
        harm_classes=classes_of(incident),
        severity=incident.severity,
        private=incident.private,
        clocks=any(row.state != "declined" for row in clock_reading.of(session, incident.id)),
    )


def record_of(session: Session, incident: Incident) -> dict[str, dict[str, str]]:
    """The blanks the record can fill. Never the report's own words: they may hold personal data and guesses."""
    system = inventory.find(session, incident.system_id)
    aware = clock_reading.stamps_of(session, incident).get("awareness")
    return {
        "incident": {
            "number": incident.number,
            "severity": incident.severity,
            "status": incident.status,
            "onset_at": comms.moment(incident.onset_at),
            "detected_at": comms.moment(incident.detected_at),
            "declared_at": comms.moment(incident.declared_at),
            "aware_at": comms.moment(aware),
            "mitigated_at": comms.moment(incident.mitigated_at),
            "next_update_at": comms.moment(incident.next_update_at),
        },
        "system": {"name": system.name, "surfaces": ", ".join(system.surfaces)} if system else {},
        "fill": {"now": comms.moment(now())},
    }


def form(session: Session, parts: Parts, incident: Incident, metadata: str, chosen: str = "") -> Block:
    """The form with one template filled in: the `chosen` one, or the first that fits. Raises NotFound."""
    fitting = comms.templates_for(parts.playbooks, facts_of(session, incident))
    template = comms.find(parts.playbooks, chosen or fitting[0].key)
    draft = comms.render(template, record_of(session, incident))
    return views.comms_modal(incident.number, fitting, template, draft, metadata)
