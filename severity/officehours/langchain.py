"""The search as a LangChain `BaseRetriever`, for teams with chains of their own. Imported on use."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from severity.officehours.evidence import Reader
from severity.officehours.search import Index, concepts_of, everyone

if TYPE_CHECKING:
    from langchain_core.retrievers import BaseRetriever


def retriever(index: Index, *, limit: int = 5, may_read: Callable[[str], bool] = everyone) -> BaseRetriever:
    """A retriever over what the reader may see: whole sections as documents, best first, `limit` of them.

    Their metadata: file, heading, anchor, path, score, owner, reviewed, commit.
    """
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever

    class HandbookRetriever(BaseRetriever):
        """Sections of the handbook."""

        def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
            view = index.view(may_read)
            ranked = Reader(view).rank(concepts_of(query, view, index.glossary), query)
            return [
                Document(
                    page_content=each.section.text,
                    metadata={
                        "file": each.section.file,
                        "heading": each.section.heading,
                        "anchor": each.section.anchor,
                        "path": list(each.section.path),
                        "score": round(each.score, 4),
                        "owner": each.section.owner,
                        "reviewed": each.section.reviewed.isoformat() if each.section.reviewed else None,
                        "commit": each.section.commit,
                    },
                )
                for each in ranked[:limit]
                if each.score > 0
            ]

    return HandbookRetriever()
