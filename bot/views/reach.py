"""What a message may say of the world outside: whether somebody was paged, and whom a lever touches. In an exercise
nobody is, by construction; then the words say what would have been."""

from typing import Literal

Paging = Literal["none", "real", "rehearsed"]

PAGED: dict[Paging, str] = {
    "none": "",
    "real": "On-call was paged. ",
    "rehearsed": "On-call would have been paged. ",
}
PAGED_SHORT: dict[Paging, str] = {"none": "no", "real": "yes", "rehearsed": "nobody, as this is an exercise"}


def touched(rehearsed: bool) -> str:
    """Whom a change of the system reaches."""
    return "in the exercise only" if rehearsed else "for everybody who uses it"
