"""What the command line prints for machines."""

import json
from datetime import date, datetime
from typing import Annotated, Any

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Machine-readable output.")]


def print_json(value: Any) -> None:
    """Indented JSON; times in ISO 8601."""

    def plain(item: object) -> str:
        return item.isoformat() if isinstance(item, date | datetime) else str(item)

    typer.echo(json.dumps(value, indent=2, ensure_ascii=False, default=plain))
