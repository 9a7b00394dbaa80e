"""Opening a repository on this machine, with words for what libgit2 refuses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.errors import SourceError

if TYPE_CHECKING:
    import pygit2


def open_local(path: Path, *, source: str) -> pygit2.Repository:
    """Open the repository that holds a folder: a clone, a bare one, a worktree, a shallow one.

    Args:
        path: the repository, or any folder inside it.
        source: the source's name, for errors.

    Raises:
        SourceError: there is none, or libgit2 cannot read it.
    """
    import pygit2

    if not path.exists():
        raise SourceError(f"{path} does not exist", subject=source, next_step="correct the source's path")
    try:
        found = pygit2.discover_repository(str(path))
        if found is None:
            raise SourceError(
                f"{path} is not inside a Git repository",
                subject=source,
                next_step="name a repository, or run git init and commit",
            )
        return pygit2.Repository(found)
    except (pygit2.GitError, KeyError, ValueError, OSError) as error:
        raise SourceError(
            f"the repository at {path} cannot be read: {error}",
            subject=source,
            next_step=_next_step(str(error), path),
        ) from error


def _next_step(words: str, path: Path) -> str:
    if "not owned" in words:
        return f"run git config --global --add safe.directory {path}, if you trust it"
    if "objectformat" in words or "object format" in words:
        return "use a clone with SHA-1 object ids: SHA-256 repositories cannot be read"
    if "extension" in words:
        return "use an ordinary clone: this repository uses a Git extension that cannot be read"
    return "check the folder's permissions, and the repository with git fsck"
