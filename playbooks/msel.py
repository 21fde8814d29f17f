"""The master scenario events list of a scenario as rows: for reading, and as CSV that no spreadsheet will run. Pure."""

import csv
import io
import re
from collections.abc import Mapping

from playbooks.scenario import Inject, Scenario

COLUMNS = ("id", "minute", "comes", "from", "kind", "channel", "to", "text", "attachment", "options", "expected")
# What makes a spreadsheet take a cell for a formula, full-width forms included; also behind a line break in the cell.
_STARTS = r"(?=[^\S\r\n]*[\u200b\ufeff]*[^\S\r\n]*[=+\-@\t\r＝＋－＠])"
_FORMULA = re.compile(rf"(^|\r\n|[\r\n]){_STARTS}")
_MADE_SAFE = re.compile(rf"(^|\r\n|[\r\n])'{_STARTS}")


def rows(scenario: Scenario) -> list[dict[str, str]]:
    """One row per inject in the order of their minutes; those that only a branch sends stand behind what sends them."""
    return [_row(scenario, inject) for inject in ordered(scenario)]


def ordered(scenario: Scenario) -> list[Inject]:
    """The injects in the order in which they may come; the file's order settles the rest."""
    from playbooks.scenario_check import earliest

    minutes = earliest(scenario)
    timed = {inject.id: inject.at is not None for inject in scenario.injects}
    return sorted(scenario.injects, key=lambda inject: (minutes.get(inject.id, scenario.minutes), not timed[inject.id]))


def comes(scenario: Scenario, inject: Inject) -> str:
    """In words, what sends this inject."""
    if inject.at is not None:
        return f"at minute {inject.at}"
    if inject.after is not None:
        return f"{inject.after.minutes} min after {inject.after.inject}"
    if inject.when is not None:
        return f"when {inject.when.action} is {'missed' if inject.when.missed else 'done'}"
    reasons = [
        f"if {option.id} is chosen in {other.id}"
        for other in scenario.injects
        for option in other.options
        if option.next == inject.id
    ]
    reasons += [
        f"after {other.id}, if {branch.if_.action} is {'missed' if branch.if_.missed else 'done'}"
        for other in scenario.injects
        for branch in other.then
        if branch.inject == inject.id
    ]
    return "; ".join(reasons)


def as_csv(scenario: Scenario) -> str:
    """RFC 4180 with a header; no cell can be taken for a formula (abuse case 29)."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, COLUMNS, quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows({key: safe_cell(value) for key, value in row.items()} for row in rows(scenario))
    return out.getvalue()


def safe_cell(text: str) -> str:
    """The cell with an apostrophe before everything that a spreadsheet would compute."""
    return _FORMULA.sub(r"\1'", text)


def bare_cell(text: str) -> str:
    """A cell as it was before `safe_cell`."""
    return _MADE_SAFE.sub(r"\1", text)


def _row(scenario: Scenario, inject: Inject) -> dict[str, str]:
    from playbooks.scenario_check import earliest

    titles: Mapping[str, str] = {role.id: role.title for role in scenario.roles}
    actions = {action.id: action for action in scenario.actions}
    minute = earliest(scenario).get(inject.id)
    return {
        "id": inject.id,
        "minute": "" if minute is None else str(minute),
        "comes": comes(scenario, inject),
        "from": inject.persona.name,
        "kind": inject.persona.kind,
        "channel": inject.channel,
        "to": titles.get(inject.to, inject.to),
        "text": inject.text,
        "attachment": inject.image or inject.file or "",
        "options": " | ".join(option.label for option in inject.options),
        "expected": " | ".join(
            f"{titles[actions[name].by]}: {actions[name].text} ({actions[name].do}, within {actions[name].within} min)"
            for name in inject.expects
        ),
    }
