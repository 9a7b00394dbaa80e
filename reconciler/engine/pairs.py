"""Two documents of one resource, read and compared leaf by leaf: for what is not equal, and for people.

Only this module inflates bodies. Results of judging are kept while neither side moves, so that a row that
stays drifted costs nothing on the next pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reconciler.engine.desired import Definition, Desired
from reconciler.engine.fingerprint import Fingerprinter
from reconciler.model.changes import Change, HopDiff, Ignored
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place
from reconciler.rules.comparing import Judgement, judge, unpack_leaves
from reconciler.rules.explaining import Explanation, explain
from reconciler.rules.ignoring import Subject
from reconciler.rules.metadata import compared_sides
from reconciler.rules.normalise import normalise
from reconciler.rules.redact import redact_body
from reconciler.rules.schema import Schema
from reconciler.rules.text import document_lines
from reconciler.rules.validating import Fault, faults_of

if TYPE_CHECKING:
    from reconciler.cluster.objects import ClusterObject
    from reconciler.git.source import GitSource
    from reconciler.model.rows import Cell
    from reconciler.rules.ruleset import RuleSet

MAX_KEPT = 5_000
"""Judgements kept; a fleet with more differences than that pays for them again."""


class Pairs:
    """Reads and compares the two sides of the cluster hop.

    Args:
        fingerprinter: key and rules.
        sources: name → Git source.
        synced_leaves: the packed leaf digests of the last synced state of a resource, or None.
        people: globs of the field managers that are people's tools.
        rules_of: the rules for what a source defines.
    """

    def __init__(
        self,
        fingerprinter: Fingerprinter,
        sources: Mapping[str, GitSource],
        synced_leaves: Callable[[ResourceKey], bytes | None],
        people: Sequence[str],
        rules_of: Callable[[str | None], RuleSet],
    ) -> None:
        self._key = fingerprinter.key
        self._fingerprinter = fingerprinter
        self._sources = sources
        self._synced_leaves = synced_leaves
        self._people = tuple(people)
        self._rules_of = rules_of
        self._kept: dict[tuple[object, ...], Judgement] = {}

    def judge(self, desired: Desired, found: ClusterObject, schema: Schema) -> Judgement:
        """Compare a resource three-way (blocking: it reads both bodies)."""
        leaves = self._synced_leaves(found.key)
        document = desired.first.document
        name = (
            document.blob,
            document.index,
            found.uid,
            found.resource_version,
            self._fingerprinter.context(schema),
            leaves,
            desired.trace.committed_at,
            self._rules_of(desired.first.source).digest,
        )
        kept = self._kept.get(name)
        if kept is None:
            left, right = self.read(desired.first), found.body()
            kept = self._judge(found.key, desired, left, right, schema, leaves)
            while len(self._kept) >= MAX_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[name] = kept
        return kept

    def read(self, definition: Definition) -> dict[str, Any]:
        """The body of a document in Git."""
        return self._sources[definition.source].body(definition.document)

    def faults(self, definition: Definition, schema: Schema) -> tuple[Fault, ...]:
        """What a cluster would refuse a document for, whoever applies it, as far as its schema tells.

        Raises:
            GkoError: its text cannot be read.
        """
        return tuple(one for one in faults_of(self.read(definition), schema) if not one.apply_only)

    def diff(
        self,
        key: ResourceKey,
        desired: Desired | None,
        found: ClusterObject | None,
        schema: Schema,
        cell: Cell,
    ) -> HopDiff:
        """Everything to say of the cluster hop of one resource, redacted (blocking)."""
        left = self.read(desired.first) if desired is not None else None
        right = found.body() if found is not None else None
        ignored: list[Ignored] = []
        rules = self._rules_of(desired.first.source if desired is not None else None)
        left_side = normalise(left, schema, rules, ignored=ignored) if left is not None else None
        right_side = normalise(right, schema, rules, ignored=ignored) if right is not None else None
        if left_side is not None and right_side is not None:
            shown = compared_sides(left_side, right_side)
            left_lines, right_lines = self._shown(shown[0], key), self._shown(shown[1], key)
            ignored.extend(shown[2])
        else:
            left_lines, right_lines = self._shown(left_side, key), self._shown(right_side, key)
        changes: tuple[Change, ...] = ()
        if desired is not None and left is not None and right is not None:
            judgement = self._judge(key, desired, left, right, schema, self._synced_leaves(key))
            changes = judgement.changes
            ignored.extend(judgement.ignored)
        return HopDiff(
            Place.CLUSTER,
            left=f"Git {desired.trace.revision[:7]} {desired.trace.path}".strip()
            if desired
            else "Git (absent)",
            right=f"Cluster {key.cluster}" + ("" if found is not None else " (absent)"),
            verdict=cell.verdict,
            causes=cell.causes,
            changes=changes,
            left_lines=left_lines,
            right_lines=right_lines,
            ignored=tuple(dict.fromkeys(ignored)),
        )

    def lines(self, body: dict[str, Any], key: ResourceKey) -> tuple[str, ...]:
        """One whole document as YAML lines, redacted, without the book-keeping of field managers."""
        shown = dict(body)
        if isinstance(shown.get("metadata"), dict):
            shown["metadata"] = {k: v for k, v in shown["metadata"].items() if k != "managedFields"}
        return document_lines(redact_body(shown, key.kind, self._key))

    def explain(
        self, key: ResourceKey, desired: Desired, found: ClusterObject, schema: Schema, path: str | None
    ) -> Explanation:
        """Every rule that fired on the cluster hop of one resource, and what each hid (blocking).

        Raises:
            GkoError: a body cannot be read.
            ValueError: the path is none.
        """
        left, leaves = self.read(desired.first), self._synced_leaves(key)
        return explain(
            left,
            found.body(),
            schema,
            self._rules_of(desired.first.source),
            path,
            key=self._key,
            synced=unpack_leaves(leaves) if leaves is not None else None,
            committed_at=desired.trace.committed_at or None,
            subject=_subject(key, left),
            people=self._people,
        )

    def _judge(
        self,
        key: ResourceKey,
        desired: Desired,
        left: dict[str, Any],
        right: dict[str, Any],
        schema: Schema,
        leaves: bytes | None,
    ) -> Judgement:
        rules = self._rules_of(desired.first.source)
        return judge(
            normalise(left, schema, rules),
            normalise(right, schema, rules),
            unpack_leaves(leaves) if leaves is not None else None,
            key=self._key,
            committed_at=desired.trace.committed_at or None,
            body=right,
            ruleset=rules,
            people=self._people,
            subject=_subject(key, left),
        )

    def _shown(self, normalised: dict[str, Any] | None, key: ResourceKey) -> tuple[str, ...]:
        if normalised is None:
            return ()
        return document_lines(redact_body(normalised, key.kind, self._key))


def _subject(key: ResourceKey, left: dict[str, Any]) -> Subject:
    """What ignore rules may ask of a resource."""
    metadata = left.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    return Subject(key, Place.CLUSTER, labels if isinstance(labels, dict) else {})
