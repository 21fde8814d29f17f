"""The language model as this bot uses it: made from the operator's settings, paid from a daily allowance."""

from pydantic import BaseModel

from bot.parts import parts
from bot.settings import BadSetting, Settings
from incidents import budgets
from incidents.db import writing
from integrations.model import LanguageModel, ModelRefused, Unavailable


def language_model(settings: Settings) -> LanguageModel | None:
    """The gateway; None where no model is configured. Raises BadSetting: the bot does not start with a doubtful one."""
    if settings.llm_model is None:
        return None
    try:
        return LanguageModel(settings.llm_model, settings.llm_base_url, tracing_allowed=settings.llm_tracing_allowed)
    except ModelRefused as error:
        raise BadSetting(str(error)) from None


def ask(schema: type[BaseModel], system: str, user: str) -> BaseModel | str:
    """One call within the time limit and today's allowance: the answer, or why there is none."""
    model, settings = parts().model, parts().settings
    if model is None:
        return "no language model is configured"

    def spend() -> bool:
        with writing(parts().db) as session:
            return budgets.spend(session, "language model", settings.llm_daily_calls)

    answer = model.structured(schema, system, user, timeout=settings.llm_timeout_seconds, budget=spend)
    return answer.reason if isinstance(answer, Unavailable) else answer
