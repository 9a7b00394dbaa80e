"""ManagementContext: with a cloud token, GKO's mutating webhook writes what the token says into the spec.

It fills the URL of the token's region, the organisation and the environment (DOMAIN §4.1). That is only
taken for the webhook's work where Git states a cloud token and leaves the field out, and the URL is one of
the cloud's: a URL added by hand stays drift.
"""

from __future__ import annotations

import re

from reconciler.model.changes import Change, ChangeKind
from reconciler.rules.kinds.kind_rules import Explanation, Fields, KindRules

_CLOUD_URL = re.compile(r"https://[a-z0-9-]+\.cloudgate\.gravitee\.io/?")


def written_by_the_cloud_webhook(change: Change, left: Fields) -> bool:
    """Whether this addition is what the webhook derives from the cloud token."""
    spec = left.get("spec")
    cloud = spec.get("cloud") if isinstance(spec, dict) else None
    if change.kind is not ChangeKind.ADDED or not isinstance(cloud, dict) or not cloud:
        return False
    if change.path == ("spec", "baseUrl"):
        return isinstance(change.right, str) and _CLOUD_URL.fullmatch(change.right) is not None
    return change.path in (("spec", "organizationId"), ("spec", "environmentId"))


RULES = KindRules(
    "ManagementContext",
    explanations=(Explanation("management-context-cloud-webhook", written_by_the_cloud_webhook),),
)
