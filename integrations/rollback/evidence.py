"""Hashes of what a service answered, so that evidence can be recognised later."""

import hashlib
import json


def digest(value: object) -> str:
    """SHA-256 of a JSON value in one fixed spelling."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
