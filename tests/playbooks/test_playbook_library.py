"""The shipped playbooks are whole, and a broken file is refused with file, line, key and reason."""

import re
from pathlib import Path
from typing import get_args

import pytest

from playbooks import filling
from playbooks.comms import TITLES, Template, cautions, render
from playbooks.library import LIBRARY, check_playbook, load_library, wording
from playbooks.schema import KINDS, Who
from runbooks.catalogue import load_catalogue
from runbooks.schema import ROLES
from severity.taxonomy import HARM_CLASS_IDS, harm_classes

RUNBOOKS = load_catalogue().definitions
SHIPPED = load_library(runbooks=RUNBOOKS)
every_class = pytest.mark.parametrize("harm_class", HARM_CLASS_IDS)
every_text = pytest.mark.parametrize(
    ("harm_class", "kind"), [(name, kind) for name in HARM_CLASS_IDS for kind in KINDS]
)
RECORD = {
    "incident": {
        "number": "INC-7",
        "severity": "SEV1",
        "status": "mitigated",
        "onset_at": "2026-11-21 07:00 UTC",
        "detected_at": "2026-11-21 08:00 UTC",
        "declared_at": "2026-11-21 08:05 UTC",
        "aware_at": "2026-11-21 08:10 UTC",
        "mitigated_at": "2026-11-21 09:00 UTC",
        "next_update_at": "2026-11-21 10:00 UTC",
    },
    "system": {"name": "Support assistant", "surfaces": "web chat"},
    "fill": {name: f"the {name}" for name in filling.blanks().fill},
}


def test_every_harm_class_has_a_playbook_and_no_file_is_refused() -> None:
    assert SHIPPED.faults == ()
    assert set(SHIPPED.playbooks) == set(HARM_CLASS_IDS)


@every_class
def test_a_playbook_is_named_as_the_taxonomy_names_the_harm(harm_class: str) -> None:
    assert SHIPPED.playbooks[harm_class].title == harm_classes()[harm_class].title


@every_class
def test_a_playbook_names_runbooks_for_its_harm_that_exist(harm_class: str) -> None:
    named = [RUNBOOKS[name].runbook for name in SHIPPED.playbooks[harm_class].runbooks]
    assert harm_class in named[0].harm_classes


@every_class
def test_every_runbook_for_a_harm_is_in_its_playbook(harm_class: str) -> None:
    first = {item.runbook.id for item in RUNBOOKS.values() if item.runbook.harm_classes == [harm_class]}
    assert first <= set(SHIPPED.playbooks[harm_class].runbooks)


@every_class
def test_legal_and_communications_are_told_and_nobody_twice(harm_class: str) -> None:
    told = [each.who for each in SHIPPED.playbooks[harm_class].tell]
    assert {"legal", "communications", "support", "vendor"} <= set(told)
    assert len(told) == len(set(told))


def test_the_roles_of_playbooks_are_those_of_runbooks_and_the_vendor() -> None:
    assert set(get_args(Who)) == {*ROLES, "vendor"}


@every_text
def test_a_text_without_a_record_shows_every_blank_and_nothing_breaks(harm_class: str, kind: str) -> None:
    draft = render(_template(harm_class, kind), {})
    assert draft.blanks
    assert all(f"[{blank}]" in draft.text for blank in draft.blanks)
    assert "{{" not in draft.text


@every_text
def test_a_text_with_everything_filled_has_no_blank_left(harm_class: str, kind: str) -> None:
    draft = render(_template(harm_class, kind), RECORD)
    assert draft.blanks == ()
    assert "[" not in draft.text


@every_text
def test_a_text_keeps_our_own_rules_of_wording_and_holds_no_personal_data(harm_class: str, kind: str) -> None:
    assert cautions(render(_template(harm_class, kind), RECORD).text) == []


@every_text
def test_a_text_fits_into_slacks_form_with_room_to_write(harm_class: str, kind: str) -> None:
    assert len(render(_template(harm_class, kind), {}).text) <= 2500


@every_text
def test_a_text_uses_no_words_of_our_trade_and_no_exclamation_marks(harm_class: str, kind: str) -> None:
    text = render(_template(harm_class, kind), RECORD).text
    assert "!" not in text
    if kind in ("status-page", "customer-notice"):
        assert not re.search(r"\b(LLM|prompt|hallucinat\w*|inference|guardrail|SEV\d|rollback|embedding)\b", text)


@every_class
def test_a_notice_to_people_says_what_happened_only_as_a_possibility_or_a_correction(harm_class: str) -> None:
    happened = SHIPPED.playbooks[harm_class].messages.customer_notice.happened
    assert re.search(r"\bmay\b|\bwhether\b|\breports?\b", happened)


@every_class
def test_a_note_to_an_authority_admits_nothing_and_says_what_is_open(harm_class: str) -> None:
    text = render(_template(harm_class, "regulator-note"), RECORD).text
    assert "without admission of responsibility" in text
    assert "Not established yet:" in text


def test_every_blank_is_used_somewhere() -> None:
    texts = "".join(path.read_text() for folder in (LIBRARY, filling.TEMPLATES) for path in folder.iterdir())
    groups = filling.blanks().groups()
    unused = [f"{group}.{name}" for group, names in groups.items() for name in names if f"{group}.{name}" not in texts]
    assert unused == ["incident.declared_at"] or unused == []


def test_a_broken_file_is_refused_with_line_key_and_reason_and_hides_nothing(tmp_path: Path) -> None:
    text = (LIBRARY / "h4-privacy.yaml").read_text()
    text = text.replace("personal-data-stored", "no-such-runbook").replace(
        "{{ fill.data_kinds }}", "{{ incident.title }}", 1
    )
    text = text.replace("{{ fill.measure }}", "{% for x in y %}{% endfor %}", 1)
    (tmp_path / "mine.yaml").write_text(text)
    lines = [str(fault) for fault in check_playbook(tmp_path / "mine.yaml", RUNBOOKS)]
    assert any(re.match(r"mine\.yaml:\d+: runbooks\[1\]: no-such-runbook is no runbook", line) for line in lines)
    assert any(
        "messages.internal-update.known: template error: there is no blank incident.title" in line for line in lines
    )
    assert any("for is not allowed in a playbook" in line for line in lines)
    loaded = load_library([tmp_path], runbooks=RUNBOOKS)
    assert loaded.playbooks["H4"] == SHIPPED.playbooks["H4"]
    assert loaded.faults


@pytest.mark.parametrize(
    "text", ["{{ " + "(" * 20_000 + ")" * 20_000, "{{ incident" + ".x" * 5_000 + " }}", "{{ " + "9" * 9_000]
)
def test_a_text_that_would_break_the_reader_is_a_fault_and_not_a_crash(text: str) -> None:
    [fault] = filling.faults(text)
    assert fault.startswith("template error: ")


def test_an_own_playbook_replaces_ours_of_the_same_class(tmp_path: Path) -> None:
    text = (LIBRARY / "h4-privacy.yaml").read_text().replace("title: Privacy, data exposure", "title: Our own")
    (tmp_path / "mine.yaml").write_text(text)
    assert load_library([tmp_path], runbooks=RUNBOOKS).playbooks["H4"].title == "Our own"


def test_two_own_playbooks_for_one_class_are_refused(tmp_path: Path) -> None:
    text = (LIBRARY / "h4-privacy.yaml").read_text()
    (tmp_path / "a.yaml").write_text(text)
    (tmp_path / "b.yaml").write_text(text)
    assert [str(fault) for fault in load_library([tmp_path]).faults] == [
        "b.yaml:1: harm_class: H4 has a playbook already, a.yaml"
    ]


def test_the_wording_file_is_in_small_letters_as_it_is_compared() -> None:
    assert all(words == words.casefold() for caution in wording() for words in caution.words)


def _template(harm_class: str, kind: str) -> Template:
    known = next(each for each in TITLES if each == kind)
    return Template(SHIPPED.playbooks[harm_class], known)
