"""Rows of a CSV file somebody gave: each with where it stands, and a word for what cannot be read."""

import csv
from collections.abc import Iterator, Sequence
from io import StringIO

from incidents.errors import BadInput


def csv_rows(text: str, name: str, columns: Sequence[str]) -> Iterator[tuple[str, dict[str, str | None]]]:
    """`file, line n` and the row. Raises BadInput naming file, line, and a missing column or what is no CSV."""
    reader = csv.DictReader(StringIO(text.removeprefix("\ufeff")))
    try:
        for column in columns:
            if column not in (reader.fieldnames or ()):
                raise BadInput(
                    "file", f"{name}, line 1: the column {column} is missing. There are {', '.join(columns)}."
                )
        for row in reader:
            yield f"{name}, line {reader.line_num}", row
    except csv.Error as error:
        raise BadInput(
            "file", f"{name}, after line {reader.line_num}: this is no CSV that can be read: {error}."
        ) from None
