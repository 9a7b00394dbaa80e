"""The two hops beyond the cluster as diffs and documents for people: redacted, with who did what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from reconciler.engine.cells import Finding
from reconciler.gateways.folding import Folded, PodVerdict, PodView
from reconciler.gateways.showing import pod_diff
from reconciler.model.changes import Change, HopDiff, Origin
from reconciler.model.errors import UsageError
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place
from reconciler.rules.apim.comparing import hop_lines
from reconciler.rules.apim.references import Problems

if TYPE_CHECKING:
    from reconciler.control_plane.history import Audit
    from reconciler.engine.downstream.chain import Chain
    from reconciler.engine.downstream.meanings import Meaning
    from reconciler.model.rows import Row


def meaning_of(chain: Chain, key: ResourceKey) -> Meaning:
    """What a resource, or a thing that only a control plane has, means there."""
    return chain.meanings.of(key) if key.namespace else chain.only_there.meaning(key)


def control_plane_diff(chain: Chain, row: Row, audits: Sequence[Audit], *, digest_key: bytes) -> HopDiff:
    """The control-plane hop of one resource (blocking).

    Args:
        chain: what is known.
        row: the resource as it is published.
        audits: who did what to it in APIM, newest first.
        digest_key: this machine's digest key, for redaction.
    """
    key, cell = row.key, row.control_plane
    meaning = meaning_of(chain, key)
    found = chain.object(key)
    held = chain.held.of(meaning.control_plane)
    reading = held.states.get(meaning.ref) if meaning.ref is not None else None
    state = reading.state if reading is not None else None
    where = f"Control plane {meaning.control_plane}" if meaning.control_plane else "Control plane"
    empty = HopDiff(
        Place.CONTROL_PLANE,
        f"Cluster {key.cluster}" if found is not None else "Cluster (absent)",
        where if state is not None else f"{where} ({'not read' if reading is None else 'absent'})",
        cell.verdict,
        cell.causes,
    )
    if found is None or meaning.ref is None or reading is None:
        return empty
    body = chain.control_plane_cells.body(key, found)
    if isinstance(body, Problems):
        return empty
    judged = chain.control_plane_cells.judgement(key, found, body, state)
    left, right = hop_lines(body, state.body() if state is not None else None, key=digest_key)
    return replace(
        empty,
        changes=blamed(judged.changes, audits),
        ignored=tuple(judged.ignored),
        left_lines=left,
        right_lines=right,
    )


_PARTS = {"PLAN": "plans", "PAGE": "pages", "MEMBERSHIP": "members", "METADATA": "metadata"}


def blamed(changes: Sequence[Change], audits: Sequence[Audit]) -> tuple[Change, ...]:
    """Name who changed what on the right side, as far as APIM's audits tell it.

    An audit names what it concerns (a plan, a page, the API itself), not each field; the newest one of the
    right sort stands for all changes of that sort.
    """
    newest: dict[str, Audit] = {}
    for audit in sorted(audits, key=lambda audit: audit.at):
        newest[_PARTS.get(audit.event.partition("_")[0], "")] = audit
    return tuple(_blame(change, newest) for change in changes)


def _blame(change: Change, newest: Mapping[str, Audit]) -> Change:
    part = str(change.path[1]) if len(change.path) > 1 else ""
    audit = newest.get(part if part in _PARTS.values() else "")
    if audit is None or change.origin is Origin.LEFT or change.manager is not None:
        return change
    return replace(change, manager=audit.by or None, at=audit.at or None)


def gateway_diff(chain: Chain, row: Row, gateway: str, *, digest_key: bytes) -> HopDiff:
    """The gateway hop of one resource: the worst pod, or the one that is asked for (blocking).

    Args:
        chain: what is known.
        row: the resource as it is published.
        gateway: `NAME` or `NAME/POD`; empty for the worst.
        digest_key: this machine's digest key.

    Raises:
        UsageError: no such gateway serves the resource.
    """
    meaning = meaning_of(chain, row.key)
    stopped = chain.stopped(row.key, meaning)
    folded = chain.gateway_cells.folded(row.key, meaning, stopped=stopped)
    plain = HopDiff(Place.GATEWAY, "Control plane", "Gateway", row.gateway.verdict, row.gateway.causes)
    if not isinstance(folded, Folded) or not folded.pods:
        return plain
    pod = chosen_pod(folded, gateway, row.key)
    expected = chain.gateway_cells.expected(row.key, meaning, stopped=stopped)
    view = next(
        (view for view in chain.gateway_cells.views(pod.gateway) if view.pod == pod.pod),
        PodView(pod.gateway, pod.pod),
    )
    if isinstance(expected, Finding):
        return plain
    api_id = expected.api_id if expected is not None else meaning.id
    return pod_diff(expected, view, pod, api_id, key=digest_key)


def chosen_pod(folded: Folded, gateway: str, key: ResourceKey) -> PodVerdict:
    """The pod that is meant by `NAME` or `NAME/POD`; the worst of all where nothing is.

    Raises:
        UsageError: no such gateway serves the resource.
    """
    if not gateway:
        return max(folded.pods, key=lambda pod: pod.verdict.rank if pod.verdict is not None else -1)
    named = [pod for pod in folded.pods if gateway in (pod.gateway, f"{pod.gateway}/{pod.pod}")]
    if not named:
        known = ", ".join(sorted({pod.gateway for pod in folded.pods}))
        raise UsageError(f"is on no gateway {gateway}", subject=str(key), next_step=f"one of: {known}")
    return max(named, key=lambda pod: pod.verdict.rank if pod.verdict is not None else -1)


def held_body(chain: Chain, key: ResourceKey) -> dict[str, Any] | None:
    """What the control plane holds of a resource, whole; None where it has nothing or was not read."""
    meaning = meaning_of(chain, key)
    if meaning.ref is None:
        return None
    reading = chain.held.of(meaning.control_plane).states.get(meaning.ref)
    return reading.state.body() if reading is not None and reading.state is not None else None


def running_body(chain: Chain, key: ResourceKey) -> dict[str, Any] | None:
    """The definition that some pod runs of an API; None where none was read."""
    meaning = meaning_of(chain, key)
    for spec in chain.gateway_cells.serving(key, meaning):
        for view in chain.gateway_cells.views(spec.name):
            deployed = view.deployed.get(meaning.id)
            if deployed is not None and (definition := deployed.definition()):
                return definition
    return None
