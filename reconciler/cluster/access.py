"""What this user may do on a cluster, asked of the cluster itself; `doctor` shows the answers.

https://kubernetes.io/docs/reference/access-authn-authz/authorization/#checking-api-access
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.cluster.failures import plain
from reconciler.model.keys import GROUP

if TYPE_CHECKING:
    from reconciler.cluster.client import KubeClient
    from reconciler.cluster.kinds import ServedKind

REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
READING = ("get", "list", "watch")
WRITING = ("create", "patch", "update", "delete")
AT_A_TIME = 8


@dataclass(frozen=True, slots=True)
class AccessRow:
    """One verb on one kind. `namespace` is empty for all namespaces and for kinds outside of any."""

    verb: str
    kind: str
    namespace: str
    allowed: bool
    reason: str = ""


async def review_access(
    client: KubeClient,
    kinds: Sequence[ServedKind],
    namespaces: Sequence[str] = (),
    verbs: Sequence[str] = READING,
) -> list[AccessRow]:
    """Ask for every verb on every kind in every namespace whether it is allowed.

    Args:
        client: the cluster.
        kinds: the kinds.
        namespaces: where; empty means in all namespaces at once.
        verbs: what to ask for.

    Returns:
        One row per question, in the order kind, namespace, verb.

    Raises:
        ClusterError: the cluster does not answer the questions.
    """
    gate = asyncio.Semaphore(AT_A_TIME)
    questions = [
        (kind, namespace, verb)
        for kind in kinds
        for namespace in (list(dict.fromkeys(namespaces)) if namespaces and kind.namespaced else [""])
        for verb in verbs
    ]

    async def ask(kind: ServedKind, namespace: str, verb: str) -> AccessRow:
        attributes = {"group": GROUP, "resource": kind.plural, "verb": verb, "namespace": namespace}
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        async with gate:
            answer = await client.request("POST", REVIEWS, body=body)
        status = answer.get("status") or {}
        reason = plain(status.get("reason") or status.get("evaluationError") or "")
        return AccessRow(verb, kind.kind, namespace, status.get("allowed") is True, reason)

    return list(await asyncio.gather(*(ask(*question) for question in questions)))
