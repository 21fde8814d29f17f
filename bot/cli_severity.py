"""`rai-incident policy …` and `severity …`: the written policy from the command line.

Only what asks about past assessments needs the database.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from bot.output import AsJson, print_json
from bot.settings import Settings
from incidents.errors import BadInput
from severity.explain import Difference, Situation
from severity.loading import read_text
from severity.policy import Decision, Policy, load_policy

policy_app = typer.Typer(no_args_is_help=True, help="The severity policy.")
severity_app = typer.Typer(no_args_is_help=True, help="Severity from words.")

PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="A policy file; without it the organisation's own, or the shipped one.")
]


def policy_on_file(path: Path | None) -> Policy:
    """The policy of a file; without one, the organisation's own, or the shipped one."""
    own = Settings().rai_config_dir / "policy.yaml"
    return load_policy(path or (own if own.exists() else None))


@policy_app.command()
def check(file: Annotated[Path | None, typer.Argument()] = None, as_json: AsJson = False) -> None:
    """Load a policy and prove it: total, monotone, and “not sure” never milder."""
    policy = policy_on_file(file)
    if as_json:
        print_json({"version": policy.version, "hash": policy.hash, "facts": len(policy.facts), "proved": True})
        return
    typer.echo(
        f"Policy {policy.version} ({policy.short_hash}): {len(policy.facts)} questions, "
        f"{len(policy.table.rules)} rules. Proved: every combination has an answer; no worse answer is milder; "
        "“not sure” is never milder than the worst answer but one."
    )


@policy_app.command("test")
def run_tests(
    cases: Annotated[Path | None, typer.Option("--cases", help="A file of named cases.")] = None,
    file: PolicyFile = None,
    as_json: AsJson = False,
) -> None:
    """Run the named cases against the policy."""
    from severity.cases import run_cases

    results = run_cases(policy_on_file(file), cases)
    if as_json:
        print_json([{"name": case.name, "passed": case.passed, "faults": list(case.faults)} for case in results])
    else:
        for case in results:
            if not case.passed:
                typer.echo(f"✗ {case.name} (line {case.line}): {'; '.join(map(str, case.faults))}")
        failed = sum(not case.passed for case in results)
        typer.echo(f"{len(results) - failed} of {len(results)} cases hold.")
    if any(not case.passed for case in results):
        raise typer.Exit(1)


@policy_app.command()
def explain(
    facts: Annotated[Path | None, typer.Option("--facts", help="JSON: harm_classes, facts, cues.")] = None,
    assessment: Annotated[
        str | None,
        typer.Option("--assessment", help="INC-1: its last assessment; INC-1:2: the second; INC-1:0: as opened."),
    ] = None,
    file: PolicyFile = None,
    as_json: AsJson = False,
) -> None:
    """The path from answers to severity, in words. An old assessment is explained by the policy it was made with."""
    from severity.explain import decide, in_words, situation_from_json

    if (facts is None) == (assessment is None):
        raise BadInput("facts", "Name one of --facts FILE and --assessment INC-1.")
    if assessment is not None:
        from bot.reading import assessment_of

        if file is not None:
            raise BadInput("policy", "An assessment is explained by the policy it was made with; leave --policy out.")
        found = assessment_of(Settings(), assessment)
        policy, situation, head = found.policy, found.situation, [found.words]
    else:
        assert facts is not None
        policy, situation, head = policy_on_file(file), situation_from_json(read_text(facts), facts.name), []
    decision = decide(policy, situation)
    if as_json:
        print_json({**_plain(decision), "policy_version": policy.version, **_asked(situation)})
        return
    typer.echo("\n".join([*head, *in_words(policy, situation, decision)]))


@policy_app.command()
def diff(before: Path, after: Path, as_json: AsJson = False) -> None:
    """Which past assessments another policy would change."""
    from bot.reading import past_assessments
    from severity.explain import answerable
    from severity.explain import diff as difference

    old, new = load_policy(before), load_policy(after)
    past = past_assessments(Settings())
    comparable = answerable(old, past)
    found = difference(old, new, comparable)
    if as_json:
        print_json(
            [
                {"id": item.id, "before": str(item.before.severity), "after": _after(item), "reason": item.reason}
                for item in found
            ]
        )
        return
    for item in found:
        typer.echo(f"{item.id}: {item.before.severity} → {_after(item) or 'no answer'}, {item.reason}")
    typer.echo(f"{len(found)} of {len(comparable)} past assessments would change.")
    if len(comparable) < len(past):
        typer.echo(f"{len(past) - len(comparable)} answered other questions and cannot be compared.")


@severity_app.command()
def suggest(text: str, as_json: AsJson = False) -> None:
    """Harm classes, floors and answers that a report's words suggest, each with the words. It never decides."""
    from severity.suggest import suggest as suggest_

    found = suggest_(text).to_json()
    if as_json:
        print_json(found)
        return
    for item in found["harm_classes"]:
        typer.echo(f"{item['class']}: {', '.join(item['because'])}")
    for item in found["floors"]:
        typer.echo(f"floor {item['fact']}: {', '.join(item['because'])}")
    for name, item in found["answers"].items():
        typer.echo(f"{name} = {item['answer']}: {', '.join(item['because'])}")
    if not any(found[part] for part in ("harm_classes", "floors", "answers")):
        typer.echo("The words suggest nothing. Ask the questions.")


def _plain(decision: Decision) -> dict[str, Any]:
    return {
        "severity": str(decision.severity),
        "rule": decision.rule,
        "because": decision.because,
        "floor": str(decision.floor) if decision.floor else None,
        "materialised": decision.materialised,
        "provisional": decision.provisional,
        "path": [
            {"rule": step.rule, "effect": step.effect, "because": step.because, "severity": str(step.severity)}
            for step in decision.path
        ],
        "policy_hash": decision.policy_hash,
    }


def _asked(situation: Situation) -> dict[str, Any]:
    return {
        "harm_classes": list(situation.harm_classes),
        "facts": dict(situation.answers),
        "cues": list(situation.cues),
    }


def _after(item: Difference) -> str | None:
    return str(item.after.severity) if item.after else None
