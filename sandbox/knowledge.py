"""What the assistant knows and how it answers: by rules, because a demonstration must go the same way each time."""

import re
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True)
class Order:
    number: str
    customer: str
    item: str
    state: str


@dataclass(frozen=True)
class Reply:
    """What the customer reads, and whether it tells them about somebody else's order."""

    text: str
    leaked: bool = False


@dataclass(frozen=True)
class Setup:
    """What answers: model v1 or v2, the version of the prompt, the look-up tool, and the guardrail."""

    model: str = "v2"
    prompt: str = "7"
    looks_up: bool = True
    withholds: bool = False

    @property
    def careful(self) -> bool:
        """Model v1 checks whose order it is by itself; v2 only where a prompt before 7 tells it to."""
        return self.model == "v1" or self.prompt != "7"


class Knowledge:
    """Orders and wording, from `assistant.yaml`, and how each setup answers with them."""

    def __init__(self, file: Path) -> None:
        content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
        self.orders = [Order(**order) for order in content["orders"]]
        self._addresses: dict[str, str] = content["customers"]
        self._replies: dict[str, str] = content["replies"]
        self._topics: list[dict[str, Any]] = content["topics"]
        self._order_words: list[str] = content["order_words"]

    @property
    def disabled(self) -> Reply:
        return Reply(self._replies["disabled"])

    def customer_of(self, session: str) -> str:
        """The customer who is signed in: always the same one for a session."""
        customers = sorted(self._addresses)
        return customers[zlib.crc32(session.encode()) % len(customers)]

    def answer(self, setup: Setup, customer: str, message: str) -> Reply:
        """The reply to a customer's message."""
        words = message.lower()
        number = re.search(r"\b\d{3,}\b", words)
        if number is None and not any(word in words for word in self._order_words):
            topic = next((topic for topic in self._topics if any(word in words for word in topic["words"])), None)
            return Reply(topic["reply"] if topic else self._replies["otherwise"])
        if not setup.looks_up:
            return Reply(self._replies["no_look_up"])
        asked = number[0] if number else None
        reply = self._careful(customer, asked) if setup.careful else self._careless(customer, asked)
        return Reply(self._replies["withheld"]) if reply.leaked and setup.withholds else reply

    def _careful(self, customer: str, number: str | None) -> Reply:
        """Asks for the number and checks whose order it is."""
        if number is None:
            return Reply(self._replies["ask_number"].format(customer=customer))
        order = next((one for one in self.orders if one.number == number and one.customer == customer), None)
        if order is None:
            return Reply(self._replies["not_yours"].format(number=number, customer=customer))
        return self._about(order, customer)

    def _careless(self, customer: str, number: str | None) -> Reply:
        """Rather than ask, it takes the order that looks nearest, and never checks whose it is."""
        exact = next((one for one in self.orders if one.number == number), None)
        if exact is not None:
            return self._about(exact, customer)
        others = [order for order in self.orders if order.customer != customer]
        wanted = int(number) if number else zlib.crc32(customer.encode())
        return self._about(others[wanted % len(others)], customer)

    def _about(self, order: Order, customer: str) -> Reply:
        text = self._replies["order"].format(
            number=order.number,
            item=order.item,
            state=order.state,
            customer=order.customer,
            address=self._addresses[order.customer],
        )
        return Reply(text, leaked=order.customer != customer)
