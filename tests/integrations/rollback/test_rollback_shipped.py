"""All kinds that are shipped, and the entries that the documentation shows for them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from incidents.inventory import RollbackTarget
from integrations.rollback.base import Target
from integrations.rollback.kinds import SHIPPED, build_target

ROOT = Path(__file__).parents[3]
SHOWN = [
    entry
    for block in re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / "rollback-targets.md").read_text(), re.DOTALL)
    if isinstance(entries := yaml.safe_load(block), list)
    for entry in entries
]


def test_the_documentation_shows_an_entry_of_every_kind():
    assert {entry["kind"] for entry in SHOWN} == set(SHIPPED)


@pytest.mark.parametrize("shown", SHOWN, ids=lambda entry: entry["kind"])
def test_an_entry_of_the_documentation_is_a_target(shown, monkeypatch, tmp_path):
    for name in ("token_env", "secret_env"):
        if name in shown:
            monkeypatch.setenv(shown[name], "at-least-twenty-four-bytes-long")
    if "token_file" in shown:
        file = tmp_path / "token"
        file.write_text("a token")
        shown = {**shown, "token_file": str(file)}
    entry = RollbackTarget.model_validate(shown).model_dump(mode="json", by_alias=True)
    target = build_target(entry)
    assert isinstance(target, Target)
    described = target.describe()
    assert (described.kind, described.title) == (shown["kind"], shown["title"])
    assert "at-least-twenty-four" not in repr(target)


def test_knowing_the_kinds_loads_none_of_them():
    code = (
        "import sys; import integrations.rollback.kinds as k; k.names();"
        "print([m for m in sys.modules if m == 'httpx' or m.startswith('integrations.rollback.') and 'kinds' not in m])"
    )
    printed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "['integrations.rollback.base']"
