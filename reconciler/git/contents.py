"""What parsing a blob gave, without any value: keys, positions, labels, complaints.

It depends on nothing but the blob's bytes, so it may be kept on disk and told to another process.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from reconciler.git.complaints import Complaint
from reconciler.git.parse import Parsed
from reconciler.model.keys import DocumentKey


@dataclass(frozen=True, slots=True)
class Found:
    """One document of a blob: everything of a `GitDocument` that does not depend on its path."""

    key: DocumentKey
    api_version: str
    line: int
    end_line: int
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class BlobContent:
    """What parsing a blob gave."""

    documents: tuple[Found, ...]
    complaints: tuple[Complaint, ...]


def content_of(parsed: Parsed) -> BlobContent:
    """The part of a parse that may be kept: no values but names and labels."""
    documents = []
    for document in parsed.documents:
        body = document.body
        metadata = body["metadata"]
        api_version: str = body["apiVersion"]
        group, slash, _ = api_version.partition("/")
        labels = tuple((key, value or "") for key, value in (metadata.get("labels") or {}).items())
        key = DocumentKey(
            group if slash else "", body["kind"], metadata.get("namespace") or None, metadata["name"]
        )
        documents.append(Found(key, api_version, document.line, document.end_line, labels))
    return BlobContent(tuple(documents), tuple(parsed.problems))


def as_lists(content: BlobContent) -> list[Any]:
    """Plain lists of text and numbers, for whatever writes those."""
    return [
        [[*d.key, d.api_version, d.line, d.end_line, d.labels] for d in content.documents],
        [[c.line, c.message, c.next_step, c.severity] for c in content.complaints],
    ]


def from_lists(plain: list[Any]) -> BlobContent:
    """What `as_lists` was given."""
    documents, complaints = plain
    return BlobContent(
        tuple(
            Found(
                DocumentKey(*map(_shared, (group, kind, namespace, name))),
                _shared(version),
                line,
                end,
                tuple((_shared(label), _shared(value)) for label, value in labels),
            )
            for group, kind, namespace, name, version, line, end, labels in documents
        ),
        tuple(Complaint(*complaint) for complaint in complaints),
    )


def _shared(text: Any) -> Any:
    """One string for all equal ones: a large fleet says the same few words over and over."""
    return sys.intern(text) if type(text) is str else text
