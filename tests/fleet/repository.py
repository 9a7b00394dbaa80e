"""A Git repository with many manifests, written in one commit."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pygit2

AUTHOR = "Ana Author"


def commit_files(
    folder: Path, files: Mapping[str, str | bytes], *, message: str = "Add the APIs", at: int = 1_700_000_000
) -> str:
    """Write these files into the repository (made if need be) and commit exactly them as the whole tree.

    Args:
        folder: a work tree's folder.
        files: path → content.
        message: the commit's subject.
        at: the commit's time, seconds since the epoch.

    Returns:
        the new commit, 40 hex digits.
    """
    if (folder / ".git").exists():
        repository = pygit2.Repository(str(folder))
    else:
        repository = pygit2.init_repository(str(folder), initial_head="main")
    index = pygit2.Index()
    for path, content in files.items():
        data = content.encode() if isinstance(content, str) else content
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        index.add(pygit2.IndexEntry(path, repository.create_blob(data), pygit2.enums.FileMode.BLOB))
    who = pygit2.Signature(AUTHOR, "ana@example.org", at, 0)
    parents = [] if repository.head_is_unborn else [repository.head.target]
    tree = index.write_tree(repository)
    return str(repository.create_commit("refs/heads/main", who, who, message, tree, parents))
