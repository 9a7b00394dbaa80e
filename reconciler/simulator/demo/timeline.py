"""The commits played: which file held which documents after each of them.

Both the Git history and the clusters are made from this one table, so they cannot tell different stories.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from reconciler.model.changes import ABSENT
from reconciler.simulator.demo.changes import Commit, Edit
from reconciler.simulator.demo.folders import Folder
from reconciler.simulator.demo.manifests import Spec
from reconciler.simulator.demo.yaml_text import to_yaml_file

DAY = 86_400.0

README = """\
# API platform

What runs on our API gateways, as code.

- `apps/TEAM/FOLDER`: the manifests of one team; which clusters a folder goes to is written in gko-tui.yaml
- production is synced by Argo CD, staging by Flux
- contexts and shared policies belong to the platform team

Change a file, commit, and see in gko-tui what is ahead.
"""


@dataclass(frozen=True, slots=True)
class FileState:
    """A file after a commit: its text, and its documents (none where the text cannot be read)."""

    text: str
    documents: tuple[Spec, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One commit at its instant (seconds since the epoch), and the files it changed; None: removed."""

    commit: Commit
    at: float
    files: dict[str, FileState | None]


@dataclass(frozen=True, slots=True)
class Timeline:
    """The whole story, oldest first, and the folder each file stands in."""

    steps: tuple[Step, ...]
    folder_of: dict[str, Folder]

    def head(self) -> dict[str, FileState]:
        """Every file as the newest commit left it."""
        files: dict[str, FileState] = {}
        for step in self.steps:
            for path, state in step.files.items():
                if state is None:
                    del files[path]
                else:
                    files[path] = state
        return files


def play(folders: Sequence[Folder], commits: Sequence[Commit], now: float) -> Timeline:
    """Work the commits backwards from the catalogue.

    Args:
        folders: what the newest commit left, and files that commits removed.
        commits: oldest first.
        now: seconds since the epoch; commits are that many days before it.

    Raises:
        ValueError: a commit names a file that does not exist, or no commit adds a file.
    """
    folder_of = {f"{folder.path}/{name}": folder for folder in folders for name in folder.files}
    documents = {f"{folder.path}/{name}": docs for folder in folders for name, docs in folder.files.items()}
    added = _added_by(commits, documents)
    current: dict[str, FileState | None] = {
        path: _state(docs, folder_of[path].comment) for path, docs in documents.items()
    }
    steps: list[Step] = []
    for number in range(len(commits) - 1, -1, -1):
        commit = commits[number]
        files: dict[str, FileState | None] = {}
        for path in commit.removes:
            files[path] = None
        for path in {edit.file for edit in commit.edits}:
            after = files[path] = _known(current, path)
            before = _undone(after.documents, (edit for edit in commit.edits if edit.file == path))
            current[path] = _state(before, folder_of[path].comment)
        if commit.breaks:
            files[commit.breaks] = FileState(_broken(_known(current, commit.breaks).text))
        for path in added.get(number, ()):
            files[path] = current.pop(path)
        if number == 0:
            files["README.md"] = FileState(README)
        steps.append(Step(commit, now - commit.days * DAY, dict(sorted(files.items()))))
    return Timeline(tuple(reversed(steps)), folder_of)


def _state(documents: Iterable[Spec], comment: str) -> FileState:
    found = tuple(documents)
    return FileState(to_yaml_file(found, comment=comment), found)


def _known(current: dict[str, FileState | None], path: str) -> FileState:
    state = current.get(path)
    if state is None:
        raise ValueError(f"a commit touches {path}, which does not exist then")
    return state


def _added_by(commits: Sequence[Commit], files: Iterable[str]) -> dict[int, list[str]]:
    """Commit number → the files it adds; the longest name that fits a file decides."""
    adds = [(name, number) for number, commit in enumerate(commits) for name in commit.adds]
    found: dict[int, list[str]] = {}
    for path in files:
        fitting = [(name, number) for name, number in adds if path.startswith(name)]
        if not fitting:
            raise ValueError(f"no commit adds {path}")
        found.setdefault(max(fitting, key=lambda one: len(one[0]))[1], []).append(path)
    return found


def _undone(documents: tuple[Spec, ...], edits: Iterable[Edit]) -> tuple[Spec, ...]:
    before = deepcopy(documents)
    for edit in edits:
        put(before[edit.document], edit.at, edit.was)
    return before


def put(document: Spec, at: str, value: object) -> None:
    """Set the value at a dotted path of a document, in place; ABSENT takes it away.

    A number that is one past the end of a list appends.
    """
    *way, last = at.split(".")
    inner = _at(document, way)
    if isinstance(inner, list):
        place = int(last)
        inner[place : place + 1] = [] if value is ABSENT else [deepcopy(value)]
    elif value is ABSENT:
        del inner[last]
    else:
        inner[last] = deepcopy(value)


def _at(document: Any, way: Iterable[str]) -> Any:
    for step in way:
        document = document[int(step)] if isinstance(document, list) else document[step]
    return document


def _broken(text: str) -> str:
    """The file as somebody left it who indented one line with a tab, in a browser."""
    return text.replace("  visibility: PUBLIC\n", "  visibility: PUBLIC\n  labels:\n\t- spring\n", 1)
