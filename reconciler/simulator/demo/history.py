"""Write the timeline as a real Git repository, with a working tree, that people may commit into."""

from __future__ import annotations

from pathlib import Path

import pygit2

from reconciler.simulator.demo.timeline import FileState, Timeline

BRANCH = "refs/heads/main"
_TREE, _BLOB = pygit2.enums.FileMode.TREE, pygit2.enums.FileMode.BLOB


class _Folder:
    """A folder of the growing repository; what has not changed keeps its tree."""

    __slots__ = ("blobs", "folders", "tree")

    def __init__(self) -> None:
        self.folders: dict[str, _Folder] = {}
        self.blobs: dict[str, pygit2.Oid] = {}
        self.tree: pygit2.Oid | None = None

    def put(self, path: str, blob: pygit2.Oid | None) -> None:
        """Set or remove a file."""
        self.tree = None
        head, _, rest = path.partition("/")
        if rest:
            inner = self.folders.setdefault(head, _Folder())
            inner.put(rest, blob)
            if not inner.folders and not inner.blobs:
                del self.folders[head]
        elif blob is None:
            del self.blobs[head]
        else:
            self.blobs[head] = blob

    def write(self, repository: pygit2.Repository) -> pygit2.Oid:
        """The id of this folder's tree, written if it is new."""
        if self.tree is None:
            builder = repository.TreeBuilder()
            for name, folder in self.folders.items():
                builder.insert(name, folder.write(repository), _TREE)
            for name, blob in self.blobs.items():
                builder.insert(name, blob, _BLOB)
            self.tree = builder.write()
        return self.tree


def write_repository(path: Path, timeline: Timeline) -> list[str]:
    """Create a repository whose branch `main` holds one commit for each step, and check it out.

    Args:
        path: the folder of the working tree; it must not exist or be empty.
        timeline: the story; instants are kept to the second, in UTC.

    Returns:
        the ids of the commits, oldest first; the same for the same timeline.
    """
    repository = pygit2.init_repository(str(path), initial_head="main")
    root = _Folder()
    blobs: dict[str, pygit2.Oid] = {}
    ids: list[str] = []
    parents: list[pygit2.Oid] = []
    for step in timeline.steps:
        for name, state in step.files.items():
            root.put(name, None if state is None else _blob(repository, blobs, state))
        author = pygit2.Signature(step.commit.author.name, step.commit.author.email, int(step.at), 0)
        commit = repository.create_commit(
            None, author, author, step.commit.subject + "\n", root.write(repository), parents
        )
        parents = [commit]
        ids.append(str(commit))
    repository.references.create(BRANCH, parents[0])
    repository.checkout(BRANCH, strategy=pygit2.enums.CheckoutStrategy.FORCE)
    return ids


def _blob(repository: pygit2.Repository, known: dict[str, pygit2.Oid], state: FileState) -> pygit2.Oid:
    oid = known.get(state.text)
    if oid is None:
        oid = known[state.text] = repository.create_blob(state.text.encode())
    return oid
