"""The registry alias against the sandbox's registry: MLflow's paths and answers without MLflow's 850 MB.

`make test-real` asks the same of MLflow itself (test_rollback_real.py).
"""

from collections.abc import Callable
from typing import Any

import pytest
from rollback_contract import Contract, Lever, planned
from starlette.applications import Starlette

from integrations.rollback.base import TargetError
from sandbox.faults import Faults
from sandbox.levers.registry import ALIAS, MODEL, PromptRegistry


class Registry(Lever):
    before, after, newer = "7", "6", "5"

    def __init__(self, serve: Callable[[Any], Any]) -> None:
        self.registry = PromptRegistry(lambda: None, Faults(lambda: None))
        self.served = serve(Starlette(routes=self.registry.routes()))

    def entry(self) -> dict[str, Any]:
        return {
            "id": "prompt",
            "kind": "mlflow",
            "url": self.served.url,
            "allow_private": True,
            "model": MODEL,
            "alias": ALIAS,
            "to": "6",
        }

    def value(self) -> str:
        return self.registry.version

    def move(self, value: str) -> None:
        self.registry.version = value

    def changes(self) -> int:
        return len([path for method, path in self.served.calls if method == "POST" and path.endswith("/alias")])

    def lose(self) -> None:
        self.served.losing, self.served.losing_at = 1, "/registered-models/alias"

    def refuse(self, status: int, headers: dict[str, str]) -> None:
        self.served.refusing = [(status, headers)]


class TestRegistryAlias(Contract):
    @pytest.fixture
    def lever(self, serve: Callable[[Any], Any]) -> Registry:
        return Registry(serve)

    @pytest.mark.parametrize(
        ("changes", "words"),
        [
            ({"alias": "nonsense"}, "the alias nonsense"),
            ({"model": "nonsense"}, "no model nonsense"),
            ({"to": "9"}, "a version 9"),
        ],
    )
    def test_what_the_registry_does_not_have_is_named(self, lever: Lever, changes: dict[str, str], words: str) -> None:
        with pytest.raises(TargetError, match=words):
            planned(lever.target(**changes))
