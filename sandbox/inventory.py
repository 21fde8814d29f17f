"""The bot's inventory of this world: the one AI system, and the levers by which it can be rolled back."""

from pathlib import Path
from typing import Any

from sandbox.levers import policy, registry, switch
from sandbox.levers.policy import Policy


def support_assistant(url: str, flags_file: Path, guardrails: Policy) -> dict[str, Any]:
    """The entry of systems.yaml for the assistant that runs at `url`. Ids of targets are the runbooks' levers."""
    assistant = f"{url}/assistant"
    status = {"verify_url": f"{assistant}/status", "allow_private": True}
    flag = {"kind": "openfeature", "file": str(flags_file), **status, "class": "disruptive"}
    targets: list[dict[str, Any]] = [
        {
            "id": "model-version",
            "title": "Model version",
            "does": "Model v1 answers again, for all customers.",
            **flag,
            "flag": "assistant-model",
            "to": "v1",
            "verify_field": "model_version",
        },
        {
            "id": "prompt-version",
            "title": "System prompt",
            "does": "The prompt before the last one: ask for the order number.",
            "kind": "mlflow",
            "class": "disruptive",
            "url": f"{assistant}/registry",
            "model": registry.MODEL,
            "alias": registry.ALIAS,
            "to": "6",
            **status,
            "verify_field": "prompt_version",
        },
        {
            "id": "tool-permissions",
            "title": "Order look-up",
            "does": "The assistant cannot read orders; people answer about them.",
            "kind": "webhook",
            "class": "disruptive",
            "url": f"{assistant}/gateway",
            "secret_env": switch.SECRET_VARIABLE,
            "to": "off",
            **status,
            "verify_field": "order_lookup",
        },
        {
            "id": "kill-switch",
            "title": "Kill switch",
            "does": "Nobody gets an answer from the assistant.",
            **flag,
            "flag": "assistant-enabled",
            "to": "off",
            "verify_field": "enabled",
        },
    ]
    if guardrails.here:
        targets.insert(
            2,
            {
                "id": "guardrail-policy",
                "title": "Guardrail policy",
                "does": "Answers about another customer's order are held back.",
                "kind": "gitfile",
                "class": "routine",
                "repository": str(guardrails.repository),
                "branch": policy.BRANCH,
                "file": policy.FILE,
                "to": "previous",
                **status,
                "verify_field": "guardrails_sha256",
            },
        )
    return {
        "id": "support-assistant",
        "name": "Support assistant",
        "owner": "U0RAILEAD1",
        "tier": 1,
        "surfaces": ["web chat"],
        "data_classes": ["customer orders", "addresses"],
        "regimes": ["gdpr", "eu-ai-act-deployer"],
        "on_call_service": "PSUPPORT",
        "on_call": ["U0ONCALL01"],
        "endpoint": assistant,
        "ask": {
            "path": "/chat",
            "body": {"session": "{session}", "message": "{prompt}"},
            "reply": "reply",
            "harmful": "leaked",
            "allow_private": True,
        },
        "rollback_targets": targets,
    }
