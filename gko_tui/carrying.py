"""A plan that is being carried out on the engine's thread, as the terminal's loop may look at it.

The engine's thread only puts into a queue and asks a flag; everything else happens on the terminal's loop.
"""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from queue import Empty, SimpleQueue

from gko_tui.output.plan_words import ENDED_INSIDE
from reconciler.model.acting import Carried
from reconciler.model.errors import GkoError
from reconciler.model.plan import Plan
from reconciler.model.steps import Did, Outcome, Step
from reconciler.model.verdicts import ExitCode


class Carrying:
    """One run of one plan.

    Args:
        plan: what is carried out.
        typed: what a person typed for it.
        began: when, in seconds since the epoch.
    """

    def __init__(self, plan: Plan, typed: tuple[str, ...], began: float) -> None:
        self.plan, self.typed, self.began = plan, typed, began
        self.told: list[tuple[Step, Outcome]] = []
        """What has ended, in the order of ending; it only grows."""
        self.outcomes: dict[str, Outcome] = {}
        """The same, by the steps' ids."""
        self.carried: Carried | None = None
        """What came of it, once it has ended as it should."""
        self.problem = ""
        """Why it ended otherwise."""
        self.runs = sum(step.runs for step in plan.steps)
        self.done = 0
        """How many of the steps that run have ended."""
        self.ended = False
        self.looked_at = False
        """Whether a person has seen its end."""
        self._stop = threading.Event()
        self._queue: SimpleQueue[tuple[Step, Outcome]] = SimpleQueue()
        self._future: Future[Carried] | None = None

    # --- on the engine's thread ------------------------------------------------------------

    async def tell(self, step: Step, outcome: Outcome) -> None:
        """Hand one step's end over."""
        self._queue.put((step, outcome))

    def is_stopping(self) -> bool:
        """Whether no further step is to be begun."""
        return self._stop.is_set()

    # --- on the terminal's loop ------------------------------------------------------------

    def follow(self, future: Future[Carried]) -> None:
        """The answer that will say how it ended."""
        self._future = future

    def stop(self) -> None:
        """Ask it to stop between steps."""
        self._stop.set()

    def end_at_once(self) -> None:
        """Let go of it in the middle of steps."""
        self._stop.set()
        if self._future is not None:
            self._future.cancel()

    def look(self) -> bool:
        """Take over what has happened since the last time; whether anything has."""
        if self.ended:
            return False
        over = self._future is not None and self._future.done()  # asked first: what was told comes before it
        before = len(self.told)
        while True:
            try:
                step, outcome = self._queue.get_nowait()
            except Empty:
                break
            self._note(step, outcome)
        if over:
            self._end()
        return over or len(self.told) > before

    def _note(self, step: Step, outcome: Outcome) -> None:
        self.done += step.runs and step.id not in self.outcomes
        self.told.append((step, outcome))
        self.outcomes[step.id] = outcome

    def _end(self) -> None:
        assert self._future is not None
        self.ended = True
        try:
            self.carried = self._future.result()
        except CancelledError:
            self.problem = "it was ended in the middle"
        except GkoError as error:
            self.problem = error.sentence()
        except Exception as error:  # whatever it is, what was written must be said
            self.problem = f"{type(error).__name__}: {error}"
        if self.carried is not None:
            steps = {step.id: step for step in self.plan.steps}
            for outcome in self.carried.outcomes:
                if self.outcomes.get(outcome.step) != outcome:
                    self._note(steps[outcome.step], outcome)
        elif self.told:  # begun, and not ended: nobody knows of the others
            for step in self.plan.steps:
                if step.runs and step.id not in self.outcomes:
                    self._note(step, Outcome(step.id, Did.UNKNOWN, ENDED_INSIDE))

    @property
    def all_outcomes(self) -> tuple[Outcome, ...]:
        """The outcomes so far, in the order of the plan."""
        return tuple(self.outcomes[step.id] for step in self.plan.steps if step.id in self.outcomes)

    @property
    def exit_code(self) -> ExitCode:
        """What the command line would end with."""
        return self.carried.exit_code if self.carried is not None else ExitCode.ERROR

    @property
    def failures(self) -> int:
        """How many steps failed so far."""
        return sum(outcome.did is Did.FAILED for outcome in self.outcomes.values())
