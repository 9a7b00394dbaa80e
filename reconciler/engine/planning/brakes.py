"""The brakes: each says alone whether something may be deleted or closed, and why not (ENGINE §6).

All are pure and independent of one another; a deletion happens only where none of them holds. When in doubt
a brake holds: what is left undone can be done later.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

from reconciler.engine.planning.marks import marked_for
from reconciler.engine.planning.subjects import (
    EVERY_PLAN,
    ApplicationFacts,
    Body,
    ClusterFacts,
    Found,
    Subject,
)
from reconciler.model.keys import ResourceKey
from reconciler.model.steps import Asks, Block, Confirmation
from reconciler.rules.ordering import RANKS

SMALLEST_CAP = 5
"""So many may be deleted in one pass, however small the inventory is."""
CAP_SHARE = 10
"""One in so many of the inventory may be deleted in one pass, where that is more."""
FOREIGN = ("argocd", "flux", "helm")
"""Tools whose tracking mark makes an object theirs."""


# --- whether an object may be pruned at all ----------------------------------------------------------


def pruning_is_off(application: ApplicationFacts) -> Block | None:
    """Off by default: an application says that it wants to be pruned."""
    if application.prune:
        return None
    return Block(
        "prune-off",
        f"pruning is off for {application.name}",
        "delete it by name, or set `prune: true` for the application",
    )


def not_in_inventory(key: ResourceKey, application: ApplicationFacts) -> Block | None:
    """Only what this application applied is pruned, and only the very object that it applied."""
    state = application.states.get(key.cluster)
    if state is not None and key in state.inventory:
        return None
    return Block(
        "not-in-inventory", f"{application.name} never applied it", "delete it by name if it should go"
    )


def another_object(key: ResourceKey, found: Found, application: ApplicationFacts) -> Block | None:
    """An object made anew under the same name is not the one that was applied."""
    state = application.states.get(key.cluster)
    entry = state.inventory.get(key) if state is not None else None
    if entry is None or not entry.uid or entry.uid == found.uid:
        return None
    return Block("another-object", "somebody deleted it and made it anew", "delete it by name")


def render_is_incomplete(application: ApplicationFacts) -> Block | None:
    """What could not be read may still define it."""
    if application.complete:
        return None
    return Block(
        "render-incomplete",
        f"not everything of {application.name} could be read, so that it may still be defined",
        "correct what Git's problems name",
    )


def render_is_empty(application: ApplicationFacts) -> Block | None:
    """An empty render is a mistake until somebody says otherwise."""
    if application.rendered:
        return None
    return Block(
        "render-empty",
        f"{application.name} renders nothing at all",
        "check its folder, or delete its resources by name",
    )


def render_shrank(application: ApplicationFacts, cluster: str) -> Block | None:
    """A render that lost more than half of what was applied is a mistake until somebody says otherwise."""
    state = application.states.get(cluster)
    applied = len(state.inventory) if state is not None else 0
    if 2 * application.rendered >= applied:
        return None
    return Block(
        "render-shrank",
        f"{application.name} renders {application.rendered} of the {applied} resources that it applied",
        "check its folder, or delete its resources by name",
    )


def mark_is_not_ours(key: ResourceKey, found: Found, application: ApplicationFacts) -> Block | None:
    """The object must carry our mark, and the mark must name the object itself."""
    if marked_for(found.metadata, key) == application.name:
        return None
    return Block("mark", f"it does not carry the mark of {application.name} for itself", "delete it by name")


def is_shared(
    key: ResourceKey, application: ApplicationFacts, applications: Iterable[ApplicationFacts]
) -> Block | None:
    """What another application applied too, on any account, is not ours alone."""
    for other in applications:
        state = other.states.get(key.cluster)
        if other.name != application.name and state is not None and key in state.inventory:
            return Block("shared", f"{other.name} applied it too", f"settle whose it is with {other.name}")
    return None


def is_generated(found: Found) -> Block | None:
    """What another object owns goes with that one."""
    owners = found.metadata.get("ownerReferences")
    if not owners:
        return None
    first = owners[0] if isinstance(owners, list) and isinstance(owners[0], dict) else {}
    what = f"{first.get('kind', 'another object')}/{first.get('name', '?')}"
    return Block("generated", f"{what} owns it", f"delete {what} instead")


def is_protected(cluster: ClusterFacts) -> Block | None:
    """Nothing is pruned on a protected cluster; only an explicit deletion with its name typed."""
    if not cluster.protected:
        return None
    return Block("protected", f"{cluster.name} is protected", "delete it by name")


def is_unknown_kind(key: ResourceKey, known: Collection[str] = RANKS) -> Block | None:
    """What deleting a kind that is not known does, nobody here can say."""
    if key.kind in known:
        return None
    return Block("unknown-kind", f"{key.kind} is not known to this version", "delete it with kubectl")


def is_foreign(found: Found) -> Block | None:
    """Another tool's tracking mark: it is theirs to delete."""
    if found.owner not in FOREIGN:
        return None
    return Block("foreign", f"it belongs to {found.owner}", f"let {found.owner} delete it")


def is_still_defined(subject: Subject) -> Block | None:
    """What Git defines, even twice or in a file that cannot be used, is not pruned."""
    if subject.wanted is None:
        return None
    return Block("defined", "Git defines it", "take it out of Git first")


def is_referred_to(referrers: Iterable[ResourceKey]) -> Block | None:
    """What others need stays: GKO would hold the deletion, and redeploy its dependants meanwhile."""
    others = sorted(referrers)
    if not others:
        return None
    named = ", ".join(f"{one.kind}/{one.namespace}/{one.name}" for one in others[:3])
    more = f" and {len(others) - 3} more" if len(others) > 3 else ""
    return Block("referred-to", f"{named}{more} still refer to it", "take their references away first")


def prune_brakes(
    subject: Subject,
    found: Found,
    application: ApplicationFacts,
    applications: Iterable[ApplicationFacts],
    cluster: ClusterFacts,
) -> tuple[Block, ...]:
    """Every reason why an object may not be pruned; none where it may."""
    key = subject.key
    asked = (
        pruning_is_off(application),
        is_still_defined(subject),
        is_unknown_kind(key),
        is_foreign(found),
        is_protected(cluster),
        not_in_inventory(key, application),
        another_object(key, found, application),
        mark_is_not_ours(key, found, application),
        is_shared(key, application, applications),
        is_generated(found),
        render_is_incomplete(application),
        render_is_empty(application),
        render_shrank(application, key.cluster),
    )
    return tuple(block for block in asked if block is not None)


def explicit_brakes(subject: Subject, found: Found) -> tuple[Block, ...]:
    """Every reason why an object that a person named may not be deleted."""
    asked = (
        is_still_defined(subject),
        is_unknown_kind(subject.key),
        is_foreign(found),
        is_generated(found),
    )
    return tuple(block for block in asked if block is not None)


# --- how many at once --------------------------------------------------------------------------------


def cap(inventory: int) -> int:
    """How many may be deleted in one pass."""
    return max(SMALLEST_CAP, inventory // CAP_SHARE)


def over_cap(in_order: Iterable[ResourceKey], inventory: int, under_way: int) -> dict[ResourceKey, Block]:
    """Say of each deletion beyond the cap that it has to wait for the next pass.

    Args:
        in_order: what would be deleted, in the order of deletion.
        inventory: how many objects were applied.
        under_way: how many of them are being deleted already, held by finalizers: they count.
    """
    most = cap(inventory)
    left = max(0, most - under_way)
    block = Block(
        "cap",
        f"at most {most} of {inventory} are deleted in one pass"
        + (f", and {under_way} are under way" if under_way else ""),
        "run it again, or delete it by name",
    )
    return {key: block for at, key in enumerate(in_order) if at >= left}


def over_caps(
    deletions: Mapping[str, Iterable[ResourceKey]],
    inventories: Mapping[str, int],
    under_way: Mapping[str, int],
) -> dict[ResourceKey, Block]:
    """The same for several applications, each with a cap of its own."""
    found: dict[ResourceKey, Block] = {}
    for application, in_order in deletions.items():
        found.update(over_cap(in_order, inventories.get(application, 0), under_way.get(application, 0)))
    return found


# --- access plans and their subscriptions ------------------------------------------------------------


def access_plans(body: Body | None) -> frozenset[str]:
    """The keys of an API's plans that are not closed: a map in version 4, a list with names in version 2."""
    spec = body.get("spec") if body is not None else None
    plans = spec.get("plans") if isinstance(spec, Mapping) else None
    if isinstance(plans, list):
        plans = {str(one.get("name")): one for one in plans if isinstance(one, Mapping) and one.get("name")}
    if not isinstance(plans, Mapping):
        return frozenset()
    return frozenset(
        str(key)
        for key, plan in plans.items()
        if not (isinstance(plan, Mapping) and str(plan.get("status")).upper() == "CLOSED")
    )


def removed_access_plans(wanted: Body | None, found: Body | None) -> tuple[str, ...]:
    """The access plans that the cluster has and Git drops or closes; those added by hand count as well."""
    return tuple(sorted(access_plans(found) - access_plans(wanted)))


def closes_subscriptions(
    key: ResourceKey,
    access_plan: str,
    count: Callable[[ResourceKey, str], int | None],
) -> Block | Confirmation | None:
    """Removing an access plan closes its subscriptions for good, and nothing says so (ENGINE §6).

    Args:
        key: the API, or the application whose end closes them as well.
        access_plan: the plan's key; `EVERY_PLAN` where the whole resource goes.
        count: how many live subscriptions there are, those made in the portal included; None: not known.

    Returns:
        nothing where there are none; what a person has to type where there are; a block where nobody knows.
    """
    whole = "application" if key.kind == "Application" else "API"
    what = f"access plan {access_plan}" if access_plan != EVERY_PLAN else whole
    live = count(key, access_plan)
    if live is None:
        return Block(
            "subscriptions-unknown",
            f"nobody can tell how many subscriptions the {what} has, and removing it closes them for good",
            "make its control plane readable",
        )
    if live == 0:
        return None
    of = f" of {key.name}" if access_plan != EVERY_PLAN else f" {key.name}"
    closed = f"{live} live subscription{'s' if live > 1 else ''}"
    return Confirmation(
        Asks.SUBSCRIPTIONS, f"close {live}", f"removing the {what}{of} closes {closed} for good"
    )


def used_by_subscriptions(
    key: ResourceKey,
    removed: Iterable[str],
    users: Callable[[ResourceKey, str], Collection[ResourceKey]],
    going: Collection[ResourceKey] = (),
) -> Block | None:
    """A Subscription that stays uses the plan: GKO's admission would refuse, and without it, break it.

    Args:
        key: the API.
        removed: the access plans that go.
        users: the Subscriptions, in Git or on the cluster, that use an access plan of an API.
        going: those that are deleted by the same plan.
    """
    for access_plan in removed:
        for other in sorted(users(key, access_plan)):
            if other not in going:
                return Block(
                    "plan-in-use",
                    f"Subscription/{other.namespace}/{other.name} uses the access plan {access_plan}",
                    "delete that Subscription first",
                )
    return None
