"""What whoever stood here before has finished: seen for the first time, it is left as it is (ENGINE §8).

Its control plane may hold something else by now, changed by hand. Whether that is put right is a question of
healing, which follows the mode of its application, and not of who is in charge. GKO, restarted, does the same
(DOMAIN §2.2).
"""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.rules.apim.gko_status import ACCEPTED, told_by_gko
from reconciler.rules.apim.references import Resource, elements, status_of, text_at
from reconciler.rules.apim.standing_in.marks import finalizers_wanted

_NEVER_SENT = frozenset({"ManagementContext", "ApiResource", "Notification"})
"""Nothing is overwritten by looking at these again."""


def is_settled(obj: Resource) -> bool:
    """Whether the present spec of a resource was accepted, and its marks are on."""
    kind, status = text_at(obj, "kind"), status_of(obj)
    metadata = obj.get("metadata") or {}
    if kind in _NEVER_SENT or metadata.get("deletionTimestamp"):
        return False
    if not {*finalizers_wanted(kind, obj)} <= {*elements(metadata.get("finalizers"))}:
        return False
    conditions = {one.get("type") for one in elements(status.get("conditions")) if isinstance(one, Mapping)}
    if ACCEPTED not in conditions and text_at(status, "processingStatus") != "Completed":
        return False
    return told_by_gko(obj).verdict is None
