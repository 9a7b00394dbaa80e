"""Folders that become documents through a program: kustomize, helm, or a command of the user's own.

Each runs over an export of the committed files, with a scrubbed environment and bounded time and output.
What it printed stays in memory only; it may hold anything.
"""

from __future__ import annotations

import re
import shutil
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.git.documents import GitDocument
from reconciler.git.export import Export, export
from reconciler.git.process import Ended, run_bounded, scrubbed, shown
from reconciler.git.trees import Trees
from reconciler.model.errors import SourceError

if TYPE_CHECKING:
    import pygit2

    from reconciler.settings.model import CommandRender, HelmRender, KustomizeRender, Render

_TIMEOUT_S: Final = 60.0
_MAX_BYTES: Final = 32 * 1024 * 1024
_KEPT_BYTES: Final = 128 * 1024 * 1024
_HELM_ORIGIN: Final = re.compile(rb"^# Source: (\S+)\s*$", re.MULTILINE)
_INSTALL: Final = {
    "kustomize": "install kustomize (https://kubectl.docs.kubernetes.io) on PATH, or use render type yaml",
    "helm": "install helm (https://helm.sh) on PATH, or use render type yaml",
}


@dataclass(frozen=True, slots=True)
class Output:
    """What a renderer printed: `place` is how its lines are named, `blob` the Git id of the text."""

    folder: str
    place: str
    blob: str
    text: bytes
    origins: tuple[tuple[int, str], ...] = field(default=())
    """(line, path) of the marks that helm leaves of its templates, in order."""

    def origin(self, line: int) -> str:
        """The best known path of a document that begins at a line of the output."""
        at = bisect_right(self.origins, (line, "\U0010ffff")) - 1
        return self.origins[at][1] if at >= 0 else self.place


@dataclass(frozen=True, slots=True, repr=False)
class Task:
    """One program to run over an export; it may name secrets, so it is never printed."""

    export: Export
    subject: str
    folder: str
    kind: str
    argv: tuple[str, ...]
    env: Mapping[str, str]
    secrets: Mapping[str, str]
    timeout_s: float
    max_bytes: int


class Renderer:
    """Runs renderers for one source and keeps their last outputs. Not thread-safe.

    Args:
        source: the source's name, for errors.
        environ: where PATH and the variables that are passed by name come from.
    """

    def __init__(self, source: str, environ: Mapping[str, str]) -> None:
        self._source = source
        self._environ = environ
        self._export: Export | None = None
        self._outputs: OrderedDict[str, Output] = OrderedDict()
        self._bytes = 0

    def text(self, blob: str) -> bytes | None:
        """The output of this Git id, if it is still kept."""
        output = self._outputs.get(blob)
        return output.text if output is not None else None

    def folder_of(self, document: GitDocument) -> str | None:
        """The folder that was rendered to this document; None for a document of a plain file."""
        output = self._outputs.get(document.blob)
        return output.folder if output is not None else None

    def prepare(
        self,
        repository: pygit2.Repository,
        trees: Trees,
        revision: str,
        tree: str,
        folder: str,
        render: Render,
    ) -> Task:
        """Write the files of a revision and say what is to be run over them.

        Raises:
            SourceError: the program is not on PATH, or the files cannot be written.
        """
        made = self._export
        if made is None or made.revision != revision:
            if made is not None:
                made.remove()
            made = self._export = export(repository, trees, revision, tree, source=self._source)
        subject = f"{self._source}/{folder}" if folder else self._source
        argv, passed, timeout_s, max_bytes = self._command(made, folder, render, subject)
        env = scrubbed(self._environ, made.home, passed)
        secrets = {name: env[name] for name in passed if name in env}
        return Task(made, subject, folder, render.type, tuple(argv), env, secrets, timeout_s, max_bytes)

    def run(self, task: Task) -> bytes:
        """Run it and return what it printed; needs nothing of this object, so other threads may go on.

        Raises:
            SourceError: it cannot be started, failed, took too long or printed too much.
        """
        try:
            ended = run_bounded(
                task.argv,
                cwd=task.export.files / task.folder,
                env=task.env,
                timeout_s=task.timeout_s,
                max_bytes=task.max_bytes,
            )
        except OSError as error:
            raise SourceError(
                f"{task.argv[0]} cannot be run ({error.strerror})",
                subject=task.subject,
                next_step="correct the render command; it is looked for on PATH",
            ) from error
        _check(ended, task)
        return ended.stdout

    def _command(
        self, made: Export, folder: str, render: Render, subject: str
    ) -> tuple[list[str], tuple[str, ...], float, int]:
        if render.type == "command":
            return self._own_command(render)
        if render.type == "kustomize":
            return self._kustomize(render, subject)
        assert render.type == "helm"
        return self._helm(made, folder, render, subject)

    def _own_command(self, render: CommandRender) -> tuple[list[str], tuple[str, ...], float, int]:
        argv = list(render.argv)
        found = shutil.which(argv[0], path=self._environ.get("PATH"))
        if "/" not in argv[0] and found is not None:
            argv[0] = found
        return argv, render.env, render.timeout_s, render.max_bytes

    def _kustomize(
        self, render: KustomizeRender, subject: str
    ) -> tuple[list[str], tuple[str, ...], float, int]:
        return [self._tool("kustomize", subject), "build", ".", *render.args], (), _TIMEOUT_S, _MAX_BYTES

    def _helm(
        self, made: Export, folder: str, render: HelmRender, subject: str
    ) -> tuple[list[str], tuple[str, ...], float, int]:
        release = render.release or Path(folder).name or self._source
        argv = [self._tool("helm", subject), "template", release, ".", "--skip-tests"]
        if render.namespace:
            argv += ["--namespace", render.namespace]
        for values in render.values:
            file = (made.files / folder / values).resolve()
            if not file.is_file() or not file.is_relative_to(made.files.resolve()):
                raise SourceError(
                    f"the values file {values!r} is not in the repository",
                    subject=subject,
                    next_step="write it relative to the application's folder",
                )
            argv += ["--values", str(file)]
        return argv, (), _TIMEOUT_S, _MAX_BYTES

    def _tool(self, name: str, subject: str) -> str:
        found = shutil.which(name, path=self._environ.get("PATH", ""))
        if found is None:
            raise SourceError(f"{name} is not on PATH", subject=subject, next_step=_INSTALL[name])
        return found

    def keep(self, task: Task, text: bytes) -> Output:
        """Remember what a task printed, the oldest outputs giving way."""
        folder = task.folder
        blob = sha1(b"blob %d\0" % len(text) + text, usedforsecurity=False).hexdigest()
        place = f"{folder or '.'} ({task.kind})"
        origins: list[tuple[int, str]] = []
        if task.kind == "helm":
            for mark in _HELM_ORIGIN.finditer(text):
                # helm names templates below the chart's own name, the folder is where the chart is
                below = mark[1].decode("utf-8", "replace").partition("/")[2]
                line = text.count(b"\n", 0, mark.start()) + 1
                origins.append((line, f"{folder}/{below}".strip("/")))
        output = Output(folder, place, blob, text, tuple(origins))
        before = self._outputs.pop(blob, None)
        self._bytes += len(text) - (len(before.text) if before is not None else 0)
        self._outputs[blob] = output
        while self._bytes > _KEPT_BYTES and len(self._outputs) > 1:
            self._bytes -= len(self._outputs.popitem(last=False)[1].text)
        return output


def _check(ended: Ended, task: Task) -> None:
    name = Path(task.argv[0]).name
    if ended.cause == "timeout":
        raise SourceError(
            f"{name} did not end within {task.timeout_s:g} s and was stopped",
            subject=task.subject,
            next_step="make it faster, or raise timeout_s of its render settings",
        )
    if ended.cause == "output":
        raise SourceError(
            f"{name} printed more than {task.max_bytes:,} bytes and was stopped",
            subject=task.subject,
            next_step="make it print manifests only, or raise max_bytes of its render settings",
        )
    if ended.code != 0:
        said = shown(ended.stderr, task.secrets)
        raise SourceError(
            f"{name} failed with exit code {ended.code}: {said or 'it said nothing'}",
            subject=task.subject,
            next_step=f"run {name} in that folder",
        )
