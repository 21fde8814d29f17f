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
REMEMBERED = 200_000
"""Words whose pieces are kept."""
MAX_CHARS = 4_000
"""Characters of a text that count; the beginning of a section says what it is about."""


class Meaning(Protocol):
    """Texts -> rows of unit length; a text without a known word is all zeros."""

    def vectors(self, texts: Sequence[str]) -> np.ndarray[Any, Any]: ...


class WordVectors:
    """The mean of a text's word-piece vectors. The pieces of a word, which never reach across a space, are kept."""

    def __init__(self, table: np.ndarray[Any, Any], tokenizer: Any) -> None:
        self._table = table
        self._tokenizer = tokenizer
        self._pieces: dict[str, list[int]] = {}

    def vectors(self, texts: Sequence[str]) -> np.ndarray[Any, Any]:
        import numpy as np

        rows = np.zeros((len(texts), self._table.shape[1]), dtype=np.float32)
        # Half a surrogate pair, which a question from outside may hold, is refused by the tokenizer.
        split = [text[:MAX_CHARS].encode("utf-8", "replace").decode().split() for text in texts]
        if len(self._pieces) > REMEMBERED:
            self._pieces = {}
        known = self._pieces
        fresh = list({word for words in split for word in words if word not in known})
        if fresh:
            found = self._tokenizer.encode_batch_fast(fresh, add_special_tokens=False)
            known.update((word, each.ids) for word, each in zip(fresh, found, strict=True))
        for row, words in zip(rows, split, strict=True):
            ids = [piece for word in words for piece in known[word]]
            if ids:
                total = np.add.reduce(self._table[ids])
                row[:] = total / (float(np.dot(total, total)) ** 0.5 or 1.0)
        return rows


def closeness(rows: np.ndarray[Any, Any], vector: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The cosine of each row with a vector. Not `rows @ vector`, which wakes a thread per core for a millisecond's work
    and then waits for those that are busy: on a shared machine that more than doubles the time of an answer."""
    import numpy as np

    found: np.ndarray[Any, Any] = np.einsum("ij,j->i", rows, vector)
    return found


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
