"""One step of a plan and what came of it: what would be written where, why, and what has to hold first.

A step names content by where it stands in Git and never holds it, so a plan file carries no secret and
nothing that could be applied without reading Git again.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from reconciler.model.changes import Change, KeyPath
from reconciler.model.keys import ResourceKey


class Stage(Enum):
    """Where a step acts; the value is the word in plan documents."""

    CLUSTER = "cluster"
    CONTROL_PLANE = "control-plane"
    GATEWAY_WAIT = "gateway-wait"
    """Nothing is written: gateways are watched until they run what was applied."""
    SHARED_STATE = "shared-state"
    LEDGER = "ledger"


class Verb(Enum):
    """What a step does."""

    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    """Deletes and creates anew, because a field that cannot change has to."""
    REMOVE = "remove"
    """Takes leaves away that only the right side has."""
    DELETE = "delete"
    MIGRATE_OWNERS = "migrate-owners"
    """Takes over the book-keeping of fields from the tool that applied the object before; no value moves."""
    WAIT = "wait"
    NOOP = "noop"
    SKIP = "skip"
    """Left alone on purpose; the reason says why."""
    BLOCKED = "blocked"

    @property
    def writes(self) -> bool:
        """Whether something outside this machine is changed."""
        return self in _WRITING


_WRITING = frozenset({Verb.CREATE, Verb.UPDATE, Verb.REPLACE, Verb.REMOVE, Verb.DELETE, Verb.MIGRATE_OWNERS})


class Risk(Enum):
    """How much can go wrong: the plan shows it, and nothing is decided by it alone."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    """Traffic may be touched: a redeployment, a field taken from somebody else."""
    HIGH = "high"
    """Something is lost that a second apply does not bring back."""


class OwnerClass(Enum):
    """What kind of writer owns a field; it decides whether the field may be taken (ENGINE §5)."""

    OURS = "ours"
    PEOPLE = "people"
    CONTROLLER = "controller"
    """GKO, Argo CD, Flux, Helm and whatever is not known: never overruled."""


@dataclass(frozen=True, slots=True)
class FieldOwner:
    """A field that somebody else owns: the field manager, the path as people read it, the owner's class."""

    manager: str
    path: str
    owner: OwnerClass


@dataclass(frozen=True, slots=True)
class Content:
    """Where the text stands that a step applies: enough to read it again and to notice that it is another.

    `revision` is the full 40-hex commit, `blob` the 40-hex Git id of the text (of the file, or of what a
    renderer printed), `index` the document's position in it.
    """

    source: str
    revision: str
    path: str
    blob: str
    index: int = 0


class Holds(Enum):
    """What a precondition asks for."""

    ABSENT = "absent"
    VERSION = "version"
    """The object has this uid, and this resourceVersion or at least this generation."""
    NAMESPACE = "namespace"
    """The namespace `name` exists and is not being deleted."""
    KIND = "kind"
    """The cluster serves the kind in `name`."""
    STATE = "state"
    """What the control plane holds has this digest."""


@dataclass(frozen=True, slots=True)
class Precondition:
    """What must still be true when the step is carried out; what moved stops the step's branch."""

    holds: Holds
    name: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    digest: str = ""


class Asks(Enum):
    """Why a person has to type something. `--yes` answers none of these."""

    DESTRUCTIVE = "destructive"
    TAKE_OVER = "take-over"
    PROTECTED = "protected"
    SUBSCRIPTIONS = "subscriptions"
    APPROVAL = "approval"


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What a person types before the step may run: `phrase`, and why it is asked for."""

    asks: Asks
    phrase: str
    why: str


@dataclass(frozen=True, slots=True)
class Block:
    """Why a step may not run. `cause` is a stable word, `next_step` what would change that."""

    cause: str
    text: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that a plan would do.

    `changes` are redacted and safe to show. `after` names steps that must have succeeded; steps of one
    `level` may run side by side as far as that lets them. `removes` are paths in the object as the cluster
    holds it at the version of the precondition. `takes` are fields of others that the step overrules,
    `migrates` the field managers whose book-keeping it takes over.
    """

    id: str
    stage: Stage
    verb: Verb
    key: ResourceKey
    reason: str
    level: int = 0
    after: tuple[str, ...] = ()
    application: str = ""
    api_version: str = ""
    risk: Risk = Risk.NONE
    changes: tuple[Change, ...] = ()
    content: Content | None = None
    removes: tuple[KeyPath, ...] = ()
    takes: tuple[FieldOwner, ...] = ()
    migrates: tuple[str, ...] = ()
    preconditions: tuple[Precondition, ...] = ()
    confirmations: tuple[Confirmation, ...] = ()
    blocked: tuple[Block, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def word(self) -> str:
        """What is shown of it: its verb, or `blocked` where it may not run."""
        return Verb.BLOCKED.value if self.blocked else self.verb.value

    @property
    def runs(self) -> bool:
        """Whether the step does anything: it writes or waits, and nothing blocks it."""
        return not self.blocked and (self.verb.writes or self.verb is Verb.WAIT)


def step_id(stage: Stage, verb: Verb, key: ResourceKey) -> str:
    """Name a step: the same for the same thing to do, whatever else the plan holds."""
    return f"{stage.value}/{verb.value}/{key}"


class Did(Enum):
    """What came of a step."""

    CREATED = "created"
    CONFIGURED = "configured"
    UNCHANGED = "unchanged"
    DELETED = "deleted"
    SKIPPED = "skipped"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """A write was sent and no answer came: it arrived or not, and only a re-read can tell."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one step, by its id.

    `at` is in seconds since the epoch. `resource_version` and `generation` are of the object as the step
    left it, empty and 0 where there is none or it is not known. `owners` are the owners of fields that
    stood in the way.
    """

    step: str
    did: Did
    message: str = ""
    next_step: str = ""
    at: float = 0.0
    resource_version: str = ""
    generation: int = 0
    owners: tuple[FieldOwner, ...] = ()
