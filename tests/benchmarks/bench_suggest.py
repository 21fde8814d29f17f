"""Suggestions from words, measured on real incidents: precision and recall per label, beside what people agree on.

Data: AI Incident Database titles and descriptions with the human labels of CSET v1 (odd ids up to 619), found at
`../shared/data/aiid`; nothing of it is copied here. An incident counts where its labels were filled in; "maybe" counts
as no.

How the split was kept: before any text beyond id 21 had been read, every incident was put into the development or the
held-out half by the first byte of SHA-256("rai-incident suggest split 1:<id>"), odd means held out; ids up to 21, whose
text was seen while looking at the files, were forced into development (the label file's first rows were seen too,
without their texts). The lexicon was written from general knowledge of English and by reading the development half
only, labelled and unlabelled. No text of the held-out half was read at any time. Its totals were looked at five times:

- First look, lexicon finished: (precision / recall) H2 1.00/.89, minor .33/1.00 (one positive), lives lost 1.00/.67,
  injuries 1.00/.33. This is the one clean figure. Recall of the two event floors was too low for a floor.
- After it, knowing those totals only, the rules were reviewed line by line: idioms that swallowed true cues ("fatal
  crash", "death by", "dead on", "number of deaths") went, and a road crash now asks about injuries. Second look: lives
  lost 1.00/.67, injuries 1.00/.67. Then possibility and negation were narrowed; third look: the same totals.
- Then the floors for a death and an injury were widened, recall first. Read for it: the development half, and the
  incidents of the public file that have no row of CSET v1 labels (so neither half measures them). One of those, a
  crash "killing two people", showed an idiom ("kill two birds") that swallowed deaths. Of the held-out half still
  nothing was read.
  Fourth look: lives lost 1.00/1.00, injuries .80/.67; the other labels as before.
- Then more injuries (sprays, fumes, endangered people) and, on trial, any crash at all. Fifth look: the same totals.
  The trial cost precision on the development half and found nothing: it was taken out again without another look.
- What is printed today is of that last version: the held-out half is clean of reading, not of being looked at. A clean
  figure now needs incidents nobody here has seen.

The plain-keyword baseline is a short list of obvious words per label, never tuned, run by the same code on the same
halves. Cohen's kappa: CSET v1's two annotator pairs, from the project's vocabulary.

Run: `make bench`, or `python -m tests.benchmarks --only suggest`.
"""

import csv
import hashlib
import re
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from severity.suggest import Suggestion, suggest
from tests.benchmarks.scores import Pair, Score, recall_over_halves, score, wilson
from tests.benchmarks.table import Row, p99

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


READ_THIS = """\
A dozen positives or fewer per label and half: one incident moves a recall by a tenth to a half, so read the interval.
It is Wilson's. "Random halves" is the 5th to 95th percentile of recall over 400 seeded draws of half the positives: the
cues are fixed and nothing is fitted on the other half, so it shows the luck of the draw and proves nothing about new
reports. "Asked in vain" is the share of incidents without the label that are asked about. The development half was
read while the cues were written; of the held-out half only totals were seen. "Plain" is a fixed keyword list, never
tuned, on the same incidents. Kappa: how far the two pairs of annotators of CSET v1 agree; "-" is unknown.
"""

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


def answers(incidents_: list[Incident], label: Label) -> tuple[list[Pair], list[Pair]]:
    """(ours, plain keywords) of one label, each as (truth, said) per incident."""
    pattern = re.compile(label.keywords, re.IGNORECASE)
    ours, plain = [], []
    for incident in incidents_:
        truth = label.truth(incident.labels[label.column])
        ours.append((truth, label.ours(suggest(incident.description, incident.title))))
        plain.append((truth, bool(pattern.search(f"{incident.title}. {incident.description}"))))
    return ours, plain


def measure(half: list[Incident], label: Label) -> tuple[Score, Score]:
    """(ours, plain keywords) of one label on one half."""
    ours, plain = answers(half, label)
    return score(ours), score(plain)


def speed(sample: list[Incident], repeats: int = 5) -> list[float]:
    """Milliseconds of each suggestion, cold words included once."""
    taken = []
    for _ in range(repeats):
        for incident in sample:
            start = time.perf_counter()
            suggest(incident.description, incident.title)
            taken.append((time.perf_counter() - start) * 1000)
    return taken


def report(labelled: list[Incident]) -> Table:
    """The table of every label: both halves and all, ours beside the plain list and what people agree on."""
    halves = {
        "development": [item for item in labelled if not item.held_out],
        "held out": [item for item in labelled if item.held_out],
        "all": labelled,
    }
    table = Table(title="Suggestions on AI Incident Database, CSET v1 labels (P / R: precision / recall)")
    for heading in ("label (people's kappa)", "half", "P / R", "found", "recall, 95 %", "asked in vain", "plain P / R"):
        table.add_column(heading)
    table.add_column("found")
    for label in LABELS:
        for name, half in halves.items():
            ours, plain = measure(half, label)
            low, high = wilson(ours.hit, ours.positives)
            shown = {"development": label.name, "held out": f"  kappa {label.kappa}"}.get(name, "")
            interval = f"{low:.2f} to {high:.2f}"
            table.add_row(
                shown, name, str(ours), ours.counts, interval, f"{ours.asked_in_vain:.0%}", str(plain), plain.counts
            )
        low, high = recall_over_halves(answers(labelled, label)[0])
        table.add_row("", "random halves", "", "", f"{low:.2f} to {high:.2f}", "", "", "", end_section=True)
    return table


def run() -> list[Row | tuple[str, str]]:
    """Print the table; the rows hold the speed, and say so where the public data is absent."""
    if not DATA.exists():
        return [("suggest", f"skipped: the public data is not at {DATA}")]
    labelled = incidents()
    console = Console(width=150)
    console.print(report(labelled))
    console.print(READ_THIS)
    taken = speed(labelled)
    return [
        Row("one suggestion, title and description", statistics.median(taken), "ms", 20, p99=p99(taken)),
        Row("the same, 95th percentile", statistics.quantiles(taken, n=20)[-1], "ms", 20),
    ]
