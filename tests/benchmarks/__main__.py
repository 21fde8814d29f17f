"""`python -m tests.benchmarks [--only NAME]`: every benchmark beside this file in one table.

Exit code 1 when a target is missed.
A benchmark is a module `bench_<name>.py` with `run()`, which answers rows of `table.Row`, or pairs of words for those
that need no target.
"""

import argparse
import importlib
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.benchmarks.table import Row

HERE = Path(__file__).parent


def main() -> int:
    """Run and print; the exit code."""
    names = sorted(path.stem.removeprefix("bench_") for path in HERE.glob("bench_*.py"))
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--only", choices=names, action="append", help="one benchmark; may be given again")
    chosen = parser.parse_args().only or names
    console = Console(width=None if sys.stdout.isatty() else 150)
    table = Table("What", "Median", "p99", "Target", "Ratio", title="rai-incident, measured here and now")
    missed = 0
    for name in chosen:
        run = getattr(importlib.import_module(f"tests.benchmarks.bench_{name}"), "run", None)
        if run is None:
            continue
        console.print(f"[dim]{name} …[/dim]")
        for row in run():
            table.add_row(*_cells(row))
            missed += isinstance(row, Row) and not row.holds
        table.add_section()
    console.print(table)
    return 1 if missed else 0


def _cells(row: Row | tuple[str, str]) -> tuple[str, ...]:
    if not isinstance(row, Row):
        return (row[0], row[1], "", "", "")
    target = "" if row.target is None else f"{'≥' if row.at_least else '≤'} {_number(row.target, row.unit)}"
    ratio = "" if row.ratio is None else f"[{'green' if row.holds else 'red'}]{row.ratio:.2f}[/]"
    tail = "" if row.p99 is None else _number(row.p99, row.unit)
    return (row.what, _number(row.measured, row.unit), tail, target, ratio)


def _number(value: float, unit: str) -> str:
    shown = f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 1 else f"{value:.2f}"
    return f"{shown} {unit}".strip()


if __name__ == "__main__":
    sys.exit(main())
