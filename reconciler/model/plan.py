"""A plan: what would be written, in which order, from which inputs. Immutable, and named by its content.

Nothing is written without one. The same inputs give the same plan and so the same id, whoever asks:
terminal, command line or loop. There is no time in it for that reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from itertools import groupby

from reconciler.model.errors import GkoError
from reconciler.model.keys import ResourceKey
from reconciler.model.plan_codec import DocumentError, decoded, digest_of, encoded, parsed, written
from reconciler.model.steps import Asks, Confirmation, Content, Did, Outcome, Step, Verb

__all__ = [
    "Actor",
    "Confirmation",
    "Content",
    "Did",
    "Inputs",
    "ObjectVersion",
    "Outcome",
    "Plan",
    "PlanFileError",
    "StateDigest",
    "Step",
    "plan_from_document",
    "plan_to_document",
]

FORMAT = "gko-tui.io/plan.v1"
MAX_DOCUMENT = 64 * 1024 * 1024
"""Bytes; a plan for ten thousand resources takes some ten of these megabytes."""


class PlanFileError(GkoError):
    """A plan file cannot be used: it is none, was edited, or comes from another version."""


class Actor(Enum):
    """Who would carry a plan out: a person who can be asked, or the loop, which cannot ask."""

    PERSON = "person"
    LOOP = "loop"


@dataclass(frozen=True, slots=True)
class ObjectVersion:
    """A cluster object as the plan saw it."""

    key: ResourceKey
    uid: str
    resource_version: str


@dataclass(frozen=True, slots=True)
class StateDigest:
    """What a control plane held when the plan was made, as a digest of its normalised state."""

    control_plane: str
    name: str
    digest: str


@dataclass(frozen=True, slots=True)
class Inputs:
    """Everything a plan was made from.

    `revisions` are (source, full 40-hex commit) pairs. `rules` is the digest of the rule set in force, in
    hexadecimal; other rules could find other differences.
    """

    revisions: tuple[tuple[str, str], ...] = ()
    objects: tuple[ObjectVersion, ...] = ()
    states: tuple[StateDigest, ...] = ()
    rules: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """Ordered steps and what they were made from.

    Args:
        purpose: what it is for, in a word: `sync`, `heal`, `prune`, `delete`, `rollback`, `reconcile`.
        actor: who would carry it out.
        inputs: what it was made from.
        steps: in the order of their levels.
        notes: what the plan leaves undone as a whole, in sentences (pruning is off, a render failed).

    Raises:
        ValueError: two steps have one id, or a step comes after one that is not there or not before it.
    """

    purpose: str
    actor: Actor
    inputs: Inputs
    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        seen: set[str] = set()
        for step in self.steps:
            if step.id in seen:
                raise ValueError(f"two steps are named {step.id}")
            missing = [earlier for earlier in step.after if earlier not in seen]
            if missing:
                raise ValueError(f"{step.id} comes after {missing[0]}, which does not come before it")
            seen.add(step.id)

    @property
    def id(self) -> str:
        """64 hexadecimal digits: the SHA-256 of everything the plan says."""
        return digest_of(_content(self))

    @property
    def short_id(self) -> str:
        """The form that people read and type."""
        return f"p-{self.id[:8]}"

    @property
    def runnable(self) -> tuple[Step, ...]:
        """The steps that would do something."""
        return tuple(step for step in self.steps if step.runs)

    @property
    def blocked(self) -> tuple[Step, ...]:
        """The steps that may not run."""
        return tuple(step for step in self.steps if step.blocked)

    @property
    def writes(self) -> bool:
        """Whether anything would be written."""
        return any(step.verb.writes for step in self.runnable)

    @property
    def confirmations(self) -> tuple[Confirmation, ...]:
        """What a person has to type before the plan runs whole; each once."""
        asked = (one for step in self.runnable for one in step.confirmations)
        return tuple(dict.fromkeys(asked))

    def levels(self) -> Iterator[tuple[Step, ...]]:
        """The steps level by level; those of one level may run side by side."""
        for _, steps in groupby(self.steps, key=lambda step: step.level):
            yield tuple(steps)

    def count(self, verb: Verb) -> int:
        """How many steps of this verb would run."""
        return sum(step.verb is verb and not step.blocked for step in self.steps)

    def unanswered(self, typed: Iterable[str]) -> tuple[Confirmation, ...]:
        """The confirmations that what a person typed does not give."""
        given = frozenset(typed)
        return tuple(one for one in self.confirmations if one.phrase not in given)

    def asks(self, asked: Asks) -> bool:
        """Whether a person has to confirm something for this reason."""
        return any(one.asks is asked for one in self.confirmations)


def plan_to_document(plan: Plan) -> bytes:
    """Write a plan as a JSON document; it holds no redacted value and no content of Git or Secrets."""
    content = _content(plan)
    return written({"format": FORMAT, "id": digest_of(content), "plan": content}, indent=True)


def plan_from_document(data: bytes, *, name: str = "the plan") -> Plan:
    """Read a plan file.

    Args:
        data: the whole file.
        name: what messages call it.

    Raises:
        PlanFileError: it is no plan, was changed after it was written, or is of a version not known here.
    """
    again = "make a new plan with `gko-tui plan --out FILE`"
    if len(data) > MAX_DOCUMENT:
        raise PlanFileError(f"is larger than {MAX_DOCUMENT} bytes", subject=name, next_step=again)
    try:
        document = parsed(data)
        form, content = document.get("format"), document.get("plan")
        if not isinstance(form, str) or not isinstance(content, dict):
            raise DocumentError("", "is not a plan of gko-tui")
        if form != FORMAT:
            raise DocumentError("", f"is of the format {form[:60]!r}, and this version reads {FORMAT!r}")
        if document.get("id") != digest_of(content):
            raise DocumentError("", "was changed after it was made: its content does not match its id")
        return decoded(Plan, content)
    except (DocumentError, ValueError, RecursionError) as error:
        raise PlanFileError(str(error), subject=name, next_step=again) from error


def _content(plan: Plan) -> dict[str, object]:
    content = encoded(plan)
    assert isinstance(content, dict)
    return content
