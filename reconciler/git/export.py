"""The files of one revision on disk, for renderers that read files; private, and gone with the process."""

from __future__ import annotations

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.git.trees import Trees
from reconciler.model.errors import SourceError

if TYPE_CHECKING:
    import pygit2

_MAX_FILES: Final = 50_000
_MAX_BYTES: Final = 512 * 1024 * 1024
_MAX_FILE_BYTES: Final = 32 * 1024 * 1024


class Export:
    """One revision's files below a temporary folder (mode 0700)."""

    def __init__(self, revision: str) -> None:
        self.revision = revision
        self.root = Path(tempfile.mkdtemp(prefix="gko-tui-render-"))
        self.files = self.root / "files"
        self.home = self.root / "home"
        self.files.mkdir()
        self.home.mkdir()
        self._remove = weakref.finalize(self, shutil.rmtree, str(self.root), ignore_errors=True)

    def remove(self) -> None:
        """Delete it now."""
        self._remove()


def export(repository: pygit2.Repository, trees: Trees, revision: str, tree: str, *, source: str) -> Export:
    """Write the files of a revision.

    Links that lead out of the repository and submodules are left out, and so are files of more than
    32 MiB: a renderer that needs one says which it misses.

    Raises:
        SourceError: there are too many files, or too many bytes, or the disk is full.
    """
    made = Export(revision)
    odb = repository.odb
    count = total = 0
    try:
        for path, entry in trees.files(tree, "", recursive=True):
            if entry.kind == "submodule" or not _stays_inside(path):
                continue
            size = odb.read_header(entry.id)[1]
            if size > _MAX_FILE_BYTES:
                continue
            count, total = count + 1, total + size
            if count > _MAX_FILES or total > _MAX_BYTES:
                raise SourceError(
                    f"revision {revision[:7]} is too large to render: more than {_MAX_FILES:,} files "
                    f"or {_MAX_BYTES // 2**20} MiB",
                    subject=source,
                    next_step="keep what is rendered in a repository of its own",
                )
            target = made.files / path
            target.parent.mkdir(parents=True, exist_ok=True)
            data: bytes = odb.read(entry.id)[1]
            if entry.kind == "file":
                target.write_bytes(data)
            elif _stays_inside(os.path.normpath(Path(path).parent / os.fsdecode(data))):
                target.symlink_to(os.fsdecode(data))
    except BaseException as error:
        made.remove()
        if isinstance(error, OSError):
            raise SourceError(
                f"revision {revision[:7]} cannot be written to disk for its renderer ({error.strerror})",
                subject=source,
                next_step="free some space in the temporary folder",
            ) from error
        raise
    return made


def _stays_inside(path: str) -> bool:
    return not path.startswith("/") and ".." not in path.split("/") and ".git" not in path.lower().split("/")
