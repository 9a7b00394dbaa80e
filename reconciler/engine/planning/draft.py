"""The steps of one resource in the making, and how a step on a cluster is written down."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.engine.planning.subjects import ApplicationFacts, Found, Subject
from reconciler.model.keys import ResourceKey
from reconciler.model.steps import (
    Block,
    Confirmation,
    Holds,
    Precondition,
    Stage,
    Step,
    Verb,
    step_id,
)
from reconciler.rules.referring import Reference

APIS = frozenset({"ApiV4Definition", "ApiDefinition"})
"""The kinds that have access plans."""
HAVE_SUBSCRIPTIONS = APIS | {"Application"}
"""The kinds whose end closes subscriptions."""


@dataclass(slots=True)
class Draft:
    """The steps of one resource in the making.

    `before`, `after`, `claimed` and `claims` are for the order: what it refers to and claims now and then.
    """

    subject: Subject
    application: ApplicationFacts
    steps: list[Step] = field(default_factory=list)
    before: frozenset[ResourceKey] = frozenset()
    after: frozenset[ResourceKey] = frozenset()
    references: tuple[Reference, ...] = ()
    claimed: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()

    @property
    def key(self) -> ResourceKey:
        """The resource."""
        return self.subject.key

    @property
    def deletes(self) -> bool:
        """Whether the object would be gone afterwards."""
        return any(step.verb is Verb.DELETE for step in self.steps)

    @property
    def writes(self) -> bool:
        """Whether any step would write, blocked or not."""
        return any(step.verb.writes for step in self.steps)

    def block(self, block: Block) -> None:
        """Block every writing step."""
        self.steps = [
            replace(step, blocked=(*step.blocked, block)) if step.verb.writes else step for step in self.steps
        ]

    def confirm(self, confirmation: Confirmation) -> None:
        """Ask for something before every writing step."""
        self.steps = [
            replace(step, confirmations=(*step.confirmations, confirmation)) if step.verb.writes else step
            for step in self.steps
        ]

    def block_step(self, at: int, block: Block) -> None:
        """Block one step."""
        self.steps[at] = replace(self.steps[at], blocked=(*self.steps[at].blocked, block))

    def confirm_step(self, at: int, confirmation: Confirmation) -> None:
        """Ask for something before one step."""
        step = self.steps[at]
        self.steps[at] = replace(step, confirmations=(*step.confirmations, confirmation))

    def warn(self, text: str) -> None:
        """Say something beside every step."""
        self.steps = [replace(step, warnings=(*step.warnings, text)) for step in self.steps]


def step_of(subject: Subject, verb: Verb, reason: str, **more: Any) -> Step:
    """Write down a step on the cluster; what Git wants of the resource gives content and application."""
    wanted = subject.wanted
    if wanted is not None:
        more.setdefault("content", wanted.content)
        more.setdefault("application", wanted.application)
        more.setdefault("api_version", wanted.api_version)
    if "changes" in more:
        more["changes"] = tuple(more["changes"])  # a plain tuple, as it comes back from a document
    return Step(step_id(Stage.CLUSTER, verb, subject.key), Stage.CLUSTER, verb, subject.key, reason, **more)


def version_of(found: Found) -> Precondition:
    """The precondition that the object is as the plan saw it."""
    return Precondition(
        Holds.VERSION,
        uid=found.uid,
        resource_version=found.resource_version,
        generation=found.generation,
    )
