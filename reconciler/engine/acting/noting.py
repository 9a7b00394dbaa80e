"""Writes into this machine's ledger what a plan does, step by step.

The ledger is a history: where it cannot be written the plan goes on, and says so at its end.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from reconciler.ledger.deeds import Deed
from reconciler.model.errors import LedgerError
from reconciler.model.plan import Plan
from reconciler.model.steps import Outcome, Step

if TYPE_CHECKING:
    from reconciler.ledger.store import Ledger

Told = Callable[[Step, Outcome], Awaitable[None]]


class Noting:
    """Notes one plan.

    Args:
        ledger: this machine's; None where it could not be opened.
        plan: what is carried out.
        who: the user, or the name of the service.
        digest: a keyed digest of what stands where a step writes, hexadecimal; empty for nothing.
        clock: seconds since the epoch.
    """

    def __init__(
        self,
        ledger: Ledger | None,
        plan: Plan,
        who: str,
        digest: Callable[[Step], str],
        clock: Callable[[], float],
    ) -> None:
        self._ledger = ledger
        self._plan = plan
        self._id = plan.id  # a digest of all of it: asked for once, not at each step
        self._who = who
        self._digest = digest
        self._clock = clock
        self._begun: frozenset[str] = frozenset()
        self.trouble = ""

    def begin(self, intended: Plan) -> None:
        """Note the steps that are about to run."""
        deeds = [
            Deed(
                self._id,
                step.id,
                step.key,
                step.stage.value,
                step.verb.value,
                self._plan.purpose,
                self._plan.actor.value,
                self._who,
                step.reason,
                step.content.revision if step.content is not None else "",
                self._digest(step),
            )
            for step in intended.runnable
            if step.verb.writes
        ]
        self._begun = frozenset(deed.step for deed in deeds)
        if self._ledger is None or not deeds:
            return
        try:
            self._ledger.begin(deeds, at=self._clock())
        except LedgerError as error:
            self.trouble = error.sentence()

    def telling(self, told: Told) -> Told:
        """Note each outcome before it is told on."""

        async def note(step: Step, outcome: Outcome) -> None:
            if self._ledger is not None and step.id in self._begun:
                try:
                    self._ledger.end(
                        self._id,
                        step.id,
                        outcome.did.value,
                        outcome.message,
                        self._digest(step),
                        at=outcome.at,
                    )
                except LedgerError as error:
                    self.trouble = error.sentence()
            await told(step, outcome)

        return note
