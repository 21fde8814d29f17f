"""A language model comes from the operator's environment, or not at all."""

import pytest

from bot.language_model import language_model
from bot.settings import BadSetting, Settings


def settings(**changed: object) -> Settings:
    return Settings(_env_file=None, **changed)  # type: ignore[arg-type, call-arg]


def test_without_a_model_named_there_is_none() -> None:
    assert language_model(settings()) is None


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"llm_model": "evil:model"}, "LLM_MODEL"),
        ({"llm_model": "openai:x", "llm_base_url": "http://10.0.0.1/v1"}, "LLM_BASE_URL"),
    ],
)
def test_abuse_31_the_bot_does_not_start_with_a_doubtful_model(changed: dict[str, str], named: str) -> None:
    with pytest.raises(BadSetting, match=named):
        language_model(settings(**changed))


def test_the_bot_does_not_start_while_reports_would_be_copied_to_langsmith(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANGSMITH_TRACING", "true")
    with pytest.raises(BadSetting, match="LANGSMITH_TRACING"):
        language_model(settings(llm_model="openai:x"))
    assert language_model(settings(llm_model="openai:x", llm_tracing_allowed=True)) is not None
