"""The handbook we ship says what policy, tiers and clocks say, and can be searched well."""

import re
import subprocess
import sys
from datetime import date

import pytest

from bot.cli_ask import pages_in_force
from severity.clock_rows import Limit
from severity.clocks import load_clocks
from severity.levels import Severity
from severity.officehours.answer import ask
from severity.officehours.corpus import SHIPPED, Corpus
from severity.officehours.gaps import Asked, gaps
from severity.officehours.rendered import duration, rendered_pages, sections_of
from severity.officehours.search import Index
from severity.policy import load_policy
from severity.taxonomy import harm_classes
from severity.tiers import load_tiers


@pytest.fixture(scope="module")
def sections():
    corpus = Corpus()
    assert not corpus.faults
    return corpus.sections


@pytest.fixture(scope="module")
def text(sections):
    return {(section.file[3:-3], section.anchor): " ".join(section.text.split()) for section in sections}


def test_it_has_forty_pages_of_text_each_section_of_a_readable_length(sections):
    lengths = {section.address: len(section.text.split()) for section in sections}
    assert sum(lengths.values()) > 40 * 450 and len({section.file for section in sections}) >= 20
    assert {address: n for address, n in lengths.items() if not 25 <= n <= 250} == {}


@pytest.fixture(scope="module")
def in_force(sections):
    """The pages with the rules in force, as the command line asks them without an extra."""
    return Index((*sections, *sections_of(pages_in_force(), "")))


@pytest.mark.parametrize(
    ("question", "address"),
    [
        ("Our waiver runs out soon, may we extend it?", "09-exceptions-and-waivers.md#renewing-a-waiver"),
        ("May somebody stop the system at night?", "16-human-oversight.md#stopping-the-system"),
        (
            "Our chatbot just told a customer how to hurt themselves",
            "06-severity-examples.md#chatbot-encourages-self-harm",
        ),
    ],
)
def test_a_question_that_somebody_has_in_need_is_shown_the_section_that_helps_first(in_force, question, address):
    assert ask(in_force, question).citations[0].address == address


def test_a_question_about_something_else_is_not_shown_who_owns_a_rule(in_force):
    shown = ask(in_force, "What is the owner policy of lunch?").citations
    assert any(each.file == "rendered/policy.md" for each in shown)
    assert not [each.quote for each in shown if each.quote.startswith("Owner:")]


def test_every_page_has_an_owner_and_a_reviewed_date(sections):
    assert {section.file for section in sections if not section.owner or not section.reviewed} == set()
    assert all(section.reviewed <= date(2026, 12, 31) for section in sections)


def test_controls_of_each_tier_are_those_in_force(text):
    tree = load_tiers()
    names = ["tier-0-highest-risk", "tier-1-high-risk", "tier-2-moderate-risk", "tier-3-low-risk"]
    for tier, name in enumerate(names):
        page, controls = text["risk-tiers-and-controls", name].lower(), tree.controls(tier)
        assert f"every {controls.revalidation_days} days" in page
        for words in (controls.evaluation, controls.monitoring, controls.red_team, controls.sign_off):
            said = set(re.findall(r"[a-z-]{5,}", words.lower()))
            missing = {word for word in said if word[:5] not in page}
            assert len(missing) <= len(said) * 0.25, (tier, words, missing)
    late = text["risk-tiers-and-controls", "re-validation-and-what-happens-when-it-is-late"]
    assert all(f"{tree.controls(tier).revalidation_days} days" in late for tier in range(4))


PEOPLE = {"people": "adults", "effect": "money_or_rights", "autonomy": "suggests", "data": "public", "reach": "public"}
HIGH = {
    "use": "high_stakes",
    "influence": "material",
    "people_high": "adults",
    "autonomy_high": "person",
    "reach_high": "limited",
}
SYSTEMS = {
    "customer-support-chatbot": [
        ({"use": "serves_people", **PEOPLE}, 2),
        ({"use": "serves_people", **PEOPLE, "autonomy": "irreversible"}, 1),
        ({"use": "serves_people", **PEOPLE, "reach": "mass"}, 1),
    ],
    "internal-assistant-for-staff": [
        (
            {
                "use": "staff_work",
                "people": "staff",
                "effect": "nuisance",
                "autonomy": "suggests",
                "data": "public",
                "reach": "organisation",
            },
            3,
        ),
        (
            {
                "use": "staff_work",
                "people": "staff",
                "effect": "nuisance",
                "autonomy": "suggests",
                "data": "personal",
                "reach": "organisation",
            },
            2,
        ),
        (
            {
                "use": "staff_work",
                "people": "staff",
                "effect": "nuisance",
                "autonomy": "suggests",
                "data": "sensitive",
                "reach": "organisation",
            },
            1,
        ),
    ],
    "hiring-and-cv-screening": [
        ({**HIGH, "area": "employment"}, 1),
        ({**HIGH, "area": "employment", "autonomy_high": "system"}, 0),
        ({**HIGH, "area": "employment", "influence": "narrow", **PEOPLE, "reach": "organisation"}, 2),
    ],
    "credit-scoring-and-lending": [
        ({**HIGH, "area": "essential_services"}, 1),
        ({**HIGH, "area": "essential_services", "reach_high": "mass"}, 0),
    ],
    "medical-triage-and-diagnosis": [
        ({"use": "product_safety", "people_high": "vulnerable"}, 0),
        ({"use": "serves_people", "people": "adults", "effect": "health_or_safety", "autonomy_high": "system"}, 0),
        (
            {
                "use": "serves_people",
                "people": "adults",
                "effect": "health_or_safety",
                "autonomy_high": "person",
                "reach_high": "limited",
            },
            1,
        ),
    ],
    "fraud-detection": [
        ({"use": "high_stakes", "area": "none_of_these", **PEOPLE, "reach": "organisation"}, 2),
        ({"use": "high_stakes", "area": "none_of_these", **PEOPLE, "autonomy": "irreversible"}, 1),
    ],
    "content-moderation": [
        ({"use": "high_stakes", "area": "none_of_these", **PEOPLE}, 2),
        ({"use": "high_stakes", "area": "none_of_these", **PEOPLE, "people": "vulnerable"}, 1),
    ],
    "coding-assistant-and-coding-agent": [
        (
            {
                "use": "staff_work",
                "people": "staff",
                "effect": "nuisance",
                "autonomy": "approved",
                "data": "personal",
                "reach": "team",
            },
            2,
        ),
        (
            {
                "use": "staff_work",
                "people": "staff",
                "effect": "nuisance",
                "autonomy": "irreversible",
                "data": "personal",
                "reach": "team",
            },
            1,
        ),
    ],
    "education-and-grading": [
        ({**HIGH, "area": "education"}, 1),
        ({**HIGH, "area": "education", "people_high": "vulnerable"}, 0),
    ],
    "industrial-control-and-infrastructure": [
        ({**HIGH, "area": "infrastructure"}, 1),
        ({**HIGH, "area": "infrastructure", "autonomy_high": "system"}, 0),
        ({**HIGH, "area": "infrastructure", "influence": "narrow", **PEOPLE, "reach": "team"}, 2),
    ],
}


@pytest.mark.parametrize("anchor", SYSTEMS)
def test_the_tier_of_each_example_is_what_the_questions_give(text, anchor):
    tree = load_tiers()
    for answers, tier in SYSTEMS[anchor]:
        assert tree.next({"practice": "none", **answers}).tier == tier, answers
        assert f"tier {tier}" in text["tiering-common-systems", anchor]


EXAMPLES = {
    "chatbot-shows-another-customers-address": [
        (["H4"], {"personal_data": "others", "scope": "few", "ongoing": "yes"}, "SEV2"),
        (["H4"], {"personal_data": "others", "scope": "many", "ongoing": "yes"}, "SEV1"),
        (["H4"], {"personal_data": "special", "scope": "many"}, "SEV1"),
    ],
    "chatbot-encourages-self-harm": [
        (["H1"], {"self_harm": "at_risk", "vulnerable": "yes"}, "SEV2"),
        (["H1"], {"self_harm": "at_risk", "vulnerable": "yes", "ongoing": "yes"}, "SEV1"),
        (["H1"], {"self_harm": "acted"}, "SEV1"),
    ],
    "resume-screener-rejects-more-women": [
        (["H2"], {"disparity": "essential"}, "SEV2"),
        (["H2"], {"disparity": "essential", "ongoing": "yes"}, "SEV1"),
        (["H2"], {"disparity": "essential", "rights_law": "plausible"}, "SEV1"),
    ],
    "agent-deletes-a-production-table": [
        (["H8"], {"agent_action": "irreversible", "losses": "material"}, "SEV2"),
        (["H8"], {"agent_action": "irreversible", "losses": "material", "ongoing": "yes"}, "SEV1"),
        (["H8"], {"agent_action": "control_lost"}, "SEV1"),
    ],
    "invented-citation-filed-in-court": [
        (["H6"], {"relied_on": "consequential"}, "SEV2"),
        (["H6"], {"relied_on": "corrected"}, "SEV3"),
        (["H6"], {"relied_on": "no"}, "SEV4"),
    ],
    "prompt-injection-in-a-mail-assistant": [
        (["H5"], {"compromise": "limited"}, "SEV3"),
        (["H5"], {"compromise": "limited", "ongoing": "yes"}, "SEV2"),
        (["H5"], {"compromise": "cross_user"}, "SEV1"),
    ],
    "sexual-image-of-a-minor": [(["H3"], {"minors": "targeted"}, "SEV1")],
    "refund-bot-pays-too-much": [(["H9"], {"losses": "material"}, "SEV2"), (["H9"], {"losses": "small"}, "SEV3")],
    "payment-system-down-nationwide": [
        (["H9"], {"critical_service": "serious"}, "SEV0"),
        (["H9"], {"critical_service": "significant"}, "SEV1"),
        (["H9"], {"critical_service": "local"}, "SEV3"),
    ],
    "deepfake-used-for-fraud": [
        (["H7"], {"misuse": "used"}, "SEV2"),
        (["H7"], {"misuse": "used", "ongoing": "yes"}, "SEV1"),
        (["H7"], {"misuse": "content"}, "SEV3"),
    ],
    "red-team-finds-an-open-door": [
        (["H5"], {"compromise": "cross_user", "materialisation": "issue"}, "SEV2"),
        (["H5"], {"compromise": "cross_user", "materialisation": "not_sure"}, "SEV1"),
    ],
    "filter-blocks-a-dangerous-answer": [
        (["H7"], {"misuse": "content", "materialisation": "mechanism_worked"}, "SEV4")
    ],
    "self-driving-cart-nearly-hits-a-worker": [
        (["H1"], {"physical_harm": "grave", "materialisation": "near_miss"}, "SEV1")
    ],
    "rude-answer-noticed-at-once": [
        (["H3"], {"toxic_content": "rude"}, "SEV4"),
        (["H3"], {"toxic_content": "rude", "ongoing": "yes"}, "SEV3"),
    ],
}


@pytest.mark.parametrize("anchor", EXAMPLES)
def test_the_severity_of_each_example_is_what_the_policy_answers(text, anchor):
    policy = load_policy()
    for classes, given, severity in EXAMPLES[anchor]:
        best = {fact.name: next(iter(fact.answers)) for fact in policy.questions_for(classes)}
        answers = best | {"materialisation": "event", "scope": "one", "ongoing": "no"} | given
        assert str(policy.evaluate(answers, classes).severity) == severity, given
        assert severity in text["severity-examples", anchor]


def test_targets_are_those_in_force(text):
    page = text["severity-rubric", "targets-per-severity"]
    parts = {Severity.SEV0: page, Severity.SEV1: page} | {
        severity: re.search(rf"For {severity}: ([^.]*)\.", page)[1]
        for severity in (Severity.SEV2, Severity.SEV3, Severity.SEV4)
    }
    for severity, targets in load_policy().targets.items():
        for verb, value in {
            "detect within": targets.detect,
            "acknowledge within": targets.acknowledge,
            "mitigate within": targets.mitigate,
            "post an update every": targets.update_every,
        }.items():
            if value:
                assert f"{verb} {duration(value)}" in parts[severity], (severity, verb)


def test_every_harm_class_and_every_kind_of_material_change_is_explained(text):
    headings = " ".join(anchor for file, anchor in text if file == "harm-classes")
    assert all(re.search(rf"\b{name.lower()}-", headings) for name in harm_classes())
    listed = text["material-change", "what-a-material-change-is"].lower()
    for change in load_tiers().material_changes:
        words = [word.lower()[:7] for word in re.findall(r"\w{5,}", change.title)]
        assert any(word in listed for word in words), change.title


CLOCKS = {
    "eu-aia-73-2": "eu-ai-act-provider-of-a-high-risk-system",
    "eu-aia-73-3": "eu-ai-act-provider-of-a-high-risk-system",
    "eu-aia-73-4": "eu-ai-act-provider-of-a-high-risk-system",
    "eu-gpai-9.3": "general-purpose-models-with-systemic-risk",
    "eu-gdpr-33": "gdpr-personal-data-breach",
    "eu-nis2-23": "nis2-significant-incident",
    "eu-dora-19": "dora-major-ict-incident-of-a-financial-entity",
    "eu-cra-14": "cyber-resilience-act",
    "us-ca-sb53": "california-sb-53",
    "us-ny-raise": "new-york-raise-act",
    "us-hipaa": "hipaa-sec-and-california-breach-notices",
    "us-sec-1.05": "hipaa-sec-and-california-breach-notices",
    "us-ca-sb446": "hipaa-sec-and-california-breach-notices",
    "us-circia": "circia-is-switched-off",
}


@pytest.mark.parametrize("clock_id", CLOCKS)
def test_every_limit_of_a_clock_is_the_one_in_force(text, clock_id):
    page = text["regulator-clocks", CLOCKS[clock_id]].replace("one month", "1 month")
    for stage in load_clocks().clock(clock_id).stages:
        for limit in (stage.limit, stage.wall):
            if isinstance(limit, Limit):
                assert limit.words in page, (stage.id, limit.words)


def test_no_clock_is_left_out():
    assert {clock.id for clock in load_clocks()} == {*CLOCKS, "eu-aia-26-5"}


def test_policy_tiers_and_clocks_can_be_read_as_pages():
    pages = rendered_pages(load_policy(), load_tiers(), load_clocks())
    found = {section.address: section.text for section in sections_of(pages)}
    assert "Re-validation: every 90 days." in found["rendered/tiers.md#tier-0-controls-highest-risk"]
    assert "72 hours" in found["rendered/clocks.md#clock-eu-gdpr-33-gdpr-personal-data-breach"]
    assert "Acknowledge within 15 minutes." in found["rendered/policy.md#targets-of-sev1"]


def test_gaps_cluster_what_was_not_answered_and_name_old_pages(sections):
    asked = [
        Asked("How long is the parental leave?", "abstained"),
        Asked("How long does parental leave take?", "unsure"),
        Asked("Who grants a waiver?", "answered", wrong=True),
    ]
    found = gaps(asked, sections, date(2028, 1, 1))
    assert found.unanswered[0].count == 2 and found.wrong[0].questions == ("Who grants a waiver?",)
    assert len(found.stale) == len({section.file for section in sections})
    assert gaps(asked, sections, date(2026, 12, 1)).stale == ()


def test_importing_office_hours_does_not_import_what_is_heavy():
    heavy = ("numpy", "bm25s", "langchain_core", "tokenizers")
    code = "import sys, severity.officehours.answer, severity.officehours.langchain, severity.officehours.rephrase; "
    code += f"print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_no_typical_question_stands_below_two_headings_of_one_page(sections):
    places = [(section.file, question) for section in sections for question in section.asks]
    assert len(places) > 150
    assert len(places) - len(set(places)) <= 2, "a question may belong to two sections, as an exception"


def test_the_shipped_folder_is_the_handbook():
    assert SHIPPED.name == "handbook"
