"""Blobs and what parsing them gives: bounded reading, each parsed once, known ones never.

The values of freshly parsed blobs wait in memory (packed, within a budget) for the comparison that follows
a cold start, so that it does not parse everything a second time.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from reconciler.git.complaints import Complaint
from reconciler.git.contents import BlobContent
from reconciler.git.parse import ParseLimits, parse_documents, too_large
from reconciler.git.parsing_child import ParsedBlob, parse_blob
from reconciler.git.sharing_work import parsed_by_two
from reconciler.model.errors import SourceError

if TYPE_CHECKING:
    import pygit2

    from reconciler.git.cache import ParseCache

_WAITING_BYTES: Final = 24 * 1024 * 1024
_KNOWN_BLOBS: Final = 100_000
_WRITTEN_AT_ONCE: Final = 500


class BlobReader:
    """Reads the blobs of one repository. Not thread-safe.

    Args:
        repository: where the blobs are.
        cache: what survives restarts, or None.
        source: the source's name, for errors.
        limits: bounds for one file.
    """

    def __init__(
        self,
        repository: pygit2.Repository,
        cache: ParseCache | None,
        *,
        source: str,
        limits: ParseLimits | None = None,
    ) -> None:
        self._odb = repository.odb
        self._cache = cache
        self._source = source
        self._limits = limits or ParseLimits()
        self._known: dict[str, BlobContent] = {}
        self._waiting: dict[str, bytes] = {}
        self._waiting_bytes = 0

    def reopened(self, repository: pygit2.Repository) -> None:
        """Read from the same repository, opened again: what is known stays known."""
        self._odb = repository.odb

    def release(self) -> None:
        """Forget the values kept for `bodies`."""
        self._waiting.clear()
        self._waiting_bytes = 0

    def data(self, blob: str, path: str) -> bytes:
        """The bytes of a blob.

        Raises:
            SourceError: it is larger than the limit, or no longer in the repository.
        """
        import pygit2

        try:
            size = self._odb.read_header(blob)[1]
            if size <= self._limits.max_bytes:
                data: bytes = self._odb.read(blob)[1]
                return data
        except KeyError as error:
            raise SourceError(
                f"blob {blob[:12]} is not in the repository of source {self._source}",
                subject=path,
                next_step="refresh the source; a partial clone must be fetched whole",
            ) from error
        except pygit2.GitError as error:
            raise SourceError(
                f"blob {blob[:12]} of source {self._source} is damaged ({error})",
                subject=path,
                next_step="check the repository with git fsck",
            ) from error
        complaint = too_large(size, self._limits)
        raise SourceError(complaint.message, subject=path, next_step=complaint.next_step)

    def content(self, blob: str, path: str, text: bytes | None = None) -> BlobContent:
        """What parsing one blob (or this text of it) gives."""
        if blob in self._known:
            return self._known[blob]
        if text is None:
            return self.contents([(path, blob)])[blob]
        known = self._cache.documents([blob]) if self._cache is not None else {}
        self._known[blob] = known.get(blob) or self._keep(blob, parse_blob(text, path, self._limits))
        if self._cache is not None and blob not in known:
            self._cache.put_documents({blob: self._known[blob]})
        return self._known[blob]

    def contents(self, manifests: Iterable[tuple[str, str]]) -> dict[str, BlobContent]:
        """What parsing these (path, blob) gives, by blob; those known from before are not read."""
        path_of = {blob: path for path, blob in manifests}
        if len(self._known) > _KNOWN_BLOBS:
            self._known.clear()
        missing = [blob for blob in path_of if blob not in self._known]
        if missing and self._cache is not None:
            self._known.update(self._cache.documents(missing))
            missing = [blob for blob in missing if blob not in self._known]
        fresh: dict[str, BlobContent] = {}
        unread: dict[str, BlobContent] = {}
        for blob, parsed in parsed_by_two(missing, path_of, self.data, self._limits):
            if isinstance(parsed, SourceError):  # not remembered: the next fetch may bring it
                unread[blob] = BlobContent((), (Complaint(1, parsed.what, parsed.next_step),))
                continue
            fresh[blob] = self._known[blob] = self._keep(blob, parsed)
            if len(fresh) == _WRITTEN_AT_ONCE:
                self._remember(fresh)
        self._remember(fresh)
        return {blob: unread.get(blob) or self._known[blob] for blob in path_of}

    def bodies(self, blob: str, path: str, text: bytes | None = None) -> list[dict[str, Any]]:
        """The values of every document in a blob (or in this text of it).

        Raises:
            SourceError: the blob is no longer to be had.
        """
        waiting = self._waiting.get(blob)
        if waiting is not None:
            bodies: list[dict[str, Any]] = marshal.loads(waiting)  # noqa: S302 - our own bytes, from memory
            return bodies
        parsed = parse_documents(self.data(blob, path) if text is None else text, path, limits=self._limits)
        return [document.body for document in parsed.documents]

    def _remember(self, fresh: dict[str, BlobContent]) -> None:
        if fresh and self._cache is not None:
            self._cache.put_documents(fresh)
        fresh.clear()

    def _keep(self, blob: str, parsed: ParsedBlob) -> BlobContent:
        content, values = parsed
        if values and self._waiting_bytes < _WAITING_BYTES:
            self._waiting[blob] = values
            self._waiting_bytes += len(values)
        return content
