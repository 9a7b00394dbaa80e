"""Portal and PortalListing: navigation is known by its path. `topNavbar` is shown in its order."""

from __future__ import annotations

from reconciler.rules.kinds.kind_rules import KindRules
from reconciler.rules.lists import in_order, keyed

RULES = (
    KindRules(
        "Portal",
        lists={"spec.navigation": keyed("path"), "spec.structure.topNavbar": in_order("path")},
        empty_is_absent=("spec.navigation",),
    ),
    KindRules("PortalListing", lists={"spec.apis": keyed("location")}),
)
