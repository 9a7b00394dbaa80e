"""From a plan that was read to one that may run: what a person typed, and whether the trigger is set.

Two stages, so that no single key writes: what has to be typed is typed first, then `y` arms, then Enter
runs. What is not typed is left out, and said to be.
"""

from __future__ import annotations

from collections.abc import Iterator

from gko_tui.output.plan_words import by_phrase
from reconciler.model.plan import Plan
from reconciler.model.steps import Step


class Arming:
    """The word of a person for one plan.

    Args:
        plan: what they are asked for.
    """

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._asked = by_phrase(plan.confirmations)
        self.armed = False
        self.reset()

    def reset(self) -> None:
        """Forget every answer, and set nothing off."""
        self._open = list(self._asked)
        self.typed: tuple[str, ...] = ()
        self.armed = False

    @property
    def count(self) -> int:
        """How many phrases are asked for."""
        return len(self._asked)

    @property
    def question(self) -> tuple[str, list[str]] | None:
        """The phrase that is asked for next, and why; None once each was typed or left out."""
        return (self._open[0], self._asked[self._open[0]]) if self._open else None

    @property
    def number(self) -> int:
        """The number of the question that is open, from 1."""
        return self.count - len(self._open) + 1

    def answer(self, text: str) -> bool:
        """Answer the open question: with its phrase, or with nothing to leave its steps out.

        Returns:
            False where something else was typed: the question stays open.
        """
        if not self._open:
            return False
        phrase, given = self._open[0], text.strip()
        if given and given != phrase:
            return False
        if given:
            self.typed = (*self.typed, phrase)
        del self._open[0]
        return True

    @property
    def skipped_phrases(self) -> tuple[str, ...]:
        """Phrases that were asked for and not typed."""
        return tuple(
            phrase for phrase in self._asked if phrase not in self.typed and phrase not in self._open
        )

    def running(self) -> tuple[Step, ...]:
        """The steps that would run with what was typed: each confirmed, and after nothing that is not."""
        return tuple(self._running())

    def _running(self) -> Iterator[Step]:
        left_out: set[str] = set()
        for step in self.plan.steps:
            confirmed = all(one.phrase in self.typed for one in step.confirmations)
            if not step.blocked and confirmed and not left_out.intersection(step.after):
                if step.runs:
                    yield step
            elif step.runs or step.blocked:
                left_out.add(step.id)

    def left_out(self) -> int:
        """How many steps that could run would not, for want of a phrase."""
        return len(self.plan.runnable) - len(self.running())

    def arm(self) -> bool:
        """Set the trigger; False where a question is open or nothing would run."""
        self.armed = not self._open and bool(self.running())
        return self.armed
