"""Closeness in meaning, where the optional extra is installed (`pip install rai-incident[semantic]`).

A vector per word piece from the `wordllama` package, averaged: no network, no model server, milliseconds. The package
is never imported; its weights and tokenizer are data files that come in its wheel.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import numpy as np

WEIGHTS = "weights/l2_supercat_256.safetensors"
TOKENIZER = "tokenizers/l2_supercat_tokenizer_config.json"
MAX_CHARS = 4_000
"""Characters of a text that count; the beginning of a section says what it is about."""


class Meaning(Protocol):
    """Texts -> rows of unit length; a text without a known word is all zeros."""

    def vectors(self, texts: Sequence[str]) -> np.ndarray[Any, Any]: ...


class WordVectors:
    """The mean of a text's word-piece vectors."""

    def __init__(self, table: np.ndarray[Any, Any], tokenizer: Any) -> None:
        self._table = table
        self._tokenizer = tokenizer

    def vectors(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        import numpy as np

        rows = np.zeros((len(texts), self._table.shape[1]), dtype=np.float32)
        pieces = self._tokenizer.encode_batch_fast([text[:MAX_CHARS] for text in texts], add_special_tokens=False)
        for row, each in zip(rows, pieces, strict=True):
            if each.ids:
                mean = self._table[each.ids].mean(0)
                row[:] = mean / (np.linalg.norm(mean) or 1.0)
        return rows


@lru_cache(maxsize=1)
def load_meaning() -> Meaning | None:
    """The installed vectors, or None where the extra is not installed or its files are not what we know."""
    spec = find_spec("wordllama")
    if spec is None or not spec.origin:
        return None
    folder = Path(spec.origin).parent
    if not (folder / WEIGHTS).is_file() or not (folder / TOKENIZER).is_file():
        return None
    # By name: both come with the extra and are absent without it.
    tokenizer = import_module("tokenizers").Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    (table,) = import_module("safetensors.numpy").load_file(str(folder / WEIGHTS)).values()
    return WordVectors(table.astype("float32"), tokenizer)
