"""Who last touched a file or a document, and which documents earlier commits took away.

The answers are those of `git log -1 -- PATH`: a merge that equals one of its parents for a path is passed
through to that parent. One walk serves all paths, and stops when each has its commit.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from reconciler.git.documents import GitTouch
from reconciler.git.parse import chunks
from reconciler.git.trees import Entry, Trees
from reconciler.model.keys import DocumentKey

if TYPE_CHECKING:
    import pygit2

    from reconciler.git.cache import ParseCache

WALK_LIMIT: Final = 50_000
"""Commits one walk looks at; what older commits touched stays unknown."""

Parts = frozenset[bytes]
"""Digests of the `---` parts of a file that are still looked for; empty for the file as a whole."""
_WHOLE: Final[Parts] = frozenset()


class Commit(NamedTuple):
    """What a walk needs of a commit."""

    id: str
    time: int
    tree: str
    parents: tuple[str, ...]


def part_digest(part: bytes) -> bytes:
    """Names one `---` part of a file by its text."""
    return blake2b(part, digest_size=12).digest()


def item_of(path: str, part: bytes | None = None) -> str:
    """The name under which the touch of a path, or of one part of it, is remembered."""
    return path if part is None else f"{path}\0{part.hex()}"


class History:
    """Walks the commits of one repository. Not thread-safe.

    Args:
        repository: where the commits are.
        trees: its trees.
        cache: remembers finished walks; None forgets them. Shallow clones are never remembered:
            their oldest commit seems to have touched everything.
    """

    def __init__(self, repository: pygit2.Repository, trees: Trees, cache: ParseCache | None) -> None:
        self._repository = repository
        self._trees = trees
        self._cache = None if repository.is_shallow else cache
        self._parts: dict[str, Parts] = {}

    def commit(self, revision: str) -> Commit:
        """Read one commit; parents that a shallow clone lacks are left out.

        Raises:
            KeyError: there is no such commit.
        """
        found: Any = self._repository[revision]
        parents = tuple(str(parent) for parent in found.parent_ids)
        if self._repository.is_shallow:
            parents = tuple(parent for parent in parents if parent in self._repository)
        return Commit(revision, found.commit_time, str(found.tree_id), parents)

    def touch(self, revision: str) -> GitTouch:
        """A commit as people read it: author, time of commit, first line."""
        found: Any = self._repository[revision]
        subject = found.message.lstrip("\n").partition("\n")[0].strip()
        return GitTouch(revision, found.author.name or found.author.email, float(found.commit_time), subject)

    def parts(self, blob: str) -> Parts:
        """The digests of a blob's `---` parts."""
        known = self._parts.get(blob)
        if known is None:
            data: bytes = self._repository.odb.read(blob)[1]
            known = self._parts[blob] = frozenset(part_digest(part) for _, part in chunks(data))
            if len(self._parts) > 4096:
                self._parts.pop(next(iter(self._parts)))
        return known

    def touches(self, revision: str, wanted: Mapping[str, Parts]) -> dict[str, str]:
        """Which commit last changed each path, or each part of a path.

        Args:
            revision: where to begin.
            wanted: path (file or folder; `""` is everything) → the parts asked for, or an empty set.

        Returns:
            item (see `item_of`) → 40-hex commit; what was not found within `WALK_LIMIT` is absent.
        """
        walk = _Touches(self, wanted, self._cache)
        walk.run(revision)
        if self._cache is not None and walk.fresh:
            known = self._cache.touches(revision)
            self._cache.put_touches(revision, {**known, **walk.found})
        return walk.found

    def changed(
        self, new: Commit, old: Commit | None, folders: Collection[str] | None
    ) -> Iterator[tuple[str, Entry | None, Entry | None]]:
        """Paths that differ between two commits (None: the empty tree)."""
        return self._trees.changed(new.tree, old.tree if old is not None else None, folders)

    def earlier_versions(self, revision: str, path: str, *, limit: int = 200) -> Iterator[tuple[str, str]]:
        """The versions of a file before the one at `revision`, newest first: (commit, blob)."""
        for _ in range(limit):
            walk = _Touches(self, {path: _WHOLE}, None)
            walk.run(revision)
            if path not in walk.found:
                return
            parents = self.commit(walk.found[path]).parents
            entry = self._trees.find(self.commit(parents[0]).tree, path) if parents else None
            if entry is None or entry.kind != "file":
                return
            revision = parents[0]
            yield revision, entry.id

    def removed(
        self,
        revision: str,
        folder: str,
        keys_of: Callable[[str, str], Collection[DocumentKey]],
        *,
        limit: int,
    ) -> dict[DocumentKey, str]:
        """Keys that commits before `revision` took away below a folder → the commit that did.

        Args:
            revision: where to begin.
            folder: path of the folder.
            keys_of: (path, blob) → the keys defined there.
            limit: how many commits to look at.
        """
        strong: dict[DocumentKey, str] = {}
        weak: dict[DocumentKey, str] = {}
        for commit, parents in self._commits(revision, folder, limit):
            for parent in parents:
                for path, new, old in self._below(commit, parent, folder):
                    before = set(keys_of(path, old.id)) if old is not None else set()
                    after = keys_of(path, new.id) if new is not None and before else ()
                    # Each parent of a merge lacks what the other one took away: only a hint.
                    into = strong if len(parents) == 1 else weak
                    for key in before.difference(after):
                        into.setdefault(key, commit.id)
        return {**weak, **strong}

    def _commits(self, revision: str, folder: str, limit: int) -> Iterator[tuple[Commit, list[Commit]]]:
        """Commits that changed the folder with their parents, newest first; merges pass through."""
        queue = [(0, 0, revision)]
        seen = {revision}
        count = 0
        while queue and count < limit:
            commit = self.commit(heapq.heappop(queue)[2])
            count += 1
            parents = [self.commit(parent) for parent in commit.parents]
            mine = self._trees.find(commit.tree, folder)
            same = [parent for parent in parents if self._trees.find(parent.tree, folder) == mine]
            if not same:
                yield commit, parents
            for parent in same[:1] or parents:
                if parent.id not in seen:
                    seen.add(parent.id)
                    heapq.heappush(queue, (-parent.time, len(seen), parent.id))

    def _below(
        self, commit: Commit, parent: Commit, folder: str
    ) -> Iterator[tuple[str, Entry | None, Entry | None]]:
        new, old = self._trees.find(commit.tree, folder), self._trees.find(parent.tree, folder)
        a, b = (entry.id if entry is not None and entry.kind == "folder" else None for entry in (new, old))
        for path, left, right in self._trees.changed(a, b, None, f"{folder}/" if folder else ""):
            after = left if left is not None and left.kind == "file" else None
            before = right if right is not None and right.kind == "file" else None
            if after is not None or before is not None:
                yield path, after, before


class _Touches:
    """One walk: what is still looked for travels from a commit to the parent that has it unchanged."""

    def __init__(self, history: History, wanted: Mapping[str, Parts], cache: ParseCache | None) -> None:
        self._history = history
        self._wanted = dict(wanted)
        self._cache = cache
        self._remembered = cache.touched_revisions() if cache is not None else set()
        self._folders = _folders_above(wanted)
        self.found: dict[str, str] = {}
        self.fresh = False
        """Whether something was found that no remembered walk knew."""

    def run(self, revision: str) -> None:
        commits = {revision: self._history.commit(revision)}
        waiting: dict[str, dict[str, Parts]] = {revision: self._wanted}
        queue = [(0, 0, revision)]
        for step in range(1, WALK_LIMIT):
            if not queue:
                return
            at = heapq.heappop(queue)[2]
            pending, commit = waiting.pop(at, {}), commits.pop(at, None)
            if not pending or commit is None:
                continue
            if at in self._remembered:
                self._recall(at, pending)
                self.fresh = self.fresh or bool(pending) or at != revision
            else:
                self.fresh = True
            for parent, passed in self._pass_on(commit, pending):
                if parent.id in waiting:
                    _join(waiting[parent.id], passed)
                else:
                    waiting[parent.id], commits[parent.id] = passed, parent
                    heapq.heappush(queue, (-parent.time, step, parent.id))

    def _recall(self, revision: str, pending: dict[str, Parts]) -> None:
        assert self._cache is not None
        known = self._cache.touches(revision)
        for path, parts in list(pending.items()):
            if not parts:
                commit = known.get(path)
                if commit is not None:
                    self.found[path] = commit
                    del pending[path]
                continue
            left = set()
            for part in parts:
                commit = known.get(item_of(path, part))
                if commit is None:
                    left.add(part)
                else:
                    self.found[item_of(path, part)] = commit
            if left:
                pending[path] = frozenset(left)
            else:
                del pending[path]

    def _pass_on(
        self, commit: Commit, pending: dict[str, Parts]
    ) -> Iterator[tuple[Commit, dict[str, Parts]]]:
        """Give each parent what it has unchanged; what none has was touched here."""
        for name in commit.parents:
            if not pending:
                return
            parent = self._history.commit(name)
            left = self._changed(commit, parent, pending)
            if pending:
                yield parent, pending
            pending = left
        for path, parts in pending.items():
            for part in parts or (None,):
                self.found[item_of(path, part)] = commit.id

    def _changed(self, commit: Commit, parent: Commit, pending: dict[str, Parts]) -> dict[str, Parts]:
        """Take out of `pending`, and return, what differs between the two."""
        left: dict[str, Parts] = {}
        if "" in pending and commit.tree != parent.tree:
            left[""] = pending.pop("")
        for path, _, old in self._history.changed(commit, parent, self._folders):
            parts = pending.pop(path, None)
            if parts is None:
                continue
            if not parts or old is None or old.kind != "file":
                left[path] = parts
                continue
            there = self._history.parts(old.id)
            if parts & there:
                pending[path] = parts & there
            if parts - there:
                left[path] = parts - there
        return left


def _join(into: dict[str, Parts], more: Mapping[str, Parts]) -> None:
    for path, parts in more.items():
        into[path] = into.get(path, _WHOLE) | parts


def _folders_above(paths: Iterable[str]) -> set[str]:
    folders: set[str] = set()
    for path in paths:
        at = path.rfind("/")
        while at > 0 and path[:at] not in folders:
            folders.add(path[:at])
            at = path.rfind("/", 0, at)
    return folders
