"""Harm classes H1..H10 and their labels in other schemes. Content: `taxonomy.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Literal, get_args

from severity.loading import StrictModel, check_shape, read_yaml

HarmClassId = Literal["H1", "H2", "H3", "H4", "H5", "H6", "H7", "H8", "H9", "H10"]
HARM_CLASS_IDS: tuple[HarmClassId, ...] = get_args(HarmClassId)


class HarmClass(StrictModel):
    """One harm class. The lists hold each scheme's own labels and may be empty; none of them is a severity."""

    title: str
    description: str
    cset: tuple[str, ...]
    oecd: tuple[str, ...]
    eu_aia_3_49: tuple[str, ...]
    us_sb53_d: tuple[str, ...] = ()
    mit: tuple[str, ...]
    nist_600_1: tuple[str, ...]
    owasp: tuple[str, ...]


class _TaxonomyFile(StrictModel):
    harm_classes: dict[HarmClassId, HarmClass]


@cache
def harm_classes() -> Mapping[str, HarmClass]:
    """The shipped harm classes by id, in order H1..H10. Raises `ContentError` if the file was damaged."""
    document = read_yaml(Path(__file__).with_name("taxonomy.yaml"))
    taxonomy = check_shape(document, _TaxonomyFile)
    return MappingProxyType({class_id: taxonomy.harm_classes[class_id] for class_id in HARM_CLASS_IDS})
