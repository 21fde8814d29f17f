"""Small handbooks in a temporary folder."""

from collections.abc import Callable
from pathlib import Path

import pytest

Write = Callable[[str, str], Path]


@pytest.fixture
def handbook(tmp_path: Path) -> Path:
    folder = tmp_path / "handbook"
    folder.mkdir()
    return folder


@pytest.fixture
def write(handbook: Path) -> Write:
    """`write(file, text)` puts a page into the handbook."""

    def put(file: str, text: str) -> Path:
        path = handbook / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return put
