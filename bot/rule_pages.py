"""The rules in force as pages of the handbook: policy, tiers, clocks and runbooks."""

import re

from runbooks.catalogue import Catalogue
from severity.clocks import Clocks
from severity.officehours.rendered import Chapter, page, rendered_pages
from severity.policy import Policy
from severity.tiers import Tree

RUNBOOK_WEIGHT = 0.85
"""Who asks about policy seldom means a step of a runbook."""

_VARIABLE = re.compile(r"\{\{ *([\w.]+) *\}\}")


def rule_pages(policy: Policy, tree: Tree, clocks: Clocks, catalogue: Catalogue) -> dict[str, str]:
    """Everything the organisation decides by, as Markdown by file name."""
    return rendered_pages(policy, tree, clocks) | _runbook_pages(catalogue)


def _runbook_pages(catalogue: Catalogue) -> dict[str, str]:
    pages = {}
    for item in catalogue.definitions.values():
        runbook = item.runbook
        chapters = [
            Chapter(
                "When to start it, and when it is done",
                (*(f"- {words}" for words in runbook.enter_when), "", f"It is done when: {runbook.leave_when}"),
            )
        ]
        for step in runbook.steps:
            for each in (step, *step.steps):
                lines = [each.why, "", each.how, ""]
                lines += [f"Check: {each.check}"] if each.check else []
                chapters.append(
                    Chapter(each.title, (*lines, f"Owner: {each.owner}. If it fails: {each.if_it_fails.say}"))
                )
        text = page(f"Runbook: {runbook.title}", "Incident response lead", chapters, RUNBOOK_WEIGHT)
        # Outside an incident a template's variable stands for itself: {{ system.name }} -> [system name].
        text = _VARIABLE.sub(lambda match: f"[{match[1].replace('.', ' ').replace('_', ' ')}]", text)
        pages[f"rendered/runbook-{runbook.id}.md"] = text
    return pages
