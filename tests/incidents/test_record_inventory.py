"""`systems.yaml`: what is refused, with file, line, key and reason; and its rows in the record."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from incidents import inventory
from severity.errors import ContentError

SOUND = """\
systems:
  - id: support-assistant
    name: Support assistant
    owner: U0RAILEAD1
    on_call: [U0ONCALL01]
    rollback_targets:
      - {id: kill-switch, kind: openfeature, title: Kill switch, class: disruptive, flag: x}
  - id: search
    name: Search
    owner: U0RAILEAD1
"""


def _write(folder: Path, text: str) -> Path:
    path = folder / "systems.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_sound_inventory_is_read(tmp_path: Path) -> None:
    systems = inventory.load(_write(tmp_path, SOUND))
    assert [system.id for system in systems] == ["support-assistant", "search"]
    (target,) = systems[0].rollback_targets
    assert target.model_dump(by_alias=True)["class"] == "disruptive"
    assert target.model_dump()["flag"] == "x", "what the adapter needs is kept"


def test_no_file_means_no_systems(tmp_path: Path) -> None:
    assert inventory.load(tmp_path / "systems.yaml") == []


@pytest.mark.parametrize(
    ("change", "line", "key", "reason"),
    [
        (("name: Search", "name: Search\n    nmae: x"), 10, "systems.1.nmae", ""),
        (("id: search", "id: Search Engine"), 8, "systems.1.id", "pattern"),
        (("id: search", "id: support-assistant"), 8, "systems.1.id", "twice"),
        (("name: Search", f"name: {'x' * 76}"), 9, "systems.1.name", "75"),
        (("class: disruptive", "class: harmless"), 7, "systems.0.rollback_targets.0.class", "disruptive"),
        (("    owner: U0RAILEAD1\n", ""), 2, "systems.0.owner", ""),
        (("name: Search", "name: !!python/object/apply:os.system [true]"), 9, "", ""),
        (("name: Search", "name: Search\n    name: Search"), 10, "", ""),
        (("name: Search", "name: Search\n    tier: 7"), 10, "systems.1.tier", "3"),
        (("systems:", "systems: ["), 2, "", ""),
    ],
)
def test_a_faulty_inventory_is_refused_with_file_line_key_and_reason(
    tmp_path: Path, change: tuple[str, str], line: int, key: str, reason: str
) -> None:
    text = SOUND.replace(*change, 1)
    with pytest.raises(ContentError) as refused:
        inventory.load(_write(tmp_path, text))
    fault = refused.value.faults[0]
    assert fault.file.endswith("systems.yaml")
    assert fault.line == line, str(fault)
    assert fault.key.replace("[", ".").replace("]", "") == key or not key, str(fault)
    assert reason in fault.reason
    assert fault.reason


def test_the_inventory_is_found_again_in_the_record_and_keeps_systems_that_left_the_file(
    session: Session, tmp_path: Path
) -> None:
    systems = inventory.load(_write(tmp_path, SOUND))
    inventory.store(session, systems)
    inventory.store(session, [systems[0].model_copy(update={"name": "Assistant"})])
    assert [system.name for system in inventory.every(session)] == ["Assistant", "Search"]
    assert inventory.find(session, "search") == systems[1]
    assert inventory.find(session, "absent") is None
    assert inventory.find(session, None) is None
