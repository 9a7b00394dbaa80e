"""How a write ended: done, refused for good, to be tried again, or nobody knows whether it arrived.

Four types and no exception, because each wants something else of the caller (ENGINE §5, §7): a refusal is
parked until an input changes, and what may have arrived is read again before anything else is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """One thing that APIM said; `location` is the field that it is about, empty for the whole."""

    text: str
    location: str = ""

    def __str__(self) -> str:
        return f"{self.location}: {self.text}" if self.location else self.text


@dataclass(frozen=True, slots=True)
class Done:
    """APIM took it.

    Attributes:
        state: what it answered: for a write the sent body with ids (not what it saved), for a delete None.
        severe: what it calls severe errors although it took it.
        warnings: what it left out or did otherwise, whole.
        absent_before: a delete found nothing to delete.
    """

    state: Mapping[str, Any] | None = field(default=None, repr=False)
    severe: tuple[Message, ...] = ()
    warnings: tuple[Message, ...] = ()
    absent_before: bool = False


@dataclass(frozen=True, slots=True)
class Refused:
    """It was refused and will be again until an input changes: spec, credentials, rights, configuration.

    Attributes:
        reason: `invalid` (schema or business rule), `unauthorized`, `forbidden`, `environment`,
            `credentials`, `configuration`, `not-served`.
        messages: everything that was said, whole.
        warnings: of a dry run, what else it said.
        next_step: what the reader can do.
        status: the HTTP status; None where nothing was sent.
    """

    reason: str
    messages: tuple[Message, ...]
    warnings: tuple[Message, ...] = ()
    next_step: str = ""
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Retry:
    """It did not happen now, and may later.

    Attributes:
        reason: as `ControlPlaneError` has them, and `conflict`, `reference` (what it refers to is not there).
        after: seconds to wait at least; beyond that the caller's backoff decides.
        read_first: a part of it may have been done (APIM saves in steps: a 500 can leave half an API
            behind), so it is to be read before it is sent again.
        messages: everything that was said, whole.
        status: the HTTP status; None where nothing was answered.
    """

    reason: str
    messages: tuple[Message, ...]
    after: float = 0.0
    read_first: bool = False
    next_step: str = ""
    status: int | None = None


@dataclass(frozen=True, slots=True)
class ArrivedOrNot:
    """It was sent, and no answer of APIM tells whether it arrived: to be read before anything else."""

    reason: str
    messages: tuple[Message, ...]
    status: int | None = None


Outcome = Done | Refused | Retry | ArrivedOrNot
