"""The three sentences at the top: what changed, where it goes, what needs a decision. Computed, each with a link."""

from bot.digest.value import Digest, Pointer, Sentence
from bot.digest.words import course, plural, rate, seconds, whole
from severity.taxonomy import harm_classes

SEVERE = ("SEV0", "SEV1")


def sentences(digest: Digest) -> tuple[Sentence, ...]:
    """Exactly three, in the order a reader needs them. Each points to an incident, or to where they are announced."""
    return tuple(
        Sentence(each.text, each.where or digest.home) for each in (_changed(digest), _trend(digest), _decide(digest))
    )


def _changed(digest: Digest) -> Sentence:
    counts, noun = digest.counts, digest.period.noun
    total = _incidents(counts.total, digest)
    before = whole(counts.previous_total, digest.minimum_cell)
    if counts.total == 0:
        return Sentence(f"No incident was declared, {before} in the {noun} before.", None)
    text = f"{total} declared, {before} in the {noun} before"
    if digest.change is not None:
        text += f": {course(digest.change)}"
    if digest.worst is None:
        return Sentence(f"{text}.", None)
    severe = sum(counts.by_severity[name] or 0 for name in SEVERE)
    among = f"; {severe} of them SEV0 or SEV1, the worst" if severe else "; the worst"
    severity, where = digest.worst
    return Sentence(f"{text}{among} {where.number} ({severity}).", where)


def _trend(digest: Digest) -> Sentence:
    rates = digest.rates
    if rates.hidden:
        return Sentence(
            f"The 13-week trend is not shown: numbers under {digest.minimum_cell} could be worked out from it.",
            None,
        )
    weighted = "Severity-weighted rate" if len(set(rates.weights.values())) > 1 else "Rate"
    text = f"{weighted} over 13 weeks: {rate(rates.last.rate)} {rates.unit}"
    if rates.before is not None:
        text += f", {rate(rates.before.rate)} in the 13 before. By number of incidents: {course(rates.change)}"
    else:
        text += "; the denominator does not reach far enough back to compare"
    if digest.busiest is None:
        return Sentence(f"{text}.", None)
    name, count, newest = digest.busiest
    title = harm_classes()[name].title
    return Sentence(f"{text}. Most often {digest.period.these}: {title} ({count}), last {newest.number}.", newest)


def _decide(digest: Digest) -> Sentence:
    """The most pressing matter by name, and how many others wait."""
    waiting: list[tuple[str, Pointer | None]] = []
    for clock in digest.overdue_clocks:
        late = seconds((digest.as_of - clock.due).total_seconds())
        ask = "was to be sent" if clock.decided else "nobody has decided whether it applies; if it does, it was due"
        waiting.append((f"{clock.clock} on {clock.incident}: {ask} {late} ago", clock.where))
    for incident in digest.open:
        if incident.clock and incident.clock_due and incident.clock_due >= digest.as_of:
            left = (incident.clock_due - digest.as_of).total_seconds()
            if left < 72 * 3600:
                waiting.append((f"{incident.clock} on {incident.number} is due in {seconds(left)}", incident.where))
    for incident in digest.open:
        if incident.commander is None and incident.severity <= "SEV2":
            waiting.append((f"{incident.number} ({incident.severity}) has no commander", incident.where))
        elif incident.provisional:
            waiting.append((f"nobody has confirmed the severity of {incident.number}", incident.where))
    for action in digest.overdue_actions:
        if action.priority == "high":
            days = (digest.as_of.date() - action.due).days
            waiting.append(
                (f"the action “{action.title}” of {action.incident} is {plural(days, 'day')} overdue", action.where)
            )
    if waiting:
        text, where = waiting[0]
        more = f" {plural(len(waiting) - 1, 'more decision waits', 'more decisions wait')}." if waiting[1:] else ""
        return Sentence(f"To decide first: {text}.{more}", where)
    if digest.audience == "organisation":
        return Sentence(f"Open now: {_incidents(digest.counts.open_now, digest)}; ask in the incidents' channel.", None)
    if digest.open:
        return Sentence(
            f"Nothing waits for a decision; {plural(len(digest.open), 'incident is', 'incidents are')} open.",
            digest.open[0].where,
        )
    return Sentence("Nothing waits for a decision and no incident is open.", None)


def _incidents(count: int | None, digest: Digest) -> str:
    return f"under {digest.minimum_cell} incidents" if count is None else plural(count, "incident")
