"""What is wrong in the demo between Git and the clusters: where, which verdict it must get, how it is made.

GKO follows the clusters, so what was done to a resource there has reached APIM and the gateways: their cells
are Synced however wrong the cluster's is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from reconciler.model.changes import ABSENT
from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place, Verdict
from reconciler.simulator.demo.backends import proxy
from reconciler.simulator.demo.folders import EU, SILENT, STAGE, US
from reconciler.simulator.demo.makings import (
    ClusterCreate,
    ClusterDelete,
    ClusterEdit,
    ClusterSilent,
    Incident,
    KindForbidden,
    NotPruned,
    NotYetSynced,
    RefusedByGitOps,
)
from reconciler.simulator.demo.manifests import Spec, key_less, manifest
from reconciler.simulator.demo.teams.shop import black_friday_teaser


def _api(clusters: Sequence[str], namespace: str, name: str) -> tuple[ResourceKey, ...]:
    return tuple(ResourceKey(cluster, "ApiV4Definition", namespace, name) for cluster in clusters)


def _httpbin() -> Spec:
    spec = proxy(
        "httpbin test",
        "0.0.1",
        "just trying something, karl",
        "/httpbin",
        "http://httpbin.default.svc:80",
        plans={"open": key_less()},
    )
    found = manifest("ApiV4Definition", "default", "httpbin-test", spec)
    del found["metadata"]["labels"]
    return found


_DEBUG_PLAN: Final = {
    "name": "debug",
    "description": "temporary!! remove after the incident",
    "security": {"type": "KEY_LESS"},
}
_K, _G = Place.CLUSTER, Place.GIT
_C, _W = Place.CONTROL_PLANE, Place.GATEWAY
_RATE = "spec.flows.0.request.0.configuration.rate.limit"

UPSTREAM: Final = (
    Incident(
        "rate-limit-raised",
        "A rate limit was raised with kubectl edit",
        _K,
        Verdict.DRIFTED,
        ClusterEdit(3.1, "kubectl-edit", _RATE, 800),
        _api((EU,), "payments", "payment-initiation"),
    ),
    Incident(
        "backend-moved",
        "An endpoint was moved to the green deployment by hand",
        _K,
        Verdict.DRIFTED,
        ClusterEdit(
            26.4,
            "kubectl-edit",
            "spec.endpointGroups.0.endpoints.0.configuration.target",
            "http://tracking-green.logistics.svc:8080",
        ),
        _api((US,), "logistics", "shipment-tracking"),
    ),
    Incident(
        "api-stopped",
        "An API was stopped with kubectl patch",
        _K,
        Verdict.DRIFTED,
        ClusterEdit(0.7, "kubectl-patch", "spec.state", "STOPPED"),
        _api((EU,), "marketing", "loyalty"),
    ),
    Incident(
        "guard-switched-on",
        "The outage guard was switched on and forgotten",
        _K,
        Verdict.DRIFTED,
        ClusterEdit(61.0, "kubectl-edit", "spec.steps.0.enabled", True),
        (ResourceKey(US, "SharedPolicyGroup", "platform", "outage-guard"),),
    ),
    Incident(
        "flow-removed",
        "A flow with a rate limit was removed in staging",
        _K,
        Verdict.DRIFTED,
        ClusterEdit(18.2, "kubectl-edit", "spec.flows.0", ABSENT),
        _api((STAGE,), "identity", "sessions"),
    ),
    Incident(
        "plan-added",
        "A key-less plan was patched into Refunds at night",
        _K,
        Verdict.DRIFTED,
        ClusterEdit(31.6, "kubectl-patch", "spec.plans.debug", _DEBUG_PLAN),
        _api((EU,), "payments", "refunds"),
    ),
    Incident(
        "deleted",
        "Returns was deleted in America",
        _K,
        Verdict.MISSING,
        ClusterDelete(49.0),
        _api((US,), "logistics", "returns"),
        also=((_C, None), (_W, None)),
        docs="GKO withdrew it from APIM and the gateways dropped it: absent on both sides, no hop.",
    ),
    Incident(
        "subscription-deleted",
        "A subscription is gone in staging",
        _K,
        Verdict.MISSING,
        ClusterDelete(75.5),
        (ResourceKey(STAGE, "Subscription", "identity", "personnel-scim"),),
        also=((_C, None),),
        docs="GKO closed it in APIM. A closed subscription counts as absent, though its GET answers 200.",
    ),
    Incident(
        "not-pruned",
        "Gift Cards v1 left Git and stayed in Europe",
        _K,
        Verdict.ORPHAN,
        NotPruned("gift-cards-removed"),
        _api((EU,), "shop", "gift-cards-v1"),
    ),
    Incident(
        "scanners-not-pruned",
        "The old scanners' application stayed in staging",
        _K,
        Verdict.ORPHAN,
        NotPruned("scanners-removed"),
        (ResourceKey(STAGE, "Application", "logistics", "legacy-scanners"),),
    ),
    Incident(
        "made-by-hand",
        "A teaser API that was never in Git",
        _K,
        Verdict.UNMANAGED,
        ClusterCreate(130.0, "kubectl-create", black_friday_teaser()),
        _api((US,), "shop", "black-friday-teaser"),
    ),
    Incident(
        "experiment",
        "Somebody's experiment in staging",
        _K,
        Verdict.UNMANAGED,
        ClusterCreate(290.0, "kubectl-client-side-apply", _httpbin()),
        _api((STAGE,), "default", "httpbin-test"),
    ),
    Incident(
        "tab",
        "A tab makes the newsletter's manifest unreadable",
        _G,
        Verdict.FAILED,
        RefusedByGitOps("newsletter-broken"),
        _api((EU, US), "marketing", "newsletter"),
    ),
    Incident(
        "defined-twice",
        "Two files define Wishlist",
        _G,
        Verdict.FAILED,
        RefusedByGitOps("wishlist-twice"),
        _api((EU, US, STAGE), "shop", "wishlist"),
    ),
    Incident(
        "not-synced",
        "Checkout's new timeout is on its way to production",
        _K,
        Verdict.AHEAD,
        NotYetSynced("checkout-timeout"),
        _api((EU, US), "shop", "checkout"),
    ),
    Incident(
        "rolling-out",
        "Token Exchange's new limit has not reached Europe",
        _K,
        Verdict.AHEAD,
        NotYetSynced("token-limit"),
        _api((EU,), "identity", "token-exchange"),
    ),
    Incident(
        "groups-forbidden",
        "Groups may not be read in America",
        _K,
        Verdict.UNKNOWN,
        KindForbidden("groups"),
        cluster=US,
        kind="Group",
        also=((_C, Verdict.UNKNOWN),),
        docs="What would be sent cannot be said of what cannot be read.",
    ),
    Incident(
        "silent",
        "The recovery cluster does not answer",
        _K,
        Verdict.UNKNOWN,
        ClusterSilent(),
        cluster=SILENT,
        also=((_C, Verdict.UNKNOWN), (_W, Verdict.UNKNOWN)),
        docs="Its context cannot be read either, so nobody knows which control plane and gateways it means.",
    ),
)
