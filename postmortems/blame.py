"""Sentences that judge a person instead of describing what the system allowed. Patterns: a person has the last word."""

import re

_VERDICT = re.compile(
    r"\b(?:negligen\w*|careless\w*|reckless\w*|incompeten\w*|sloppy|human error|lazy|stupid\w*"
    r"|to blame|at fault|(?:his|her|their|whose|'s) (?:own )?fault)\b",
    re.IGNORECASE,
)
_LACK = re.compile(
    r"\b(?:failed to|neglected to|forgot(?: to)?|omitted to|did(?:n't| not) bother|should(?:n't| not)?(?:'ve| have)"
    r"|ought (?:not )?to have|ignored|could have \w+ (?:it )?but)\b",
    re.IGNORECASE,
)
_CLAUSE_END = re.compile(r"[.;:,!?()]")
# What can fall short without a person being judged. A subject that names none of these is taken for a person.
_THINGS = re.compile(
    r"\b(?:systems?|models?|prompts?|guardrails?|filters?|evaluations?|evals?|tests?|suites?|alerts?|alarms?|monitors?"
    r"|monitoring|dashboards?|deploy\w*|releases?|pages?|services?|checks?|retrieval|ind(?:ex|exes|ices)|tools?|requests?"
    r"|rollbacks?|quer(?:y|ies)|jobs?|process(?:es)?|polic(?:y|ies)|runbooks?|reviews?|classifiers?|detectors?|bots?"
    r"|pipelines?|configurations?|flags?|agents?|assistants?|outputs?|controls?|steps?|limits?|locks?|judges?)\b",
    re.IGNORECASE,
)
_PEOPLE = re.compile(
    r"\b(?:he|she|they|you|we|i|who|nobody|somebody|someone|anyone|everyone|engineers?|commanders?|reporters?|responders?"
    r"|scribes?|communications|legal|counsel|leads?|managers?|developers?|operators?|reviewers?|approvers?|owners?|teams?"
    r"|staff|persons?|people|on-call|support agents?|colleagues?|contractors?|analysts?|admins?)\b|<@|@\w",
    re.IGNORECASE,
)


def blames(sentence: str) -> str | None:
    """The words that judge a person, or None. "The guardrail failed to stop it" is no blame; "the engineer ..." is."""
    verdict = _VERDICT.search(sentence)
    if verdict:
        return verdict.group()
    for match in _LACK.finditer(sentence):
        subject = _CLAUSE_END.split(sentence[max(0, match.start() - 200) : match.start()])[-1]
        if _PEOPLE.search(subject) or not _THINGS.search(subject):
            return " ".join([*subject.split()[-4:], match.group()])
    return None
