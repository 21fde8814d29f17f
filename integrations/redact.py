"""A small detector of personal data and secrets: email, phone, payment card, IBAN, key. Patterns plus check digits.

It finds what has a shape. Names and postal addresses have none: a person reads for them.
"""

import re
from dataclasses import dataclass

_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})+")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]){11,30}(?![A-Za-z0-9])")
_CARD = re.compile(r"(?<![\w.+-])\d(?:[ -]?\d){12,18}(?![\w-])")
_PHONE = re.compile(
    r"(?<![\w.+-])(?:"
    r"\+\d{1,3}(?:[ ./-]?\(?\d{1,4}\)?){2,5}"  # international
    r"|\(?0\d{1,4}\)?(?:[ /.-]\d{2,4}){2,4}"  # national with a trunk 0, grouped
    r"|0\d{9,10}"  # national, not grouped
    r"|\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}"  # North America
    r")(?![\w-])"
)
_SECRET = re.compile(
    r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----(?:[\s\S]{0,8000}?-----END [A-Z ]{0,30}PRIVATE KEY-----)?"
    r"|\b(?:xox[a-z]-[\w-]{8,}|xapp-[\w-]{8,}|[sr]k[-_][\w-]{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}"
    r"|glpat-[\w-]{16,}|AKIA[A-Z0-9]{12,}|ASIA[A-Z0-9]{12,}|AIza[\w-]{30,}|hf_\w{20,}|npm_\w{30,}"
    r"|eyJ[\w-]{8,}\.[\w.-]{8,})"
    # What a person says is secret, whatever its shape: `password: ...`, `Authorization: Bearer ...`.
    r"|(?i:\b(?:password|passwd|api[_ -]?key|secret|token)\b[\"']?\s{0,3}[:=]\s{0,3}[\"']?)(?=\S{0,200}\d)\S{6,200}"
    r"|(?i:\bbearer\s{1,3})(?=[\w.~+/-]{0,500}\d)[\w.~+/=-]{12,}"
)


@dataclass(frozen=True)
class Found:
    """One hit: what it is, where it starts and ends in the text."""

    kind: str
    start: int
    end: int


def find(text: str) -> list[Found]:
    """Every hit in reading order; where two overlap, the surer kind wins (secret, email, IBAN, card, phone)."""
    hits: list[Found] = []
    for kind, pattern in (
        ("secret", _SECRET),
        ("email", _EMAIL),
        ("iban", _IBAN),
        ("card", _CARD),
        ("phone", _PHONE),
    ):
        for match in pattern.finditer(text):
            end = _valid_end(kind, match)
            if end is not None and all(end <= hit.start or match.start() >= hit.end for hit in hits):
                hits.append(Found(kind, match.start(), end))
    return sorted(hits, key=lambda hit: hit.start)


def redact(text: str) -> str:
    """The text with every hit replaced by its kind in parentheses, such as `(email removed)`."""
    for hit in reversed(find(text)):
        text = f"{text[: hit.start]}({hit.kind} removed){text[hit.end :]}"
    return text


def _valid_end(kind: str, match: re.Match[str]) -> int | None:
    if kind == "card":
        return match.end() if _luhn(re.sub(r"\D", "", match.group())) else None
    if kind == "iban":
        return _iban_end(match)
    if kind == "phone":
        return match.end() if 8 <= len(re.sub(r"\D", "", match.group())) <= 15 else None
    return match.end()


def _iban_end(match: re.Match[str]) -> int | None:
    """An IBAN may be followed by a word that the pattern swallows: the longest valid reading up to a space counts."""
    text = match.group()
    ends = [len(text), *(space.start() for space in reversed(list(re.finditer(" ", text))))]
    for end in ends:
        compact = text[:end].replace(" ", "").upper()
        if len(compact) >= 15 and _mod97(compact):
            return match.start() + end
    return None


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812-1 check digit; a run of one digit is a placeholder, not a card."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if place % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0 and len(set(digits)) > 1


def _mod97(compact: str) -> bool:
    """ISO 13616: four characters moved to the end, letters as numbers, remainder 1."""
    return int("".join(str(int(char, 36)) for char in compact[4:] + compact[:4])) % 97 == 1
