"""From the engine's own words to the values that planning reads: definitions, objects, comparisons."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from reconciler.cluster.trace import trace_of
from reconciler.engine.planning.manifests import as_stored
from reconciler.engine.planning.subjects import Found, Subject, Wanted
from reconciler.model.keys import ResourceKey
from reconciler.model.steps import Content
from reconciler.model.verdicts import Verdict
from reconciler.rules.comparing import LeafDigests, judge
from reconciler.rules.managers import PEOPLE
from reconciler.rules.normalise import normalise
from reconciler.rules.ruleset import STANDARD, RuleSet

if TYPE_CHECKING:
    from reconciler.engine.desired import Desired
    from reconciler.rules.schema import Schema


def wanted_from(desired: Desired, revision: str, body: Mapping[str, Any] | None) -> Wanted:
    """What Git wants of a resource.

    Args:
        desired: its definitions.
        revision: the full 40-hex commit that was rendered.
        body: the document of its first definition; None where it need not be read.
    """
    first = desired.first
    document = first.document
    return Wanted(
        first.application,
        document.api_version,
        Content(first.source, revision, document.path, document.blob, document.index),
        body,
        tuple(f"{one.document.path}:{one.document.line}" for one in desired.definitions),
        desired.broken,
    )


def found_from(body: Mapping[str, Any]) -> Found:
    """What a cluster holds of a resource, from the object as it was read."""
    trace = trace_of(body["metadata"])
    return Found(
        trace.uid,
        trace.resource_version,
        trace.generation,
        trace.owner,
        bool(trace.deleting_since),
        body,
    )


def compared(
    key: ResourceKey,
    wanted: Wanted | None,
    found: Found | None,
    schema: Schema,
    *,
    digest_key: bytes,
    synced: LeafDigests | None = None,
    committed_at: float | None = None,
    ruleset: RuleSet = STANDARD,
    people: Iterable[str] = PEOPLE,
    unreadable: str = "",
    synced_before: bool = False,
) -> Subject:
    """Compare both sides of a resource, where both are there and were read.

    Args:
        key: the resource.
        wanted, found: both sides, as far as they exist.
        schema: what the cluster serves for the kind.
        digest_key: this machine's, for what is redacted and for `synced`.
        synced: the leaf digests of the last synced state, or None at first sight.
        committed_at: when the document was last committed, seconds since the epoch.
        ruleset: the rules in force.
        people: globs of the field managers that are people's tools.
        unreadable: why nobody can tell what the cluster holds; empty where it was read.
        synced_before: whether it was ever seen in sync.
    """
    judgement = None
    if wanted is not None and found is not None and wanted.body is not None and found.body is not None:
        right = as_stored(found.body)
        judgement = judge(
            normalise(as_stored(wanted.body), schema, ruleset),
            normalise(right, schema, ruleset),
            synced,
            key=digest_key,
            committed_at=committed_at,
            body=right,
            ruleset=ruleset,
            people=people,
        )
        if judgement.verdict is Verdict.SYNCED:
            judgement = None
    return Subject(key, wanted, found, judgement, unreadable, synced_before)
