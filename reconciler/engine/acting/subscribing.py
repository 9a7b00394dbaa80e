"""How many live subscriptions would be closed, and which resources use what a plan takes away.

The Automation API answers 200 for a subscription that is closed; only Management v2 tells its status, and
only Management v2 knows those made in the portal (ENGINE §6). They are counted before a plan is made, for the
few resources that might lose an access plan.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.engine.downstream.showing import meaning_of
from reconciler.engine.planning.subjects import EVERY_PLAN
from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.rules.referring import references_of

if TYPE_CHECKING:
    from reconciler.engine.downstream.chain import Chain

LIVE = frozenset({"ACCEPTED", "PENDING", "PAUSED", "RESUMED"})
"""Statuses that closing an access plan ends."""
Body = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Counted:
    """Live subscriptions by resource and access plan (`EVERY_PLAN` for all); what is absent is not known."""

    known: Mapping[tuple[ResourceKey, str], int] = field(default_factory=dict)
    without: frozenset[ResourceKey] = frozenset()
    """Resources that no control plane holds: nobody can have subscribed."""

    def of(self, key: ResourceKey, access_plan: str) -> int | None:
        """How many live subscriptions an access plan has; None where nobody can tell."""
        if key in self.without:
            return 0
        if (key, EVERY_PLAN) in self.known:
            return self.known.get((key, access_plan), 0)
        return None


async def count_subscriptions(keys: Iterable[ResourceKey], chain: Chain) -> Counted:
    """Ask the control planes about the subscriptions of these APIs.

    Args:
        keys: resources that may lose an access plan, or go.
        chain: knows what they are there.

    Returns:
        the counts; a control plane that does not answer leaves its APIs uncounted. Applications stay
        uncounted as well: Management v2 lists subscriptions by API.
    """
    known: dict[tuple[ResourceKey, str], int] = {}
    without: set[ResourceKey] = set()
    for key in keys:
        meaning = meaning_of(chain, key)
        if not meaning.control_plane and not meaning.causes:
            without.add(key)
            continue
        management = chain.planes.management(meaning.control_plane)
        if management is None or meaning.ref is None or not meaning.ref.is_api:
            continue
        try:
            if await management.api(meaning.id) is None:
                without.add(key)
                continue
            subscriptions = await management.subscriptions(meaning.id)
            plans = await management.plans(meaning.id)
        except GkoError:
            continue
        reading = chain.held.of(meaning.control_plane).states.get(meaning.ref)
        held = reading.state.body() if reading is not None and reading.state is not None else {}
        names = _names(plans, held.get("plans"))
        live = [one for one in subscriptions if one.status in LIVE]
        known[key, EVERY_PLAN] = len(live)
        for one in live:
            for name in names.get(one.plan_id, ()):
                known[key, name] = known.get((key, name), 0) + 1
    return Counted(known, frozenset(without))


def _names(of_management: Iterable[Body], of_automation: object) -> dict[str, set[str]]:
    """What each access plan may be called in a manifest, by its id: its name (version 2), its HRID (4)."""
    names: dict[str, set[str]] = defaultdict(set)
    as_code = of_automation if isinstance(of_automation, list) else ()
    for field_name, plans in (("name", of_management), ("hrid", as_code)):
        for plan in plans:
            if isinstance(plan, Mapping) and plan.get("id") and plan.get(field_name):
                names[str(plan["id"])].add(str(plan[field_name]))
    return names


class References:
    """Who refers to what, found when it is first asked for.

    Args:
        bodies: every live object, and what Git defines, with its body; read once.
    """

    def __init__(self, bodies: Callable[[], Iterable[tuple[ResourceKey, Body]]]) -> None:
        self._bodies = bodies
        self._referrers: dict[ResourceKey, set[ResourceKey]] | None = None
        self._users: dict[tuple[ResourceKey, str], set[ResourceKey]] = defaultdict(set)

    def referrers(self, key: ResourceKey) -> Collection[ResourceKey]:
        """The objects that refer to a resource."""
        return self._all().get(key, ())

    def plan_users(self, key: ResourceKey, access_plan: str) -> Collection[ResourceKey]:
        """The Subscriptions that use an access plan of an API."""
        self._all()
        return self._users.get((key, access_plan), ())

    def _all(self) -> Mapping[ResourceKey, set[ResourceKey]]:
        if self._referrers is None:
            self._referrers = defaultdict(set)
            for key, body in self._bodies():
                for reference in references_of(key, body):
                    self._referrers[reference.target].add(key)
                    spec = body.get("spec")
                    plan = spec.get("plan") if isinstance(spec, Mapping) else None
                    if key.kind == "Subscription" and isinstance(plan, str):
                        self._users[reference.target, plan].add(key)
        return self._referrers
