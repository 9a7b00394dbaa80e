"""Plans that an application in the mode `propose` has made: one file each, for a person to look at and apply.

`gko-tui apply FILE` is the approval. A plan holds names, paths and digests; the file is its user's alone all
the same.
"""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.model.errors import ConfigurationError
from reconciler.model.plan import Plan, plan_to_document


class Proposals:
    """The folder of proposals.

    Args:
        state: where this machine keeps its state.
    """

    def __init__(self, state: Path) -> None:
        self._folder = state / "proposals"

    def file(self, application: str) -> Path:
        """Where the proposal of an application stands, if there is one."""
        return self._folder / f"{application}.plan.json"

    def keep(self, application: str, plan: Plan | None) -> None:
        """Keep a plan in place of the one before; None: there is nothing to propose any more.

        Raises:
            ConfigurationError: it cannot be written.
        """
        file = self.file(application)
        try:
            if plan is None:
                file.unlink(missing_ok=True)
                return
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = file.with_suffix(".new")
            new.unlink(missing_ok=True)
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as out:
                out.write(plan_to_document(plan))
            new.replace(file)
        except OSError as error:
            raise ConfigurationError(
                f"cannot be written ({error.strerror or error})",
                subject=str(file),
                next_step="make room, or set GKO_TUI_STATE to a folder that you may write",
            ) from error
