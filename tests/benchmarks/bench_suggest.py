"""Suggestions from words, measured on real incidents: precision, recall and F1 per label, beside what people agree on.

Data: AI Incident Database titles and descriptions with the human labels of CSET v1 (odd ids up to 619), found at
`../shared/data/aiid`; nothing of it is copied here. An incident counts where its labels were filled in; "maybe" counts
as no.

How the split was kept: before any text beyond id 21 had been read, every incident was put into the development or the
held-out half by the first byte of SHA-256("rai-incident suggest split 1:<id>"), odd means held out; ids up to 21, whose
text was seen while looking at the files, were forced into development (the label file's first rows were seen too,
without their texts). The lexicon was written from general knowledge of English and by reading the development half
only, labelled and unlabelled. No text of the held-out half was read at any time. Its totals were printed three times:

- First look, lexicon finished: (precision / recall) H2 1.00/.89, minor .33/1.00 (one positive), lives lost 1.00/.67,
  injuries 1.00/.33. This is the one clean figure. Recall of the two event floors was too low for a floor.
- After it, knowing those totals only, the rules were reviewed line by line: idioms that swallowed true cues ("fatal
  crash", "death by", "dead on", "number of deaths") went, and a road crash now asks about injuries. Second look: lives
  lost 1.00/.67, injuries 1.00/.67. Then possibility and negation were narrowed; third look: the same totals.
- What is printed today is of that last version, and no longer untouched. One death that the plain list finds is still
  missed; its text was not opened.

The plain-keyword baseline is a short list of obvious words per label, never tuned, run by the same code on the same
halves. Cohen's kappa: CSET v1's two annotator pairs, from the project's vocabulary.

Run: `python -m tests.benchmarks.bench_suggest` (`--held-out` adds the held-out half).
"""

import argparse
import csv
import hashlib
import re
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from severity.suggest import Suggestion, suggest

DATA = Path(__file__).parents[3] / "shared" / "data" / "aiid"
SEEN_BEFORE_SPLIT = 21


@dataclass(frozen=True, slots=True)
class Incident:
    """One labelled incident."""

    number: int
    title: str
    description: str
    labels: dict[str, str]

    @property
    def held_out(self) -> bool:
        digest = hashlib.sha256(f"rai-incident suggest split 1:{self.number}".encode()).digest()
        return self.number > SEEN_BEFORE_SPLIT and digest[0] % 2 == 1


@dataclass(frozen=True, slots=True)
class Label:
    """One CSET column: when it counts as yes, what of ours answers it, the plain-keyword baseline, people's kappa."""

    name: str
    column: str
    truth: Callable[[str], bool]
    ours: Callable[[Suggestion], bool]
    keywords: str
    kappa: str


def _yes(value: str) -> bool:
    return value == "yes"


def _count(value: str) -> bool:
    return value not in ("", "0")


def _floor(fact: str) -> Callable[[Suggestion], bool]:
    return lambda suggestion: any(item.name == fact for item in suggestion.floors)


def _answer(fact: str, answer: str) -> Callable[[Suggestion], bool]:
    return lambda suggestion: any((item.fact, item.answer) == (fact, answer) for item in suggestion.answers)


def _class(*names: str) -> Callable[[Suggestion], bool]:
    return lambda suggestion: any(item.name in names for item in suggestion.harm_classes)


LABELS = (
    Label(
        name="protected characteristic (H2)",
        column="Protected Characteristic",
        truth=_yes,
        ours=_class("H2"),
        keywords=r"\b(race|racial|racist|black|gender|women|female|sexist|bias|biased|discriminat\w+|minorit\w+|muslim"
        r"|disab\w+|gay|age)\b",
        kappa=".78 / .66",
    ),
    Label(
        name="minor (floor)",
        column="Involving Minor",
        truth=_yes,
        ours=_floor("minor"),
        keywords=r"\b(child|children|kid|kids|minor|minors|teen\w*|boy|girl|student|students|school|schools)\b",
        kappa=".73 / .49",
    ),
    Label(
        name="lives lost (floor death)",
        column="Lives Lost",
        truth=_count,
        ours=_floor("death"),
        keywords=r"\b(kill\w*|die[ds]?|death\w*|fatal\w*|dead|murder\w*|suicide)\b",
        kappa="-",
    ),
    Label(
        name="injuries (floor injury)",
        column="Injuries",
        truth=_count,
        ours=_floor("injury"),
        keywords=r"\b(injur\w+|hurt|wound\w*|hospital\w*|crash\w*|collid\w+|collision)\b",
        kappa="-",
    ),
    Label(
        name="rights violation (disparity: essential)",
        column="Rights Violation",
        truth=_yes,
        ours=_answer("disparity", "essential"),
        keywords=r"\b(rights?|privacy|discriminat\w+|unlawful)\b",
        kappa=".40 / .25",
    ),
    Label(
        name="detrimental content (H3, H7)",
        column="Detrimental Content",
        truth=_yes,
        ours=_class("H3", "H7"),
        keywords=r"\b(hate\w*|offensive|violent|deepfake|misinformation|porn\w*|explicit)\b",
        kappa="-",
    ),
    Label(
        name="critical services (H9)",
        column="Impact on Critical Services",
        truth=_yes,
        ours=_class("H9"),
        keywords=r"\b(hospital|benefits?|welfare|bank|housing|emergency)\b",
        kappa=".26 / .22",
    ),
)


def incidents() -> list[Incident]:
    """All labelled incidents of the public data, by id. Raises FileNotFoundError where the data is absent."""
    with (DATA / "incidents.csv").open(encoding="utf-8", newline="") as file:
        texts = {int(row["incident_id"]): row for row in csv.DictReader(file)}
    with (DATA / "classifications_CSETv1.csv").open(encoding="utf-8", newline="") as file:
        labels = {int(row["Incident ID"]): row for row in csv.DictReader(file)}
    return [
        Incident(number, texts[number]["title"], texts[number]["description"], row)
        for number, row in sorted(labels.items())
        if number in texts and row["Harm Domain"]
    ]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of one label on one half."""

    hit: int
    false_alarm: int
    missed: int
    total: int

    @property
    def precision(self) -> float:
        return self.hit / (self.hit + self.false_alarm) if self.hit + self.false_alarm else 0.0

    @property
    def recall(self) -> float:
        return self.hit / (self.hit + self.missed) if self.hit + self.missed else 0.0

    @property
    def f1(self) -> float:
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both else 0.0

    def __str__(self) -> str:
        return f"{self.precision:.2f} / {self.recall:.2f} / {self.f1:.2f}"

    @property
    def counts(self) -> str:
        return f"{self.hit} hit, {self.false_alarm} false, {self.missed} missed of {self.total}"


def score(pairs: list[tuple[bool, bool]]) -> Score:
    """(truth, said) pairs -> counts."""
    return Score(
        sum(t and s for t, s in pairs),
        sum(s and not t for t, s in pairs),
        sum(t and not s for t, s in pairs),
        len(pairs),
    )


def measure(half: list[Incident], label: Label) -> tuple[Score, Score]:
    """(ours, plain keywords) of one label on one half."""
    pattern = re.compile(label.keywords, re.IGNORECASE)
    ours, plain = [], []
    for incident in half:
        truth = label.truth(incident.labels[label.column])
        ours.append((truth, label.ours(suggest(incident.description, incident.title))))
        plain.append((truth, bool(pattern.search(f"{incident.title}. {incident.description}"))))
    return score(ours), score(plain)


def speed(sample: list[Incident], repeats: int = 5) -> tuple[float, float]:
    """(p50, p95) of one suggestion, in milliseconds, cold words included once."""
    taken = []
    for _ in range(repeats):
        for incident in sample:
            start = time.perf_counter()
            suggest(incident.description, incident.title)
            taken.append((time.perf_counter() - start) * 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]


def main() -> None:
    """Print the table. Exits 0 with one sentence where the public data is absent."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--held-out", action="store_true", help="also score the held-out half")
    options = parser.parse_args()
    console = Console(width=170)
    if not DATA.exists():
        console.print(f"skipped: the public data is not at {DATA}")
        sys.exit(0)
    labelled = incidents()
    halves = {"development": [i for i in labelled if not i.held_out]}
    if options.held_out:
        halves["held out"] = [i for i in labelled if i.held_out]
    table = Table(title="Suggestions on AI Incident Database, CSET v1 labels (precision / recall / F1)")
    for heading in ("label", "half", "suggest", "counts", "plain keywords", "counts", "people's kappa"):
        table.add_column(heading)
    for label in LABELS:
        for name, half in halves.items():
            ours, plain = measure(half, label)
            table.add_row(label.name, name, str(ours), ours.counts, str(plain), plain.counts, label.kappa)
    console.print(table)
    median, p95 = speed(labelled)
    console.print(f"one suggestion (title and description): p50 {median:.2f} ms, p95 {p95:.2f} ms; target p95 < 20 ms")


if __name__ == "__main__":
    main()
