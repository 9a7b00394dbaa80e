"""What can be read whole in a control plane, kind by kind, and the id that each has there.

Paths of the Automation API: DOMAIN §4.2. Ids: DOMAIN §2.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import quote

from reconciler.rules import identity

API = "ApiV4Definition"
API_V2 = "ApiDefinition"
ANY_API = "Api"
"""Any API by its id, as Management v2 shows it: one that the Console made, or whose HRID is not known."""
SUBSCRIPTION = "Subscription"


class StateRef(NamedTuple):
    """One thing in a control plane.

    Attributes:
        kind: the kind of its custom resource, or `Api`.
        hrid: its HRID; its id where `uuid` is set, and for ApiDefinition and `Api`.
        parent: the HRID (or id, with `parent_uuid`) of the API or portal that it belongs to.
        uuid: it was made before 4.12 and is found by its id only (DOMAIN §2.4, legacy mode).
        parent_uuid: so was its parent.
        parent_kind: for Documentation: `Portal` or ApiV4Definition.
    """

    kind: str
    hrid: str
    parent: str = ""
    uuid: bool = False
    parent_uuid: bool = False
    parent_kind: str = ""

    @property
    def by_management(self) -> bool:
        """Whether Management v2 must be asked: the Automation API does not have it."""
        return self.kind in (API_V2, ANY_API)

    @property
    def is_api(self) -> bool:
        """Whether it is an API as a whole."""
        return self.kind in (API, API_V2, ANY_API)

    @property
    def api(self) -> StateRef | None:
        """The API that it belongs to; None where it belongs to none."""
        if self.kind == SUBSCRIPTION or (self.kind == "Documentation" and self.parent_kind != "Portal"):
            return StateRef(API, self.parent, uuid=self.parent_uuid)
        return None

    def id_in(self, organization: str, environment: str) -> str:
        """Its id, computed offline (DOMAIN §2.4)."""
        if self.uuid or self.by_management:
            return self.hrid
        if self.kind == SUBSCRIPTION:
            return identity.part_id(organization, environment, self.parent, self.hrid)
        if self.kind in ("PortalListing", "PortalLink") or (
            self.kind == "Documentation" and self.parent_kind == "Portal"
        ):
            return identity.portal_part_id(organization, environment, self.parent, self.hrid)
        if self.kind == "Documentation":
            return identity.api_documentation_id(organization, environment, self.parent, self.hrid)
        return identity.resource_id(organization, environment, self.hrid)


@dataclass(frozen=True, slots=True)
class Collection:
    """Where the Automation API has a kind.

    `parent` is the collection that it hangs on, `legacy` whether it can be found by its id.
    """

    name: str
    parent: str = ""
    legacy: bool = False


COLLECTIONS: Mapping[str, Collection] = {
    API: Collection("apis", legacy=True),
    "Application": Collection("applications", legacy=True),
    "SharedPolicyGroup": Collection("shared-policy-groups", legacy=True),
    "Group": Collection("groups", legacy=True),
    "Dictionary": Collection("dictionaries"),
    "Portal": Collection("portals"),
    SUBSCRIPTION: Collection("subscriptions", "apis", legacy=True),
    "PortalListing": Collection("listings", "portals"),
    "PortalLink": Collection("links", "portals"),
    "Documentation": Collection("documentations", "apis"),
}


def automation_path(ref: StateRef) -> str | None:
    """The path of a thing below the environment's; None for a kind that the Automation API does not have."""
    collection = COLLECTIONS.get(ref.kind)
    if collection is None:
        return None
    own = f"{collection.name}/{quote(ref.hrid, safe='')}"
    if not collection.parent:
        return f"/{own}"
    parents = "portals" if ref.kind == "Documentation" and ref.parent_kind == "Portal" else collection.parent
    return f"/{parents}/{quote(ref.parent, safe='')}/{own}"
