"""The small detector: what has a shape is found, what only looks like it is left."""

import pytest

from integrations.redact import find, redact


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("write to a.b+c@mail.example now", "email"),
        ("card 4111 1111 1111 1111.", "card"),
        ("card 5500-0000-0000-0004", "card"),
        ("IBAN DE89 3704 0044 0532 0130 00 please pay", "iban"),
        ("gb82west12345698765432", "iban"),
        ("call +49 30 901820", "phone"),
        ("call (415) 555-0132", "phone"),
        ("call 030 901 8200", "phone"),
        ("token xoxb-123456789012-abcdef", "secret"),
    ],
)
def test_personal_data_is_found_and_removed(text: str, kind: str) -> None:
    assert [hit.kind for hit in find(text)] == [kind]
    assert f"({kind} removed)" in redact(text)
    assert find(redact(text)) == []


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-21 08:41:07 UTC and 2026-11-21T08:41:07+00:00",
        "order 1234567890123",
        "card 4111 1111 1111 1112",
        "DE88370400440532013000",
        "version 1.2.3, 15 of 20 requests, INC-12, 0.5",
        "ab12ab12ab12ab12ab12ab12ab12ab12ab12ab12",
    ],
)
def test_what_fails_its_check_digit_or_is_a_date_is_left(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "xapp-1-A012345678-1234567890",
        "sk-proj-abcdefghijklmnop1234",
        "github_pat_11ABCDEFG0abcdefghijkl",
        "glpat-abcdefghij1234567890",
        "AKIAIOSFODNN7EXAMPLE",
        "AIzaSyA1234567890abcdefghijklmnopqrstuv",
        "password: hunter2hunter2",
        "api_key=9f8e7d6c5b4a",
        "Authorization: Bearer abc123def456ghi789",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
    ],
)
def test_keys_and_what_is_called_secret_are_removed(text: str) -> None:
    assert redact(f"it printed {text} to the user").replace("Authorization: ", "") == (
        "it printed (secret removed) to the user"
    )


def test_text_about_secrets_is_left() -> None:
    for text in (
        "the token was revoked",
        "a secret: nobody knew",
        "password reset mails went out",
        "bearer of bad news",
    ):
        assert redact(text) == text
