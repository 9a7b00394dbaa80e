"""A Git repository made for one test, commit by commit, with times and authors that the test chooses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pygit2
from pygit2.enums import FileMode

START = 1_700_000_000
"""The time of the first commit; each further one is a minute later."""


class Repo:
    """A bare repository at `path`. Files are given whole; None removes one."""

    def __init__(self, path: Path, *, branch: str = "main") -> None:
        self.path = path
        self.git = pygit2.init_repository(str(path), bare=True, initial_head=branch)
        self._branch = f"refs/heads/{branch}"
        self._count = 0

    def commit(
        self,
        files: Mapping[str, str | bytes | None],
        *,
        author: str = "Ana",
        subject: str = "",
        branch: str = "",
        parents: Sequence[str] | None = None,
        modes: Mapping[str, FileMode] | None = None,
        at: int | None = None,
    ) -> str:
        """Commit these changes on top of the branch (or of these parents); return the 40-hex id."""
        ref = f"refs/heads/{branch}" if branch else self._branch
        before = list(parents) if parents is not None else self._tip(ref)
        index = pygit2.Index()
        if before:
            index.read_tree(self.git[before[0]].peel(pygit2.Tree))
        for path, content in files.items():
            if content is None:
                index.remove(path)
                continue
            data = content.encode() if isinstance(content, str) else content
            mode = (modes or {}).get(path, FileMode.BLOB)
            oid = pygit2.Oid(hex=data.decode()) if mode == FileMode.COMMIT else self.git.create_blob(data)
            index.add(pygit2.IndexEntry(path, oid, mode))
        self._count += 1
        when = at if at is not None else START + 60 * self._count
        who = pygit2.Signature(author, f"{author.lower()}@example.org", when, 0)
        commit = self.git.create_commit(
            None,
            who,
            who,
            subject or f"commit {self._count}",
            index.write_tree(self.git),
            [pygit2.Oid(hex=parent) for parent in before],
        )
        self.git.references.create(ref, commit, force=True)
        return str(commit)

    def tag(self, name: str, target: str, *, annotated: bool = False) -> None:
        """Tag a commit (or any object)."""
        oid = pygit2.Oid(hex=target)
        if annotated:
            who = pygit2.Signature("Ana", "ana@example.org", START, 0)
            self.git.create_tag(name, oid, self.git[oid].type, who, f"release {name}")
        else:
            self.git.references.create(f"refs/tags/{name}", oid)

    def force(self, branch: str, target: str) -> None:
        """Point a branch at any commit, as a forced push does."""
        self.git.references.create(f"refs/heads/{branch}", pygit2.Oid(hex=target), force=True)

    def _tip(self, ref: str) -> list[str]:
        try:
            return [str(self.git.lookup_reference(ref).target)]
        except KeyError:
            return []


def manifest(name: str, *, kind: str = "ApiV4Definition", namespace: str = "", extra: str = "") -> str:
    """A small manifest of group gravitee.io."""
    where = f"  namespace: {namespace}\n" if namespace else ""
    head = f"apiVersion: gravitee.io/v1alpha1\nkind: {kind}\nmetadata:\n  name: {name}\n"
    return f"{head}{where}spec:\n  a: 1\n{extra}"
