"""A third party's kind of rollback target, installed the way a package is."""

from pathlib import Path

import pytest

from integrations.rollback.base import Target, TargetError
from integrations.rollback.kinds import GROUP, build_target, names
from integrations.rollback.openfeature import FlagFile

LEVER = """
from integrations.rollback.openfeature import FlagFile

def make(entry):
    return FlagFile.from_entry({**entry, "flag": "from-the-third-party"})
"""


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "their_lever.py").write_text(LEVER)
    info = tmp_path / "their_lever-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: their-lever\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[{GROUP}]\ntheirs = their_lever:make\nopenfeature = their_lever:make\n")
    monkeypatch.syspath_prepend(tmp_path)


ENTRY = {"id": "x", "file": "flags.json", "flag": "ours", "to": "v1"}


def test_an_installed_kind_is_known_and_built(installed):
    assert "theirs" in names()
    target = build_target({**ENTRY, "kind": "theirs"})
    assert isinstance(target, Target)
    assert isinstance(target, FlagFile)
    assert target.flag == "from-the-third-party"


def test_a_shipped_kind_cannot_be_replaced_by_a_package(installed):
    target = build_target({**ENTRY, "kind": "openfeature"})
    assert isinstance(target, FlagFile)
    assert target.flag == "ours"


def test_without_the_package_the_kind_is_unknown():
    with pytest.raises(TargetError, match="'theirs' is unknown"):
        build_target({**ENTRY, "kind": "theirs"})
