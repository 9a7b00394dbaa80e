"""What is wrong in the demo beyond the clusters: at the control planes, and on gateways.

Rows that only a control plane has bear its name in the place of the cluster's, no namespace, and the API's
name.
"""

from __future__ import annotations

from typing import Final

from reconciler.model.keys import ResourceKey
from reconciler.model.verdicts import Place, Verdict
from reconciler.simulator.demo.backends import proxy
from reconciler.simulator.demo.changes import LEA, OLGA, RIKU, TOM
from reconciler.simulator.demo.folders import EU, PLANES, STAGE, US
from reconciler.simulator.demo.makings import (
    ApiEdited,
    ByDesign,
    Detached,
    FollowsFrom,
    Incident,
    LeftBehind,
    MadeInConsole,
    PlanEdited,
    PodBehind,
    RefusedByApim,
    StoppedInConsole,
    TwoWriters,
)
from reconciler.simulator.demo.manifests import api_key

_C, _W = Place.CONTROL_PLANE, Place.GATEWAY


def _api(cluster: str, namespace: str, name: str) -> ResourceKey:
    return ResourceKey(cluster, "ApiV4Definition", namespace, name)


def _only_there(cluster: str, title: str) -> tuple[ResourceKey, ...]:
    """The row of an API that only the cluster's control plane has."""
    return (ResourceKey(PLANES[cluster], "ApiV4Definition", "", title),)


DOWNSTREAM: Final = (
    Incident(
        "plan-approved-by-all",
        "A plan was set to approve everybody in the Console",
        _C,
        Verdict.DRIFTED,
        PlanEdited(5.2, TOM.email, "stores", {"validation": "AUTO"}),
        (_api(EU, "shop", "gift-cards"),),
        docs="Moves no timestamp: only the deep round sees it. Not deployed, so the gateways run what was "
        "published: W Synced.",
    ),
    Incident(
        "target-changed",
        "A backend was changed in the Console and deployed",
        _C,
        Verdict.DRIFTED,
        ApiEdited(
            9.7,
            RIKU.email,
            "endpointGroups.0.endpoints.0.configuration.target",
            "http://stock-canary.shop.svc:8080",
            label="canary, Riku",
        ),
        (_api(US, "shop", "stock"),),
        docs="Published from the Console, and the gateways run just that: W Synced.",
    ),
    Incident(
        "stopped-in-console",
        "An API was stopped in the Console",
        _C,
        Verdict.DRIFTED,
        StoppedInConsole(1.6, RIKU.email),
        (_api(EU, "logistics", "pickup-points"),),
        docs="state differs. Gateways do not run it, as APIM says they should not: W Synced.",
    ),
    Incident(
        "detached",
        "An API was detached from its resource",
        _C,
        Verdict.DETACHED,
        Detached(27.5, TOM.email),
        (_api(EU, "shop", "recommendations"),),
        docs="Its content is still the same; W Synced.",
    ),
    Incident(
        "trial-in-console",
        "Feature flags were tried out in the Console",
        _C,
        Verdict.UNMANAGED,
        MadeInConsole(
            19.5,
            LEA.email,
            "Flag Trial",
            "Trying feature flags for landing pages.",
            "/data/flags",
            "http://flags-trial.marketing.svc:8080",
        ),
        _only_there(EU, "Flag Trial"),
        docs="Owner Léa, nineteen days old; published and run: W Synced.",
    ),
    Incident(
        "survey-in-console",
        "A survey was made in the Console of staging",
        _C,
        Verdict.UNMANAGED,
        MadeInConsole(
            3.3,
            OLGA.email,
            "Supplier Survey",
            "Ten questions to suppliers, until the end of the month.",
            "/partners/survey",
            "http://survey.partners.svc:8080",
        ),
        _only_there(STAGE, "Supplier Survey"),
        docs="Owner Olga, three days old; published and run: W Synced.",
    ),
    Incident(
        "path-taken",
        "Feature Flags as code is refused in Europe",
        _C,
        Verdict.FAILED,
        RefusedByApim("trial-in-console"),
        (_api(EU, "data", "feature-flags"),),
        also=((_W, None),),
        docs="Its path is taken by Flag Trial: Accepted=False, ControlPlaneError with APIM's message; parked."
        " APIM does not have it and no gateway runs it: W has no hop. Staging accepts the same manifest.",
    ),
    Incident(
        "two-writers",
        "The Gift Finder of America is written to Europe's environment",
        _C,
        Verdict.CONTENDED,
        TwoWriters(),
        (_api(EU, "marketing", "gift-finder"), _api(US, "marketing", "gift-finder")),
        docs="Same HRID, same environment, other content; America wrote last and wins. Both accepted by GKO. "
        "The gateways of Europe run what was published last: W Synced on both rows.",
    ),
    Incident(
        "resource-lost",
        "Direct Debit runs on, though its resource is gone",
        _C,
        Verdict.ORPHAN,
        LeftBehind(
            38.2,
            "payments",
            "direct-debit",
            proxy(
                "Direct Debit",
                "1.1.0",
                "Collects direct debits of subscriptions.",
                "/payments/direct-debit",
                "http://direct-debit.payments.svc:8080",
                plans={"merchants": api_key("Merchants")},
            ),
        ),
        _only_there(US, "Direct Debit"),
        docs="Origin KUBERNETES, and no cluster that this control plane serves has the resource (a silent "
        "cluster that it does not serve is no excuse). Still published and run: W Synced.",
    ),
    Incident(
        "pod-behind",
        "One of three gateway pods missed a deployment of Echo",
        _W,
        Verdict.DRIFTED,
        PodBehind("eu-gw-6c9f7-hw7lp"),
        (_api(EU, "platform", "echo"),),
        docs="2/3: the pod runs revision 1, published was 2, more than a day ago; C Synced.",
    ),
    Incident(
        "groups-forbidden-below",
        "What is sent of APIs that refer to groups in America cannot be said",
        _C,
        Verdict.UNKNOWN,
        FollowsFrom("groups-forbidden"),
        (
            _api(US, "payments", "payment-initiation"),
            _api(US, "payments", "fraud-scoring"),
            _api(US, "identity", "token-exchange"),
            _api(US, "identity", "sessions"),
            _api(US, "platform", "status-page"),
        ),
        docs="groupRefs, or a Notification with groupRefs, lead to Groups that may not be read. W does not "
        "need them: Synced.",
    ),
    Incident(
        "kept-off",
        "Card Authorisation is for gateways with the tag pci only",
        _W,
        None,
        ByDesign(),
        (_api(US, "payments", "card-authorisation"),),
        docs="us-gw takes the tag us. eu-gw has no tags and takes everything: W Synced there.",
    ),
    Incident(
        "edge",
        "The depots' gateways take their APIs from ConfigMaps, not from APIM",
        _C,
        None,
        ByDesign(),
        (_api(US, "logistics", "depot-scans"), _api(US, "logistics", "label-printing")),
        docs="No contextRef, so no control plane; W compares the ConfigMap with us-edge: Synced.",
    ),
)
