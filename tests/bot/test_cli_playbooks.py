"""`rai-incident playbook …`: what it lists, shows and finds wrong."""

import json
from pathlib import Path

import pytest
from botkit import in_process


async def _run(tmp_path: Path, *words: str) -> tuple[int, str, str]:
    return await in_process({"RAI_CONFIG_DIR": str(tmp_path / "config")}, "playbook", *words, cwd=tmp_path)


@pytest.mark.asyncio
async def test_every_harm_class_has_a_playbook_in_order(tmp_path: Path) -> None:
    code, out, _ = await _run(tmp_path, "list", "--json")
    assert (code, [one["harm_class"] for one in json.loads(out)]) == (0, [f"H{number}" for number in range(1, 11)])


@pytest.mark.asyncio
async def test_one_is_shown_with_roles_people_runbooks_and_words_to_avoid(tmp_path: Path) -> None:
    code, out, _ = await _run(tmp_path, "show", "h4")
    assert code == 0
    for words in ("Roles to fill:", "Who is told:", "1. personal-data-in-outputs", "Never say:"):
        assert words in out
    code, out, errors = await _run(tmp_path, "show", "H99")
    assert (code, out) == (2, "")
    assert "H9, H10." in errors


@pytest.mark.asyncio
async def test_an_own_playbook_replaces_ours_and_a_broken_one_is_named_by_line_and_key(tmp_path: Path) -> None:
    own = tmp_path / "config" / "playbooks"
    own.mkdir(parents=True)
    _, shipped, _ = await _run(tmp_path, "show", "H4", "--json")
    mine = {**json.loads(shipped), "title": "Privacy here"}
    (own / "privacy.yaml").write_text(json.dumps(mine))
    assert "Privacy here" in (await _run(tmp_path, "list"))[1]
    assert (await _run(tmp_path, "check"))[1] == "10 playbooks checked: no faults.\n"
    (own / "privacy.yaml").write_text(json.dumps({**mine, "runbooks": ["no-such-runbook"]}, indent=1))
    code, out, _ = await _run(tmp_path, "check")
    assert code == 2
    assert out.startswith("privacy.yaml:")
    assert "runbooks" in out
    assert "no-such-runbook is no runbook" in out
    code, out, _ = await _run(tmp_path, "check", str(own / "privacy.yaml"), "--json")
    assert (code, json.loads(out)[0]["file"]) == (2, "privacy.yaml")
