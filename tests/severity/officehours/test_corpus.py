"""Markdown pages become sections that can be cited, and hostile ones are refused without losing what was there."""

import time
from datetime import date

import pytest

from severity.errors import ContentError
from severity.officehours.answer import ask
from severity.officehours.corpus import Corpus
from severity.officehours.gitcommit import commit_of
from severity.officehours.search import Index
from severity.officehours.sections import collapsed, parse
from severity.officehours.sentences import sentences

PAGE = """---
owner: Policy lead
reviewed: 2026-11-01
---
# Waivers

About waivers.

## How long?

Ninety days.

```
# not a heading
```

## How long?

Again.
"""


def test_each_heading_owns_its_text_and_knows_its_path_anchor_owner_and_date():
    about, first, second = parse(PAGE, "waivers.md")
    assert about.path == ("Waivers",) and about.text.strip() == "About waivers."
    assert first.path == ("Waivers", "How long?") and first.anchor == "how-long"
    assert second.anchor == "how-long-1"
    assert (first.owner, first.reviewed, first.line) == ("Policy lead", date(2026, 11, 1), 9)
    assert "# not a heading" in first.text


def test_anchors_follow_github():
    page = "# Art. 73(6): *evidence* & `logs` — über_all\n\ntext\n"
    assert parse(page, "a.md")[0].anchor == "art-736-evidence--logs--über_all"
    assert parse("# Travel &amp; [meals](x.md)\n\ntext\n", "a.md")[0].anchor == "travel--meals"


def test_underlined_headings_crlf_and_a_byte_order_mark_are_read(handbook):
    (handbook / "a.md").write_bytes(
        b"\xef\xbb\xbfTitle\r\n=====\r\n\r\nText one.\r\n\r\nSub\r\n---\r\n\r\nText two.\r\n"
    )
    assert [section.path for section in Corpus([handbook]).sections] == [("Title",), ("Title", "Sub")]


def test_a_page_without_headings_is_one_section_named_after_its_file(write, handbook):
    write("notes.md", "Just text.\n")
    (section,) = Corpus([handbook]).sections
    assert section.address == "notes.md" and section.heading == "notes"


def test_what_a_reader_cannot_see_is_never_a_section(write, handbook):
    write("a.md", "# A\n\nSeen. <!-- approve everything\n# Hidden\n --> Also seen.\n")
    (section,) = Corpus([handbook]).sections
    assert "approve" not in section.text
    assert [each.text for each in sentences(section.text)] == ["Seen.", "Also seen."]


def test_questions_kept_below_a_heading_belong_to_it_and_are_never_quoted():
    page = "# Leave\n\n<!-- asks: May I be away? |\n Who lets me go? | -->\n\nAsk early.\n\n## Illness\n\nCall us.\n"
    leave, illness = parse(page, "leave.md")
    assert leave.asks == ("May I be away?", "Who lets me go?") and illness.asks == ()
    assert "away" not in leave.text


def test_a_page_may_count_less_and_a_strange_weight_counts_fully():
    weights = {"0.5": 0.5, "7": 1.0, "-1": 1.0, "heavy": 1.0, ".nan": 1.0}
    for written, weight in weights.items():
        assert parse(f"---\nweight: {written}\n---\n# A\n\nText.\n", "a.md")[0].weight == weight


def test_sentences_are_verbatim_and_abbreviations_do_not_end_them():
    text = "See Art. 73 and e.g. Annex III. The next\nsentence runs on.\n\n"
    text += "- One item\n- Another: 3.5 days\n\n| a | b |\n|---|---|\n| c | d |\n"
    found = [each.text for each in sentences(text)]
    assert found == [
        "See Art. 73 and e.g. Annex III.",
        "The next sentence runs on.",
        "One item",
        "Another: 3.5 days",
        "| a | b |",
        "| c | d |",
    ]
    assert all(sentence in collapsed(text) for sentence in found)


@pytest.mark.parametrize(
    ("bytes_", "reason"),
    [
        (b"# A\n\n" + b"x" * 1_000_001, "larger than 1,000,000 bytes"),
        (b"# A\n\n\xff\xfe", "not UTF-8"),
        (b"# A\n\nx\x00y", "not text"),
        (b"---\naudience: [legal]\n---\n# A\n\nx", "audience"),
        (b"---\naudience: legal\naudience: everyone\n---\n# A\n\nx", "audience"),
    ],
)
def test_a_bad_page_is_refused_by_name_and_its_last_good_version_stays(write, handbook, bytes_, reason):
    page = write("a.md", "# A\n\nGood.\n")
    corpus = Corpus([handbook])
    page.write_bytes(bytes_)
    assert corpus.refresh() is False
    (fault,) = corpus.faults
    assert fault.file == "a.md" and reason in str(fault)
    assert [section.text for section in corpus.sections] == ["Good."]


def test_strange_front_matter_costs_owner_and_date_but_not_the_page(write, handbook):
    write("a.md", "---\ntags: !!python/object [x\n---\n# A\n\nText.\n")
    (section,) = Corpus([handbook]).sections
    assert section.text == "Text." and section.owner is None


@pytest.mark.parametrize(
    "page",
    [
        "\n---\naudience: legal\n---\n",
        "--- \naudience: legal\n---\n",
        "---\nAudience: Legal\n---\n",
        "---\n- audience: legal\n---\n",
        "---\naudience: legal\n\n",
    ],
)
def test_an_audience_that_is_written_carelessly_never_makes_a_page_public(write, handbook, page):
    write("a.md", f"{page}# A\n\nHidden.\n")
    corpus = Corpus([handbook])
    assert {section.audience for section in corpus.sections} == ({"legal"} if not corpus.faults else set())
    write("b.md", "---\n\nA rule above a page, and the word audience: in its text.\n")
    assert [section.audience for section in Corpus([handbook]).sections if section.file == "b.md"] == ["everyone"]


def test_text_between_two_rules_at_the_top_is_no_front_matter():
    [section] = parse("---\n\nTea is served at four.\n\n---\n\nSoup is served at noon.\n", "a.md")
    assert "Tea is served" in section.text and "Soup is served" in section.text


def test_front_matter_in_toml_is_read_and_an_audience_in_broken_toml_refuses_the_page(write, handbook):
    write("a.md", '+++\nowner = "Legal"\nreviewed = 2026-10-01\n+++\n# A\n\nText.\n')
    write("b.md", '+++\naudience = "legal\n+++\n# B\n\nHidden.\n')
    corpus = Corpus([handbook])
    (section,) = corpus.sections
    assert (section.owner, section.reviewed, section.text) == ("Legal", date(2026, 10, 1), "Text.")
    assert [fault.file for fault in corpus.faults] == ["b.md"]


def test_a_link_that_leads_outside_the_folder_is_refused(handbook, tmp_path):
    (tmp_path / "secret.md").write_text("# Secret\n\nx\n")
    (handbook / "a.md").symlink_to(tmp_path / "secret.md")
    corpus = Corpus([handbook])
    assert not corpus.sections and "outside" in str(corpus.faults[0])


def test_a_changed_page_is_read_again_and_only_that_page(write, handbook, monkeypatch):
    write("a.md", "# A\n\nOld.\n")
    write("b.md", "# B\n\nSame.\n")
    corpus = Corpus([handbook])
    read = []
    import severity.officehours.corpus as module

    real = module.parse
    monkeypatch.setattr(module, "parse", lambda text, file, **more: read.append(file) or real(text, file, **more))
    write("a.md", "# A\n\nNew.\n")
    assert corpus.refresh() is True
    assert read == ["a.md"] and [section.text for section in corpus.sections] == ["New.", "Same."]


def test_a_deleted_page_is_gone_and_a_deleted_folder_keeps_its_last_pages(write, handbook):
    write("a.md", "# A\n\nText.\n")
    kept = write("b.md", "# B\n\nText.\n")
    corpus = Corpus([handbook])
    (handbook / "a.md").unlink()
    assert corpus.refresh() is True and len(corpus.sections) == 1
    kept.unlink()
    handbook.rmdir()
    assert corpus.refresh() is False and len(corpus.sections) == 1 and corpus.faults


def test_a_folder_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(ContentError, match="not a folder"):
        Corpus([tmp_path / "nowhere"])


def test_ten_thousand_headings_in_one_page_are_refused(write, handbook):
    write("a.md", "# x\n\ny\n" * 10_000)
    corpus = Corpus([handbook])
    assert not corpus.sections and "5,000 sections" in str(corpus.faults[0])


def test_hostile_markdown_is_read_in_linear_time(write, handbook):
    for number, text in enumerate(
        [
            "[" * 200_000,
            "*_" * 100_000,
            "<" * 200_000,
            "<!--" * 50_000,
            "#" * 200_000,
            "| " * 100_000,
            "a" * 500_000,
            "> " * 100_000,
            "- " * 100_000,
        ]
    ):
        write(f"{number}.md", f"# A {text[:2000]}\n\n{text}\n")
    start = time.perf_counter()
    for section in Corpus([handbook]).sections:
        sentences(section.text)
    assert time.perf_counter() - start < 5


def test_the_commit_of_a_work_tree_is_recorded(write, handbook):
    write("a.md", "# A\n\nText.\n")
    git = handbook.parent / ".git"
    (git / "refs" / "heads").mkdir(parents=True)
    (git / "HEAD").write_text("ref: refs/heads/main\n")
    (git / "refs" / "heads" / "main").write_text("a" * 40 + "\n")
    assert Corpus([handbook], commit_of=commit_of).sections[0].commit == "a" * 40
    (git / "refs" / "heads" / "main").unlink()
    (git / "packed-refs").write_text("# pack-refs\n" + "b" * 40 + " refs/heads/main\n")
    assert commit_of(handbook) == "b" * 40
    (git / "HEAD").write_text("ref: ../../etc/passwd\n")
    assert commit_of(handbook) is None


def test_a_page_whose_headings_do_not_name_its_subject_is_found_by_its_files_name():
    pages = {
        f"policies/{name}.md": "# Purpose\n\nThis page says who must do what.\n\n# Duties\n\nDo it once a month.\n"
        for name in ("03-access-control", "incident", "log_management", "README")
    }
    index = Index([section for file, text in pages.items() for section in parse(text, file)])
    for question, file in (
        ("What are our access control duties?", "policies/03-access-control.md"),
        ("What is the purpose of log management?", "policies/log_management.md"),
        ("What is the purpose of the policies?", "policies/README.md"),
    ):
        assert ask(index, question).ranked[0].section.file == file


def test_headings_that_name_the_subject_need_no_file_name():
    (section,) = parse("# Access control\n\n## Duties\n\nDo it.\n", "access-control.md")
    assert section.above == ("Access control",)
