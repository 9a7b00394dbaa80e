"""The filter language of `/`: words, regular expressions, `!` inverse, `-f` fuzzy, `field:value`.

Terms are separated by blanks and all of them must hold: `pay sync:drifted cluster:eu !team:x`.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from fnmatch import fnmatchcase

from reconciler.model.errors import UsageError
from reconciler.model.rows import Row
from reconciler.model.verdicts import Place, Verdict

Test = Callable[[Row], bool]

FIELDS = {
    "sync": "what is wrong on any hop, or synced: sync:drifted",
    "git": "whether Git can be read: git:failed",
    "kube": "the hop from Git to the cluster: kube:ahead",
    "control": "the hop from the cluster to the control plane: control:drifted",
    "gateway": "the hop from there to the gateways: gateway:behind",
    "hop": "where the way is broken: hop:control-plane",
    "cluster": "the cluster: cluster:prod*",
    "plane": "the control plane: plane:apim-eu",
    "origin": "where the control plane has it from: origin:console",
    "owner": "who changed it or owns it, people and tools: owner:argocd",
    "id": "its id or HRID at the control plane: id:2fa83b07",
    "ns": "the namespace: ns:pay",
    "kind": "the kind: kind:ApiV4Definition",
    "app": "the application of gko-tui.yaml: app:team-a",
    "author": "who last changed it, in Git or on the cluster: author:ana",
    "label": "a label: label:team or label:team=pay",
}
"""The fields that a term may name, with an example each."""

_REGEX_SIGNS = re.compile(r"[\\^$*+?()\[\]{}|]")
_MAX_PATTERN = 200


@dataclass(frozen=True)
class RowFilter:
    """A parsed filter.

    `note` says what was understood differently from what may have been meant.
    """

    text: str
    tests: tuple[Test, ...] = ()
    note: str = ""

    def __call__(self, row: Row) -> bool:
        return all(test(row) for test in self.tests)

    def __bool__(self) -> bool:
        return bool(self.tests)


NO_FILTER = RowFilter("")


def parse_filter(text: str) -> RowFilter:
    """Read a filter.

    Raises:
        UsageError: a term names a field that does not exist.
    """
    words = text.split()
    if not words:
        return NO_FILTER
    if words[0] == "-f":
        wanted = "".join(words[1:]).lower()
        return RowFilter(text, (lambda row: _fuzzy(wanted, haystack(row)),) if wanted else ())
    notes: list[str] = []
    tests = []
    for word in words:
        inverse = word.startswith("!")
        body = word[1:] if inverse else word
        if not body:
            continue
        test = _term(body, notes)
        tests.append(_not(test) if inverse else test)
    return RowFilter(text, tuple(tests), "; ".join(notes))


def haystack(row: Row) -> str:
    """The text that plain words are searched in; it begins with the name, so `^pay` means the name."""
    key = row.key
    return f"{key.name} {key.namespace} {key.cluster} {key.kind} {row.application}".lower()


def _not(test: Test) -> Test:
    return lambda row: not test(row)


def _term(word: str, notes: list[str]) -> Test:
    field, colon, value = word.partition(":")
    if colon and field.isalpha():
        name = {"namespace": "ns", "state": "sync", "application": "app", **_LETTERS}.get(
            field.lower(), field.lower()
        )
        if name not in FIELDS:
            raise UsageError(
                "is not a field of a row", subject=field, next_step="use one of " + ", ".join(FIELDS)
            )
        return _field(name, value) if value else (lambda _row: True)
    return _text(word, notes)


def _text(word: str, notes: list[str]) -> Test:
    lowered = word.lower()
    if _REGEX_SIGNS.search(word) and len(word) <= _MAX_PATTERN:
        try:
            pattern = re.compile(word, re.IGNORECASE)
        except re.error:
            notes.append(f"{word} is not a complete regular expression: searched as text")
        else:
            return lambda row: pattern.search(haystack(row)) is not None
    return lambda row: lowered in haystack(row)


def _field(name: str, value: str) -> Test:
    wanted = tuple(part for part in value.lower().split(",") if part)
    if name == "label":
        return lambda row: any(_label(row, part) for part in wanted)
    values = _VALUES[name]
    # A verdict is asked for by its beginning: `sync:un` must not find "Synced", whose middle it is.
    match = _begins if name in _BY_BEGINNING else _inside
    return lambda row: any(match(part, have) for have in values(row) for part in wanted)


def _label(row: Row, wanted: str) -> bool:
    name, equals, value = wanted.partition("=")
    return any(
        key.lower() == name and (not equals or _inside(value, have.lower())) for key, have in row.labels
    )


def _inside(wanted: str, have: str) -> bool:
    return fnmatchcase(have, wanted) if "*" in wanted or "?" in wanted else wanted in have


def _begins(wanted: str, have: str) -> bool:
    return fnmatchcase(have, wanted) if "*" in wanted or "?" in wanted else have.startswith(wanted)


def _sync_words(row: Row) -> tuple[str, ...]:
    """What is wrong on any hop; `synced` only where nothing is."""
    if row.state is Verdict.SYNCED:
        return (Verdict.SYNCED.word.lower(),)
    words = {cell.verdict.word.lower() for cell in row.cells if cell.verdict not in (None, Verdict.SYNCED)}
    return tuple(words) or (row.state.word.lower(),)


def _authors(row: Row) -> tuple[str, ...]:
    author = row.git_trace.author if row.git_trace else ""
    manager = row.cluster_trace.manager if row.cluster_trace else ""
    return (author.lower(), manager.lower())


def _owners(row: Row) -> tuple[str, ...]:
    tool = row.cluster_trace.owner if row.cluster_trace else ""
    holder = row.control_plane_trace.owner if row.control_plane_trace else ""
    return (*_authors(row), tool.lower(), holder.lower())


_BEHIND = {
    Place.CLUSTER: (Verdict.AHEAD, Verdict.MISSING),
    Place.CONTROL_PLANE: (Verdict.AHEAD, Verdict.MISSING),
    Place.GATEWAY: (Verdict.AHEAD, Verdict.MISSING, Verdict.DRIFTED),
}
"""Where the right side has not followed; a gateway cannot be edited, so it drifts by staying behind."""


def _hop_words(place: Place) -> Callable[[Row], tuple[str, ...]]:
    """What one hop says, in words: its verdict, and `behind` where the right side has not followed."""

    def words(row: Row) -> tuple[str, ...]:
        verdict = row.cell(place).verdict
        if verdict is None:
            return ()
        word = verdict.word.lower()
        return (word, "behind") if verdict in _BEHIND.get(place, ()) else (word,)

    return words


def _broken_hops(row: Row) -> tuple[str, ...]:
    return tuple(
        place.value
        for place, cell in zip(Place, row.cells, strict=True)
        if cell.verdict not in (None, Verdict.SYNCED)
    )


_ORIGINS = {"MANAGEMENT": "console", "KUBERNETES": "kubernetes", "INTEGRATION": "integration"}


def _origin(row: Row) -> tuple[str, ...]:
    told = row.control_plane_trace.origin if row.control_plane_trace else ""
    return (told.lower(), _ORIGINS.get(told, "")) if told else ()


def _planes(row: Row) -> tuple[str, ...]:
    return (row.control_plane_trace.control_plane.lower(),) if row.control_plane_trace else ()


def _ids(row: Row) -> tuple[str, ...]:
    trace = row.control_plane_trace
    return (trace.id.lower(), trace.hrid.lower()) if trace else ()


_LETTERS = {"g": "git", "k": "kube", "c": "control", "w": "gateway", "kubernetes": "kube"}
_BY_BEGINNING = ("sync", "git", "kube", "control", "gateway", "hop", "origin")
_VALUES: dict[str, Callable[[Row], tuple[str, ...]]] = {
    "sync": _sync_words,
    "git": _hop_words(Place.GIT),
    "kube": _hop_words(Place.CLUSTER),
    "control": _hop_words(Place.CONTROL_PLANE),
    "gateway": _hop_words(Place.GATEWAY),
    "hop": _broken_hops,
    "plane": _planes,
    "origin": _origin,
    "owner": _owners,
    "id": _ids,
    "cluster": lambda row: (row.key.cluster.lower(),),
    "ns": lambda row: (row.key.namespace.lower(),),
    "kind": lambda row: (row.key.kind.lower(),),
    "app": lambda row: (row.application.lower(),),
    "author": _authors,
}


def _fuzzy(wanted: str, have: str) -> bool:
    """Whether the letters of `wanted` occur in `have` in that order."""
    letters = iter(have)
    return all(letter in letters for letter in wanted)
