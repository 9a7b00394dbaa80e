"""From documents to the commits behind them: who touched each, what was removed, what was last readable."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from reconciler.git.blobs import BlobReader
from reconciler.git.contents import BlobContent
from reconciler.git.documents import GitDocument, GitTouch
from reconciler.git.folders import is_manifest
from reconciler.git.history import History, Parts, item_of, part_digest
from reconciler.git.parse import chunks
from reconciler.git.trees import Trees
from reconciler.model.keys import DocumentKey

_K = TypeVar("_K")


class Tracer:
    """Answers for one opened repository. Not thread-safe.

    Args:
        history: its commits.
        trees: its trees.
        reader: its blobs.
    """

    def __init__(self, history: History, trees: Trees, reader: BlobReader) -> None:
        self._history = history
        self._trees = trees
        self._reader = reader

    def touched(self, revision: str, root: str, paths: Iterable[str]) -> dict[str, GitTouch]:
        """Who last changed each path of this tree; absent paths are left out."""
        wanted = {path: frozenset[bytes]() for path in paths if self._trees.find(root, path)}
        return self.described(self._history.touches(revision, wanted))

    def touched_documents(
        self,
        revision: str,
        documents: Iterable[GitDocument],
        folder_of: Callable[[GitDocument], str | None],
    ) -> dict[tuple[str, int], GitTouch]:
        """Who last changed each document.

        Args:
            revision: where to begin.
            documents: what was rendered at that revision.
            folder_of: the folder behind a document that a program rendered, None for one of a file.
        """
        by_path: dict[str, list[GitDocument]] = defaultdict(list)
        for document in documents:
            by_path[document.path].append(document)
        wanted: dict[str, Parts] = {}
        items: dict[tuple[str, int], str] = {}
        for path, of_path in by_path.items():
            folder = folder_of(of_path[0])
            parts = self._parts_of(of_path) if folder is None else {}
            at = path if folder is None else folder
            wanted[at] = wanted.get(at, frozenset()) | frozenset(parts.values())
            for document in of_path:
                items[(path, document.index)] = item_of(at, parts.get(document.index))
        touches = self.described(self._history.touches(revision, wanted))
        return {ref: touches[item] for ref, item in items.items() if item in touches}

    def removed(
        self, revision: str, folder: str, present: set[DocumentKey], *, limit: int
    ) -> dict[DocumentKey, GitTouch]:
        """Keys that commits before took away below a folder and that are not present."""

        def keys_of(path: str, blob: str) -> list[DocumentKey]:
            if not is_manifest(path):
                return []
            return [found.key for found in self._reader.content(blob, path).documents]

        removed = self._history.removed(revision, folder, keys_of, limit=limit)
        return self.described({key: at for key, at in removed.items() if key not in present})

    def last_good(self, revision: str, root: str, paths: Iterable[str]) -> dict[str, tuple[GitDocument, ...]]:
        """The documents of the last version of each file that could be read whole."""
        found: dict[str, tuple[GitDocument, ...]] = {}
        for path in paths:
            if self._trees.find(root, path) is None:
                continue
            for _, blob in self._history.earlier_versions(revision, path):
                content = self._reader.content(blob, path)
                if not any(complaint.severity == "error" for complaint in content.complaints):
                    found[path] = placed(path, blob, content)
                    break
        return found

    def described(self, commits: Mapping[_K, str]) -> dict[_K, GitTouch]:
        """The same with each commit as people read it."""
        touches = {commit: self._history.touch(commit) for commit in set(commits.values())}
        return {item: touches[commit] for item, commit in commits.items()}

    def _parts_of(self, documents: Sequence[GitDocument]) -> dict[int, bytes]:
        """Index → the digest of its `---` part, for a file of several parts."""
        blob, path = documents[0].blob, documents[0].path
        if len(self._reader.content(blob, path).documents) < 2:
            return {}
        parts = list(chunks(self._reader.data(blob, path)))
        if len(parts) == 1:
            return {}
        digests: dict[int, bytes] = {}
        for document in documents:
            part = next(part for line, part in reversed(parts) if line <= document.line)
            digests[document.index] = part_digest(part)
        return digests


def placed(path: str, blob: str, content: BlobContent) -> tuple[GitDocument, ...]:
    """The documents of a blob as those of a file."""
    return tuple(
        GitDocument(found.key, found.api_version, path, found.line, found.end_line, index, blob, found.labels)
        for index, found in enumerate(content.documents)
    )
