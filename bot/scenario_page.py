"""A scenario as a facilitator reads it in a terminal: the list of injects as a table, the truth last."""

import shutil

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from playbooks import msel
from playbooks.scenario import Inject, Scenario


def show(scenario: Scenario) -> None:
    """Print it. Text is shown as it stands: nothing in it is taken for markup."""
    width = max(100, shutil.get_terminal_size((120, 24)).columns)
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    truth = scenario.truth
    console.print(f"{scenario.title}  ({scenario.id}, version {scenario.version})")
    console.print(f"{scenario.minutes} minutes; {', '.join(scenario.harm_classes)}; truth: {truth.severity}\n")
    console.print(f"Background: {scenario.background}\n")
    console.print("Roles:")
    for role in scenario.roles:
        console.print(f"  {role.title}: {role.why}")
    console.print("Objectives:")
    for objective in scenario.objectives:
        console.print(f"  {objective.capability}: {objective.text}")
    console.print(f"\nOpening: {scenario.opening}\n")
    console.print(_table(scenario))
    console.print("! critical   · expected   ▸ a choice, and the inject that follows from it")
    for name, lines in (("Discussion", scenario.discussion), ("Hot wash", scenario.hot_wash)):
        console.print(f"\n{name}:")
        for line in lines:
            console.print(f"  - {line}")
    console.print(f"\nFacilitator: {scenario.facilitator}")
    console.print(f"\nTruth: {truth.cause}\nContainment: {truth.containment}")
    console.print(f"Clocks: {', '.join(truth.clocks) or 'none'}")
    for trap in truth.what_is_a_trap:
        console.print(f"  trap: {trap}")


def _table(scenario: Scenario) -> Table:
    table = Table("Min", "Inject", "Expected", box=box.ROUNDED, show_lines=True, expand=True)
    table.columns[0].justify = "right"
    table.columns[1].ratio, table.columns[2].ratio = 3, 2
    for inject, row in zip(msel.ordered(scenario), msel.rows(scenario), strict=True):
        said = Text(f"{row['from']} → {row['to']}", style="bold")
        said.append(f"  {inject.id}" + ("" if inject.at is not None else f", {row['comes']}"), style="not bold dim")
        said.append(f"\n{inject.text}", style="not bold")
        for option in inject.options:
            said.append(f"\n▸ {option.label}{f' → {option.next}' if option.next else ''}", style="not bold")
        if row["attachment"]:
            said.append(f"\n+ {row['attachment']}", style="not bold")
        table.add_row(row["minute"], said, Text("\n".join(_expected(scenario, inject))))
    return table


def _expected(scenario: Scenario, inject: Inject) -> list[str]:
    """The actions that count from this inject; of those that count from another one, only the name."""
    lines = []
    for name in inject.expects:
        action = scenario.action(name)
        if action.after != inject.id:
            lines.append(f"  ({name})")
            continue
        mark = "!" if action.critical else "·"
        lines.append(f"{mark} {scenario.role(action.by).title}: {action.text} [{action.do}, {action.within} min]")
    return lines
