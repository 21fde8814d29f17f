"""A scenario in the making: plain values -> YAML that passed every check, or the reasons why not. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from playbooks.scenario_check import NOTHING_KNOWN, Known, check_text

MAX_BYTES = 1_000_000
_LINK = re.compile(r"\[([^\]\n]{1,300})\]\([^)\s]{1,500}\)")


@dataclass(frozen=True)
class Made:
    """`text` is the YAML, None when anything was refused. `assumed` is what the source did not say: to be reviewed."""

    text: str | None
    refusals: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()


def refused(*reasons: str) -> Made:
    """Nothing was made, and why."""
    return Made(None, reasons)


def made(value: Mapping[str, Any], assumed: Iterable[str] = (), known: Known = NOTHING_KNOWN) -> Made:
    """The YAML of these values, if it passes the same checks as a scenario that somebody typed."""
    text = to_yaml(value)
    faults = check_text(text, "scenario", known).faults
    if faults:
        return refused(*dict.fromkeys(f"{fault.key or 'scenario'}: {fault.reason}" for fault in faults))
    return Made(text, (), tuple(dict.fromkeys(assumed)))


def plain(value: object, limit: int = 2400) -> str:
    """Text from outside as one clean string: links as their words, no control or invisible characters, cut."""
    text = _LINK.sub(r"\1", str(value))
    kept = (c for c in text if c in "\n\t" or (c.isprintable() and unicodedata.category(c) not in ("Cf", "Co", "Cn")))
    text = re.sub(r"[ \t]+", " ", "".join(kept))
    text = re.sub(r" ?\n ?", "\n", text).strip()
    text = re.sub(r"(?<!\n)\n(?!\n)", " ", re.sub(r"\n{2,}", "\n\n", text))
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def named(value: object, taken: Iterable[str] = (), fallback: str = "item") -> str:
    """An id from words, not among those `taken`."""
    ascii_ = unicodedata.normalize("NFKD", str(value)).encode("ascii", "ignore").decode().lower()
    base = re.sub(r"[^a-z0-9]+", "-", ascii_).strip("-")[:32].strip("-") or fallback
    used, name, number = set(taken), base, 2
    while name in used:
        name, number = f"{base}-{number}", number + 1
    return name


def words(value: object, limit: int, fallback: str) -> str:
    """A title or label: one line, cut, never shorter than three characters."""
    line = " ".join(plain(value, limit).split())
    return line if len(line) >= 3 else fallback


def sentences(*parts: str) -> str:
    """The parts as one text, with a full stop between those that end without one."""
    said = [part.strip() for part in parts if part.strip()]
    return " ".join(part if part[-1] in ".!?…:" or part is said[-1] else f"{part}." for part in said)


class _Dumper(yaml.SafeDumper):
    """Long text folded, everything else as PyYAML likes it."""

    def ignore_aliases(self, data: object) -> bool:
        return True  # our reader refuses aliases


def _text(dumper: yaml.SafeDumper, value: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=">" if len(value) > 90 else None)


_Dumper.add_representer(str, _text)


def to_yaml(value: Mapping[str, Any]) -> str:
    """YAML as a person would keep it, without what says nothing."""
    return yaml.dump(_said(value), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=116)


def _said(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _said(item) for key, item in value.items() if item is not None and item not in ([], {}, ())}
    if isinstance(value, list | tuple):
        return [_said(item) for item in value]
    return value
