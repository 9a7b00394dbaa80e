"""What a source gives the engine: documents with their places, who touched them, what could not be read."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.model.keys import DocumentKey
from reconciler.model.rows import Problem


@dataclass(frozen=True, slots=True)
class GitDocument:
    """One Kubernetes object that a source defines.

    `line` and `end_line` count from 1 and include both ends; `index` is its position among the
    documents of its file (items of a `kind: List` count one by one). `blob` is the 40-hex Git id of the
    text it stands in: the file's, or of what a renderer printed.
    """

    key: DocumentKey
    api_version: str
    path: str
    line: int
    end_line: int
    index: int
    blob: str
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class GitTouch:
    """The commit (40-hex) that last changed something; `committed_at` in seconds since the epoch."""

    revision: str
    author: str
    committed_at: float
    subject: str


@dataclass(frozen=True, slots=True)
class Rendering:
    """All documents below one folder at one revision.

    `complete` is False when something could not be read: what is absent may then still be defined.
    """

    source: str
    revision: str
    documents: tuple[GitDocument, ...]
    problems: tuple[Problem, ...]
    complete: bool
