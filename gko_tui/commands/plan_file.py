"""Plan files: written whole or not at all, for their owner only; read with a word for what is wrong."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from reconciler.model.errors import GkoError
from reconciler.model.plan import MAX_DOCUMENT, Plan, PlanFileError, plan_from_document, plan_to_document

_OUTPUT = b'"schema"', b'"gko-tui/'


def check_place(path: Path) -> None:
    """See whether a plan can be kept there.

    Raises:
        GkoError: it cannot.
    """
    if path.is_dir():
        raise GkoError("is a folder", subject=str(path), next_step="name a file")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        why = "cannot be written to" if path.parent.is_dir() else "does not exist"
        raise GkoError(f"the folder {path.parent} {why}", subject=str(path), next_step="name another file")


def write_plan(plan: Plan, path: Path) -> None:
    """Keep a plan as a file of mode 0600, which takes the place of one that is there.

    Raises:
        GkoError: it cannot be written; what was there stays as it was.
    """
    beside: Path | None = None
    try:
        descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
        beside = Path(name)
        with os.fdopen(descriptor, "wb") as file:
            file.write(plan_to_document(plan))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError as error:
        if beside is not None:
            with suppress(OSError):
                beside.unlink()
        raise GkoError(
            f"the plan cannot be written ({error.strerror or error})", subject=str(path)
        ) from error


def read_plan(path: Path) -> Plan:
    """Read a plan file.

    Raises:
        PlanFileError: it cannot be read, is no plan, was changed after it was written, or is of a version not
            known here.
    """
    again = "make one with `gko-tui plan --out FILE`"
    try:
        with path.open("rb") as file:
            data = file.read(MAX_DOCUMENT + 1)
    except OSError as error:
        raise PlanFileError(
            f"cannot be read ({error.strerror or error})", subject=str(path), next_step=again
        ) from error
    if all(mark in data[:200] for mark in _OUTPUT):
        raise PlanFileError(
            "is what -o json prints, which is for reading", subject=str(path), next_step=again
        )
    return plan_from_document(data, name=str(path))
