"""What several commands print alike: JSON for machines, and what a check has found."""

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated, Any

import typer

from severity.errors import Fault

AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


def print_json(value: Any) -> None:
    """Indented JSON; times in ISO 8601."""

    def plain(item: object) -> str:
        return item.isoformat() if isinstance(item, date | datetime) else str(item)

    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=plain))


def print_checked(
    faults: Sequence[Fault], count: int, noun: str, *, as_json: bool, warnings: Sequence[Fault] = ()
) -> None:
    """What a check of `count` files of one kind has found, a line each, and exit code 2 where there is a fault."""
    rows = [("fault", fault) for fault in faults] + [("warning", fault) for fault in warnings]
    if as_json:
        print_json(
            [
                {"level": level, "file": fault.file, "line": fault.line, "key": fault.key, "reason": fault.reason}
                for level, fault in rows
            ]
        )
    else:
        for level, fault in rows:
            typer.echo(str(fault) if level == "fault" else f"{fault} (warning)")
        if not faults:
            typer.echo(f"{count} {noun}{'' if count == 1 else 's'} checked: no faults.")
    if faults:
        raise typer.Exit(2)
