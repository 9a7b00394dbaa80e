"""One Git source: its revision, its documents at a revision, and who touched them.

It blocks, so it is called from worker threads; one lock per source keeps libgit2's objects to one thread
at a time. Only committed content is read, never a working tree.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from reconciler.git.blobs import BlobReader
from reconciler.git.complaints import Complaint
from reconciler.git.documents import GitDocument, GitTouch, Rendering
from reconciler.git.folders import select
from reconciler.git.history import History
from reconciler.git.opening import open_local
from reconciler.git.remote import Mirror
from reconciler.git.rendered import Renderer
from reconciler.git.revisions import resolve
from reconciler.git.tracing import Tracer, placed
from reconciler.git.trees import Entry, Trees
from reconciler.model.errors import SourceError
from reconciler.model.keys import DocumentKey
from reconciler.model.rows import Problem
from reconciler.model.verdicts import Place

if TYPE_CHECKING:
    import pygit2

    from reconciler.git.cache import ParseCache
    from reconciler.settings.model import Render, Source
    from reconciler.settings.paths import StatePaths


class GitSource:
    """A local repository, or a remote one through its mirror on this machine.

    Args:
        spec: name, URL or path, ref and credentials.
        paths: where mirrors are kept.
        cache: what survives restarts; None parses anew in every process.
        environ: the environment that credentials, proxies and PATH are taken from.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        spec: Source,
        paths: StatePaths,
        *,
        cache: ParseCache | None,
        environ: Mapping[str, str],
        clock: Callable[[], float],
    ) -> None:
        self._spec = spec
        self._cache = cache
        self._clock = clock
        self._lock = threading.RLock()
        self._rendering = threading.Lock()
        self._mirror = Mirror(spec, paths, environ=environ) if spec.path is None else None
        self._repository: pygit2.Repository | None = None
        self._trees: Trees | None = None
        self._history: History | None = None
        self._blobs: BlobReader | None = None
        self._renderer = Renderer(spec.name, environ)

    @property
    def name(self) -> str:
        """The source's name in the settings."""
        return self._spec.name

    def refresh(self) -> str:
        """Fetch where the repository is remote, and resolve the ref.

        Returns:
            the full 40-hex commit.

        Raises:
            SourceError: it cannot be fetched, or the ref names no commit; `last_known` may still do.
        """
        if self._mirror is not None:
            self._mirror.fetch()
        with self._lock:
            self._repository = None  # new packs and refs, also of a local repository that git repacked
            return resolve(self._open(), self._spec.ref, source=self._spec.name)

    def last_known(self) -> str | None:
        """The revision that the last successful fetch left, without any network; None if there is none."""
        with self._lock:
            try:
                return resolve(self._open(), self._spec.ref, source=self._spec.name)
            except SourceError:
                return None

    def resolve(self, revision: str) -> str:
        """The full 40-hex commit that a branch, tag, short id or `main~2` means, as last fetched.

        Raises:
            SourceError: it names no commit.
        """
        with self._lock:
            return resolve(self._open(), revision, source=self._spec.name)

    def render(self, revision: str, folder: str, render: Render, *, recursive: bool) -> Rendering:
        """Every document below a folder at a revision.

        Args:
            revision: a full 40-hex commit.
            folder: path in the repository; `""` is its root. One file is a folder of its own.
            render: how the folder becomes documents.
            recursive: plain YAML only: whether folders below it are read too.

        Returns:
            the documents, and a problem for each thing that could not be read.

        Raises:
            SourceError: the folder is not there, or its renderer failed as a whole.
        """
        folder = "/".join(part for part in folder.split("/") if part not in ("", "."))
        if render.type == "yaml":
            with self._lock:
                entry = self._entry(revision, folder)
                documents, problems = self._plain(entry, folder, recursive=recursive)
        else:
            documents, problems = self._rendered(revision, folder, render)
        complete = not any(problem.severity == "error" for problem in problems)
        return Rendering(self.name, revision, tuple(documents), tuple(problems), complete)

    def file(self, revision: str, path: str) -> bytes | None:
        """The content of one file at a revision; None where there is none.

        Raises:
            SourceError: it is too large, or the revision is not in the repository.
        """
        with self._lock:
            entry = self._tree_reader().find(self._root(revision), path)
            if entry is None or entry.kind != "file":
                return None
            return self._reader().data(entry.id, path)

    def body(self, document: GitDocument) -> dict[str, Any]:
        """Read one document's values anew.

        Raises:
            SourceError: its blob is no longer to be had.
        """
        return next(self.bodies([document]))[1]

    def body_at(self, blob: str, index: int) -> dict[str, Any]:
        """Read the values of the document at a position of a blob, of whatever revision.

        Raises:
            SourceError: the repository does not hold the blob, or no such document in it.
        """
        with self._lock:
            bodies = self._reader().bodies(blob, blob[:7], None)
        if index >= len(bodies):
            raise SourceError("there is no such document", subject=f"{blob[:7]} {index}")
        return bodies[index]

    def keeps(self, document: GitDocument) -> bool:
        """Whether the document's text stands in the repository (and not only in what a renderer printed)."""
        with self._lock:
            return self._renderer.text(document.blob) is None

    def bodies(self, documents: Iterable[GitDocument]) -> Iterator[tuple[GitDocument, dict[str, Any]]]:
        """Read many documents' values; each blob is parsed once, in the order it is first named.

        Raises:
            SourceError: a blob is no longer to be had.
        """
        by_blob: dict[str, list[GitDocument]] = defaultdict(list)
        for document in documents:
            by_blob[document.blob].append(document)
        for blob, of_blob in by_blob.items():
            with self._lock:
                bodies = self._reader().bodies(blob, of_blob[0].path, self._renderer.text(blob))
            for document in of_blob:
                if document.index >= len(bodies):
                    raise SourceError(
                        "the document is not where it was",
                        subject=document.path,
                        next_step="refresh the source",
                    )
                yield document, bodies[document.index]

    def release(self) -> None:
        """Let go of the values that rendering kept in memory for `bodies` to find."""
        with self._lock:
            if self._blobs is not None:
                self._blobs.release()

    def text(self, document: GitDocument) -> str:
        """The lines of a document as they were written.

        Raises:
            SourceError: its blob is no longer to be had.
        """
        with self._lock:
            data = self._renderer.text(document.blob)
            data = self._reader().data(document.blob, document.path) if data is None else data
        lines = data.decode("utf-8", "replace").removeprefix("\ufeff").splitlines()
        return "\n".join(lines[document.line - 1 : document.end_line]) + "\n"

    def touched(self, revision: str, paths: Iterable[str]) -> dict[str, GitTouch]:
        """Who last changed each file or folder, as `git log -1 -- PATH` tells it.

        Returns:
            path → touch; paths that are not in the revision, or older than the walk's limit, are absent.
        """
        with self._lock:
            return self._tracer().touched(revision, self._root(revision), paths)

    def touched_documents(
        self, revision: str, documents: Iterable[GitDocument]
    ) -> dict[tuple[str, int], GitTouch]:
        """Who last changed each document: in a file of several, by the document's own text.

        Returns:
            (path, index) → touch. A rendered document answers with the last change of its folder.
        """
        with self._lock:
            self._root(revision)
            return self._tracer().touched_documents(revision, documents, self._renderer.folder_of)

    def removed_documents(
        self, revision: str, folder: str, *, limit_commits: int = 2000
    ) -> dict[DocumentKey, GitTouch]:
        """Keys that earlier commits defined in files below a folder and this revision does not.

        Args:
            revision: a full 40-hex commit.
            folder: path in the repository.
            limit_commits: how many commits to look back.

        Returns:
            key → the commit that took it away.
        """
        with self._lock:
            entry = self._tree_reader().find(self._root(revision), folder)
            present: set[DocumentKey] = set()
            if entry is not None:
                present = {document.key for document in self._plain(entry, folder, recursive=True)[0]}
            return self._tracer().removed(revision, folder, present, limit=limit_commits)

    def last_good(self, revision: str, paths: Iterable[str]) -> dict[str, tuple[GitDocument, ...]]:
        """For files that cannot be read at a revision: the documents of their last version that could.

        Returns:
            path → documents; files that never could be read are absent.
        """
        with self._lock:
            return self._tracer().last_good(revision, self._root(revision), paths)

    def _plain(
        self, entry: Entry, folder: str, *, recursive: bool
    ) -> tuple[list[GitDocument], list[Problem]]:
        trees = self._tree_reader()
        prefix = f"{folder}/" if folder else ""
        one_file = entry.kind != "folder"
        files = [(folder, entry)] if one_file else trees.files(entry.id, prefix, recursive=recursive)
        selection = select(files)
        contents = self._reader().contents(selection.manifests)
        documents: list[GitDocument] = []
        problems = [self._problem(path, complaint) for path, complaint in selection.complaints]
        for path, blob in selection.manifests:
            content = contents[blob]
            documents.extend(placed(path, blob, content))
            problems.extend(self._problem(path, complaint) for complaint in content.complaints)
        return documents, problems

    def _rendered(
        self, revision: str, folder: str, render: Render
    ) -> tuple[list[GitDocument], list[Problem]]:
        # Programs take their time: while one runs, everything but another one goes on.
        with self._rendering:
            with self._lock:
                self._entry(revision, folder)
                root = self._root(revision)
                task = self._renderer.prepare(
                    self._open(), self._tree_reader(), revision, root, folder, render
                )
            text = self._renderer.run(task)
            with self._lock:
                output = self._renderer.keep(task, text)
                content = self._reader().content(output.blob, output.place, output.text)
        documents = [
            GitDocument(
                found.key,
                found.api_version,
                output.origin(found.line),
                found.line,
                found.end_line,
                index,
                output.blob,
                found.labels,
            )
            for index, found in enumerate(content.documents)
        ]
        return documents, [self._problem(output.place, complaint) for complaint in content.complaints]

    def _problem(self, path: str, complaint: Complaint) -> Problem:
        return Problem(
            Place.GIT,
            self.name,
            f"{path}:{complaint.line}",
            complaint.message,
            complaint.next_step,
            severity=complaint.severity,
        )

    def _root(self, revision: str) -> str:
        """The tree of a revision."""
        self._open()
        assert self._history is not None
        try:
            return self._history.commit(revision).tree
        except (KeyError, ValueError, AttributeError) as error:
            raise SourceError(
                f"revision {revision[:12]!r} is not in the repository",
                subject=self.name,
                next_step="refresh the source",
            ) from error

    def _entry(self, revision: str, folder: str) -> Entry:
        trees = self._tree_reader()
        root = self._root(revision)
        entry = trees.find(root, folder)
        if entry is None or entry.kind in ("link", "submodule"):
            raise self._no_folder(revision, root, folder, entry)
        return entry

    def _no_folder(self, revision: str, root: str, folder: str, entry: Entry | None) -> SourceError:
        if entry is not None:
            what = "a symbolic link" if entry.kind == "link" else "a submodule"
            return SourceError(
                f"{folder!r} is {what} in {revision[:7]} and is not followed",
                subject=self.name,
                next_step="name the folder it points at, or make its repository a source",
            )
        known = list(self._tree_reader().folders(root, depth=3))
        close = get_close_matches(folder, known, n=3, cutoff=0.5)
        offer = (
            f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(known[:8]) or 'none'}"
        )
        return SourceError(
            f"there is no folder {folder!r} in {revision[:7]}", subject=self.name, next_step=offer
        )

    def _open(self) -> pygit2.Repository:
        if self._repository is None:
            if self._mirror is not None:
                repository = self._mirror.open()
            else:
                assert self._spec.path is not None
                repository = open_local(self._spec.path, source=self.name)
            self._repository = repository
            self._trees = Trees(repository)
            self._history = History(repository, self._trees, self._cache)
            if self._blobs is None:
                self._blobs = BlobReader(repository, self._cache, source=self.name)
            else:
                self._blobs.reopened(repository)
        return self._repository

    def _tree_reader(self) -> Trees:
        self._open()
        assert self._trees is not None
        return self._trees

    def _tracer(self) -> Tracer:
        reader = self._reader()
        assert self._history is not None
        assert self._trees is not None
        return Tracer(self._history, self._trees, reader)

    def _reader(self) -> BlobReader:
        self._open()
        assert self._blobs is not None
        return self._blobs
