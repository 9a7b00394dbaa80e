"""The gateway hop of one pod as a diff to show: what was published on the left, what runs on the right."""

from __future__ import annotations

from reconciler.gateways.definitions import definition_lines
from reconciler.gateways.failures import subject_of
from reconciler.gateways.folding import Expectation, PodVerdict, PodView, tags_of
from reconciler.model.changes import HopDiff
from reconciler.model.verdicts import Place


def pod_diff(
    expected: Expectation | None, view: PodView, verdict: PodVerdict, api_id: str, *, key: bytes
) -> HopDiff:
    """Describe one pod's side of the gateway hop.

    Args:
        expected: what it should run; None where the control plane does not have the API.
        view: what the pod was read to say.
        verdict: what `judge_pod` made of both.
        api_id: the API.
        key: this machine's digest key, for redaction.

    Returns:
        the diff, redacted. A side that is absent, unread or not known has no lines.
    """
    deployed = view.deployed.get(api_id)
    published = expected.definition if expected is not None and expected.started else None
    left, right = definition_lines(
        published or {}, deployed.definition() if deployed is not None else {}, tags=tags_of(view), key=key
    )
    revision = expected.revision if expected is not None else ""
    name = subject_of(view.gateway, view.pod)
    return HopDiff(
        Place.GATEWAY,
        f"published revision {revision}" if revision else "published",
        f"{name} revision {deployed.revision}" if deployed is not None else name,
        verdict.verdict,
        (verdict.cause,) if verdict.cause else (),
        verdict.changes,
        (),
        left if published else (),
        right if deployed is not None else (),
    )
