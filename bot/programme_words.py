"""The programme in words, the same on the command line and in Slack. Pure; Slack's marks are the views' business."""

from collections.abc import Callable, Mapping
from datetime import date

from playbooks.programme import ClassGap, Due, PersonGap, Trend
from severity.taxonomy import harm_classes

Names = Callable[[str], str]


def due_words(each: Due, today: date) -> str:
    """`Support assistant (tier 1): never rehearsed; every 180 days`."""
    if each.last is None:
        state = "never rehearsed by a team"
    elif each.overdue(today):
        state = f"last on {each.last:%Y-%m-%d}, due since {each.by:%Y-%m-%d}"
    else:
        state = f"last on {each.last:%Y-%m-%d}, due by {each.by:%Y-%m-%d}"
    return f"{each.system.name} (tier {each.tier}, every {each.every_days} days): {state}"


def class_words(gap: ClassGap) -> str:
    """`No tier-0 system exercised on H5 (…) in 180 days; prompt-injection-sends-mail would rehearse it`."""
    last = "never" if gap.last is None else f"last on {gap.last:%Y-%m-%d}"
    fitting = f"{gap.scenarios[0]} rehearses it" if gap.scenarios else "no scenario has it yet"
    title = harm_classes()[gap.harm_class].title
    return f"No tier-{gap.tier} system exercised on {gap.harm_class} ({title}) in {gap.days} days ({last}); {fitting}"


def person_words(gap: PersonGap, names: Names) -> str:
    """`@name has never played`."""
    if gap.last is None:
        return f"{names(gap.user)} has never played"
    return f"{names(gap.user)} has not played for {gap.days} days (last on {gap.last:%Y-%m-%d})"


def trend_words(trend: Trend, titles: Mapping[str, str]) -> str:
    """`H4 (…): PS, M, PP: too few to say`; ratings of one exercise stand together."""
    title = f" ({titles[trend.of]})" if trend.of in titles else ""
    shown = ", ".join("".join(ratings) for _, _, ratings in trend.ratings[-8:])
    count = len(trend.ratings)
    says = {
        "too few to say": f"{count} exercise{'' if count == 1 else 's'}: too few to say how it goes",
        "no clear change": "no clear change",
        "better": "better than before",
        "worse": "worse than before",
    }[trend.says]
    open_ = f"; {trend.unconfirmed} not confirmed yet" if trend.unconfirmed else ""
    return f"{trend.of}{title}: {shown} · {says}{open_}"


def class_titles() -> dict[str, str]:
    """H1..H10 in words."""
    return {name: found.title for name, found in harm_classes().items()}
