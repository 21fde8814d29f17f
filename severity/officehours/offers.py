"""What is offered beside an answer: `declare` an incident, walk the `tier` questions, ask a `human`. No acts."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from severity.loading import StrictModel, check_shape, read_yaml
from severity.suggest import suggest

Offer = Literal["declare", "tier", "human"]
SHIPPED = Path(__file__).with_name("offers.yaml")


def _compiles(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"is not a regular expression: {error}") from error
    return pattern


Pattern = Annotated[str, AfterValidator(_compiles)]


class OfferFile(StrictModel):
    """offers.yaml: how questions of each kind sound."""

    live: tuple[Pattern, ...]
    general: tuple[Pattern, ...]
    own_tier: tuple[Pattern, ...]
    some_tier: tuple[Pattern, ...]


@lru_cache(maxsize=1)
def _sounds() -> dict[str, re.Pattern[str]]:
    rows = check_shape(read_yaml(SHIPPED), OfferFile)
    return {
        name: re.compile("|".join(f"(?:{pattern})" for pattern in getattr(rows, name)))
        for name in OfferFile.model_fields
    }


def _has(sound: str, question: str) -> bool:
    return bool(_sounds()[sound].search(question.lower()))


def asks_own_tier(question: str) -> bool:
    """Whether the question wants the tier of a particular system: that is a stored decision."""
    return _has("own_tier", question)


def sounds_live(question: str) -> bool:
    """Whether somebody seems to describe harm that is happening here."""
    if not _has("live", question) or _has("general", question):
        return False
    found = suggest(question)
    return bool(found.harm_classes or found.floors) or "!" in question or "now" in question.lower()


def offers_for(question: str, verdict: str) -> tuple[Offer, ...]:
    """The offers, most urgent first. A person is offered whenever the pages do not answer."""
    offers: list[Offer] = []
    if sounds_live(question):
        offers.append("declare")
    if asks_own_tier(question) or _has("some_tier", question):
        offers.append("tier")
    if verdict != "answered":
        offers.append("human")
    return tuple(offers)
