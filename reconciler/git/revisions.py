"""From what a person wrote (a branch, a tag, a commit, nothing) to one full 40-hex commit."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from reconciler.model.errors import SourceError

if TYPE_CHECKING:
    import pygit2

_HEX: Final = re.compile(r"[0-9a-fA-F]{4,40}")
_PREFIXES: Final = ("refs/heads/", "refs/tags/", "refs/remotes/origin/", "")
"""Where a short name is looked for: a branch wins over a tag of the same name, as in `git clone -b`."""


def resolve(repository: pygit2.Repository, ref: str | None, *, source: str) -> str:
    """The commit that a ref names.

    Args:
        repository: where to look.
        ref: branch, tag, full ref name, commit (abbreviated to at least 4 digits) or an expression as
            `main~2`; None means HEAD.
        source: the source's name, for errors.

    Returns:
        40 hex digits.

    Raises:
        SourceError: there is no such commit; the closest names are offered.
    """
    import pygit2

    if ref is None:
        return _head(repository, source)
    for prefix in _PREFIXES:
        try:
            return _commit_of(repository.lookup_reference(prefix + ref), ref, source)
        except (KeyError, ValueError):  # no such name, or no name at all
            continue
    try:
        return str(repository.revparse_single(ref).peel(pygit2.Commit).id)
    except ValueError as error:
        if _HEX.fullmatch(ref) and "ambiguous" in str(error):
            raise SourceError(
                f"the abbreviated commit {ref} is ambiguous", subject=source, next_step="write more digits"
            ) from error
    except (KeyError, pygit2.GitError):
        pass
    raise _unknown(repository, ref, source)


def _commit_of(reference: pygit2.Reference, ref: str, source: str) -> str:
    import pygit2

    try:
        return str(reference.peel(pygit2.Commit).id)
    except (pygit2.GitError, ValueError) as error:
        raise SourceError(
            f"{ref!r} names no commit", subject=source, next_step="name a branch, or a tag of a commit"
        ) from error


def _head(repository: pygit2.Repository, source: str) -> str:
    import pygit2

    if not repository.head_is_unborn:
        return str(repository.head.peel(pygit2.Commit).id)
    names = _names(repository)
    if names:
        head = str(repository.lookup_reference("HEAD").target).removeprefix("refs/heads/")
        raise SourceError(
            f"HEAD points at {head}, which has no commit",
            subject=source,
            next_step=f"set ref to one of: {_few(names)}",
        )
    raise SourceError(
        "the repository has no commits", subject=source, next_step="make a first commit, or correct the path"
    )


def _unknown(repository: pygit2.Repository, ref: str, source: str) -> SourceError:
    names = _names(repository)
    if not names:
        return SourceError(
            f"there is no {ref!r}: the repository has no commits",
            subject=source,
            next_step="make a first commit, or correct the path",
        )
    close = get_close_matches(ref, names, n=3, cutoff=0.5)
    offer = f"did you mean {' or '.join(close)}?" if close else f"there are: {_few(names)}"
    return SourceError(f"there is no branch, tag or commit {ref!r}", subject=source, next_step=offer)


def _names(repository: pygit2.Repository) -> list[str]:
    names: dict[str, None] = {}
    for raw in repository.raw_listall_references():
        full = raw.decode("utf-8", "replace")
        for prefix in _PREFIXES[:3]:
            if full.startswith(prefix) and not full.endswith("/HEAD"):
                names[full.removeprefix(prefix)] = None
    return list(names)


def _few(names: list[str]) -> str:
    return ", ".join(names[:8]) + (f" and {len(names) - 8} more" if len(names) > 8 else "")
