"""The strict YAML reader that every content file of ours goes through."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from severity.errors import ContentError, Fault
from severity.loading import MAX_BYTES, read_yaml, read_yaml_text


def test_plain_words_stay_as_written() -> None:
    document = read_yaml_text("a: yes\nb: no\nc: 2026-08-02\nd: 012\ne: 1:30\nf: .inf\n", "f.yaml")
    assert document.value == {"a": "yes", "b": "no", "c": "2026-08-02", "d": "012", "e": "1:30", "f": ".inf"}


def test_json_kinds_are_read_and_quotes_make_text() -> None:
    document = read_yaml_text("a: [1, -2.5, true, null, ~, '1', \"true\"]", "f.yaml")
    assert document.value == {"a": [1, -2.5, True, None, None, "1", "true"]}


def test_every_key_and_item_knows_its_line() -> None:
    document = read_yaml_text("a:\n  - x: 1\n    y: 2\n  - - z\n", "f.yaml")
    assert document.line("a", 0, "y") == 3
    assert document.line("a", 1, 0) == 4
    assert document.line("a", 0, "missing", 7) == 2
    assert str(document.fault(("a", 0, "y"), "is odd")) == "f.yaml:3: a[0].y: is odd"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("a: 1\nb: {c: 1, c: 2}", "f.yaml:2: b.c: duplicate key, first given on line 2"),
        ("a: !!python/name:os.system x", "f.yaml:1: a: uses the tag tag:yaml.org,2002:python/name:os.system;"),
        ("a: !!int 3", "f.yaml:1: a: uses the tag tag:yaml.org,2002:int; tags are not allowed"),
        ("a: ! x", "f.yaml:1: a: uses the tag !; tags are not allowed"),
        ("a: &x 1", "f.yaml:1: a: defines the anchor &x; anchors are not allowed"),
        ("a: *x", "f.yaml:1: a: uses the alias *x; aliases are not allowed"),
        ("<<: {a: 1}", "f.yaml:1: uses the merge key <<; write the values out"),
        ('a: "b\\0c"', "f.yaml:1: a: holds the hidden character U+0000"),
        ("a: 1\nb: kill\u202eoff", "f.yaml:2: b: holds the hidden character U+202E"),
        ('"a\\x07": 1', "f.yaml:1: holds the hidden character U+0007"),
        ("? [a]\n: 1", "f.yaml:1: has a list or a mapping as a key; keys are text"),
        ("--- 1\n--- 2", "f.yaml:2: holds more than one document"),
        ("a: 'x", "f.yaml:1: a: is not YAML:"),
        ("a:\n\t- b", "f.yaml:2: a: is not YAML:"),
        ("a\x01: 1", "f.yaml:1: holds a character that YAML does not allow"),
        ("a: \ud800", "f.yaml:1: is not UTF-8 text"),
    ],
)
def test_what_could_surprise_is_refused_with_its_place(text: str, fault: str) -> None:
    with pytest.raises(ContentError) as refused:
        read_yaml_text(text, "f.yaml")
    assert str(refused.value).startswith(fault)


@pytest.mark.parametrize("text", ["[" * 100_000, "{a: " * 100_000, "- " * 100_000])
def test_endless_nesting_is_refused_without_recursion(text: str) -> None:
    with pytest.raises(ContentError, match=r"nested deeper than 40 levels|is not YAML"):
        read_yaml_text(text, "f.yaml")


def test_a_file_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"#" * (MAX_BYTES + 1))
    with pytest.raises(ContentError, match=r"f.yaml:1: is larger than 1,000,000 bytes"):
        read_yaml(path)


def test_a_file_in_another_encoding_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "f.yaml"
    path.write_bytes(b"a: 1\nb: caf\xe9\n")
    with pytest.raises(ContentError, match=r"f.yaml:2: is not UTF-8 text"):
        read_yaml(path)


@settings(max_examples=500, derandomize=True, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:-[]{}&*!|>'\"#%,?~<\n\t \\0.éü\x00\ud800"), max_size=60))
def test_any_text_is_read_or_refused_and_nothing_else_happens(text: str) -> None:
    faults: tuple[Fault, ...] = ()
    try:
        read_yaml_text(text, "f.yaml")
    except ContentError as refused:
        faults = refused.faults
    assert all(fault.file == "f.yaml" and fault.line >= 1 and fault.reason for fault in faults)
