"""JSON that people hand in is read strictly, and refused in one line that names the file."""

import pytest

from severity.errors import ContentError
from severity.strict_json import read_json


def test_what_json_allows_is_read_as_it_stands() -> None:
    assert read_json('{"a": [1, -2.5, 1e3, "é\\ud83d\\ude00", true, null]}', "a.json") == {
        "a": [1, -2.5, 1000.0, "é😀", True, None]
    }


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1, "a": 2}', "a.json:1: a: stands twice in one object"),
        ('{"a": NaN}', "a.json:1: NaN is no value of JSON"),
        ('{"a": 1e999}', "a.json:1: holds a number that is too large"),
        ('{"a": ' + "9" * 5_000 + "}", "a.json:1: holds a number that is too long"),
        ('\n{"a": "\\ud800"}', "a.json:1: holds half a character, which is no text"),
        ('{\n"a"', "a.json:2: is not JSON: Expecting ':' delimiter"),
        ("", "a.json:1: is not JSON: Expecting value"),
        ("[" * 200_000, "a.json:1: is nested too deeply"),
        ('"' + "x" * 1_000_001 + '"', "a.json:1: is larger than 1,000,000 bytes"),
    ],
)
def test_hostile_json_is_refused_in_one_line(text: str, said: str) -> None:
    with pytest.raises(ContentError) as refused:
        read_json(text, "a.json")
    assert str(refused.value) == said
