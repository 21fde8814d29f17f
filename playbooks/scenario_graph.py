"""What an MSEL can do in time: which injects can ever be sent, how early, and which ones wait for each other."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from playbooks.scenario import START


@dataclass(frozen=True)
class Cause:
    """One way to come to an inject: from another one, after an action is settled, or both, and minutes later."""

    inject: str | None = None
    action: str | None = None
    missed: bool = False
    minutes: int = 0


@dataclass(frozen=True)
class Duty:
    """An expected action as far as time goes."""

    after: str
    within: int


@dataclass(frozen=True)
class Msel:
    """Injects with what causes them, and the actions that some causes wait for. `at` holds the fixed minutes."""

    at: Mapping[str, int]
    causes: Mapping[str, tuple[Cause, ...]]
    duties: Mapping[str, Duty]

    def earliest(self) -> dict[str, int]:
        """The earliest minute of every inject that can be sent at all; the others are missing."""
        times = dict(self.at)
        changed = True
        while changed:  # minutes only fall and are never negative, so this ends
            changed = False
            for name, causes in self.causes.items():
                for cause in causes:
                    minute = self._minute(cause, times)
                    if minute is not None and minute < times.get(name, minute + 1):
                        times[name] = minute
                        changed = True
        return times

    def start_of(self, action: str, times: Mapping[str, int]) -> int | None:
        """The minute from which an action counts its time; None when its inject can never be sent."""
        duty = self.duties.get(action)
        if duty is None:
            return None
        return 0 if duty.after == START else times.get(duty.after)

    def _minute(self, cause: Cause, times: Mapping[str, int]) -> int | None:
        minute = 0
        if cause.inject is not None:
            if cause.inject not in times:
                return None
            minute = times[cause.inject]
        if cause.action is not None:
            start = self.start_of(cause.action, times)
            if start is None:
                return None
            minute = max(minute, start + (self.duties[cause.action].within if cause.missed else 0))
        return minute + cause.minutes

    def circles(self) -> list[list[str]]:
        """Injects that wait for each other, each circle once, as the way round it."""
        before = {name: sorted(set(self._before(causes))) for name, causes in self.causes.items()}
        found: list[list[str]] = []
        done: set[str] = set()
        for first in before:
            way: list[str] = []
            todo = [(first, iter(before[first]))] if first not in done else []
            while todo:
                name, rest = todo[-1]
                if not way or way[-1] != name:
                    way.append(name)
                following = next(rest, None)
                if following is None:
                    done.add(name)
                    way.pop()
                    todo.pop()
                elif following in way:
                    found.append([*way[way.index(following) :], following][::-1])
                elif following in before and following not in done:
                    todo.append((following, iter(before[following])))
        return found

    def _before(self, causes: tuple[Cause, ...]) -> Iterator[str]:
        for cause in causes:
            if cause.inject is not None:
                yield cause.inject
            duty = self.duties.get(cause.action or "")
            if duty is not None and duty.after != START:
                yield duty.after
