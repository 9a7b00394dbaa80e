"""What planning reads, as plain values: resources on both sides, clusters, applications, what is asked for.

Whoever gathers these reads bodies only of what differs; planning itself touches no place.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.cluster.shared_document import SharedState
from reconciler.model.keys import ResourceKey
from reconciler.model.plan import Actor
from reconciler.model.steps import Content, Step
from reconciler.rules.comparing import Judgement
from reconciler.rules.managers import PEOPLE
from reconciler.rules.schema import Schema

Body = Mapping[str, Any]
EVERY_PLAN = ""
"""Stands for all access plans of an API where subscriptions are counted."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What Git wants of one resource.

    `places` are `path:line` of every definition: more than one, and Git contradicts itself. `broken` says
    why the newest text cannot be used. `body` is the raw document; None where nothing differs.
    """

    application: str
    api_version: str
    content: Content
    body: Body | None
    places: tuple[str, ...] = ()
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What a cluster holds of one resource. `owner` is the tool whose tracking mark it carries.

    `body` is the raw object; None where nothing differs.
    """

    uid: str
    resource_version: str
    generation: int = 0
    owner: str = ""
    deleting: bool = False
    body: Body | None = None

    @property
    def metadata(self) -> Mapping[str, Any]:
        """Its metadata; empty where the body was not read."""
        metadata = self.body.get("metadata") if self.body is not None else None
        return metadata if isinstance(metadata, dict) else {}


@dataclass(frozen=True, slots=True)
class Subject:
    """One resource to plan for.

    `judgement` is the comparison of both sides; None where one is missing or nothing differs. `unreadable`
    says why nobody can tell what the cluster holds. `synced_before` whether it was ever seen in sync.
    """

    key: ResourceKey
    wanted: Wanted | None = None
    found: Found | None = None
    judgement: Judgement | None = None
    unreadable: str = ""
    synced_before: bool = False


@dataclass(frozen=True, slots=True)
class ClusterFacts:
    """What is known of a cluster.

    `served` are the kinds of group gravitee.io that it serves, with their schemas. `namespaces` says of each
    namespace whether it can be written into (one being deleted cannot); None: they cannot be listed.
    `creates` are the namespaces that may be created where they are missing.
    """

    name: str
    protected: bool = False
    served: Mapping[str, Schema] = field(default_factory=dict)
    namespaces: Mapping[str, bool] | None = None
    creates: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ApplicationFacts:
    """What is known of an application.

    `complete` says whether everything below its folder was read, `rendered` how many resources that gave on
    each of its clusters.
    `states` are its shared states by cluster; a cluster without one has nothing to prune. `suspended` says
    who suspended it and why, empty where nobody did.
    """

    name: str
    mode: str = "observe"
    prune: bool = False
    complete: bool = False
    rendered: int = 0
    states: Mapping[str, SharedState] = field(default_factory=dict)
    suspended: str = ""


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a policy says of a step: whether it may not run, and a sentence."""

    blocks: bool
    text: str


Policy = Callable[[Step, Body | None, Body | None], Iterable[Opinion]]
"""Asked about each writing step with what Git wants and what the cluster holds."""


def no_subscriptions_known(key: ResourceKey, access_plan: str) -> int | None:
    """Nobody has counted."""
    del key, access_plan
    return None


def nobody_uses(key: ResourceKey, access_plan: str) -> Collection[ResourceKey]:
    """No Subscription uses anything."""
    del key, access_plan
    return ()


def nobody_refers(key: ResourceKey) -> Collection[ResourceKey]:
    """No live object refers to anything."""
    del key
    return ()


def existence_unknown(key: ResourceKey) -> bool | None:
    """Nobody can tell what exists."""
    del key
    return None


@dataclass(frozen=True, slots=True)
class Intent:
    """What a plan is for, and what may be asked while it is made.

    Args:
        purpose: a word (`sync`, `heal`, `prune`, `delete`…).
        actor: who would carry it out; the loop cannot type anything.
        people: globs of the field managers that are people's tools.
        asked_to_delete: resources that a person named to be deleted, whatever the inventory says.
        subscriptions: how many live subscriptions an access plan of an API (or all of its plans, or an
            application) has at the control plane, those made in the portal included; None: not known.
        plan_users: the Subscriptions, in Git or on the cluster, that use an access plan of an API.
        referrers: the live objects that refer to a resource.
        exists: whether an object that the plan does not write exists on its cluster; None: nobody can tell.
        policies: asked about each writing step.
        list_unchanged: whether resources in sync get a `noop` step.
        revisions: (source, commit) pairs the wanted side was rendered from.
        rules: the digest of the rule set, in hexadecimal.
    """

    purpose: str = "sync"
    actor: Actor = Actor.PERSON
    people: tuple[str, ...] = PEOPLE
    asked_to_delete: frozenset[ResourceKey] = frozenset()
    subscriptions: Callable[[ResourceKey, str], int | None] = no_subscriptions_known
    plan_users: Callable[[ResourceKey, str], Collection[ResourceKey]] = nobody_uses
    referrers: Callable[[ResourceKey], Collection[ResourceKey]] = nobody_refers
    exists: Callable[[ResourceKey], bool | None] = existence_unknown
    policies: tuple[Policy, ...] = ()
    list_unchanged: bool = False
    revisions: tuple[tuple[str, str], ...] = ()
    rules: str = ""


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything a plan is made from."""

    subjects: tuple[Subject, ...]
    clusters: Mapping[str, ClusterFacts]
    applications: Mapping[str, ApplicationFacts] = field(default_factory=dict)
    intent: Intent = Intent()

    @property
    def by_loop(self) -> bool:
        """Whether nobody can be asked."""
        return self.intent.actor is Actor.LOOP
