"""What a command that acts has to say: the plan, why nothing was written, what came of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gko_tui.commands.acting_person import Word
from gko_tui.commands.invocation import Invocation
from gko_tui.commands.planning import Acting, incomplete
from gko_tui.output.plan_progress import left_lines
from gko_tui.output.plan_table import plan_lines
from gko_tui.output.plan_words import ENDED_INSIDE, by_phrase, outcome_summary_line, repr_of
from reconciler.model.acting import Carried
from reconciler.model.plan import Plan
from reconciler.model.steps import Confirmation, Did, Outcome
from reconciler.model.verdicts import ExitCode, Place
from reconciler.rules.text import printable

INTERRUPTED = 130
"""What a second Ctrl-C ends with: what a shell reports for SIGINT."""


class Report:
    """Writes what a command that acts has to say, for people or for programs."""

    def __init__(self, invocation: Invocation, acting: Acting, plan: Plan) -> None:
        self._invocation = invocation
        self._console = invocation.console
        self._acting = acting
        self._fleet = acting.engine.fleet
        self._plan = plan
        self.for_people = invocation.arguments.output == "table"

    def show(self, *, asks: bool) -> None:
        """Show the plan; whoever is asked reads it beside the question where a program reads the rest."""
        console = self._console
        if self.for_people:
            console.write("".join(f"{line}\n" for line in plan_lines(self._plan, console)))
            console.out.flush()
            self._unread_places()
        elif asks:
            for line in plan_lines(self._plan, replace(console, colour=False)):
                console.warn(line)

    def needless(self, phrases: Sequence[str]) -> None:
        """Say which phrases answer nothing: the plan is another than the one they were read from."""
        asked = {one.phrase for one in self._plan.confirmations}
        for phrase in phrases:
            if phrase not in asked:
                self._console.warn(f"--confirm {repr_of(phrase)}: nothing in this plan asks for it")

    def nothing_to_do(self, hops: frozenset[Place]) -> int:
        """There is no step that runs: all is done, or blocked, or could not be read."""
        code = ExitCode.BLOCKED if self._plan.blocked else ExitCode.IN_SYNC
        allowed, now = getattr(self._invocation.arguments, "allow_unknown", False), self._invocation.clock()
        if not code and not allowed and incomplete(self._acting, hops, now):
            self._console.warn("not everything could be read, so there may be more to do; see gko-tui status")
            if incomplete(self._acting, frozenset(), now):  # beyond the clusters others write, and later
                code = ExitCode.ERROR
        self._document((), code, carried_out=False)
        return int(code)

    def refused(self, word: Word) -> int:
        """The word was not given; nothing was written."""
        said = f"{word.refusal}; {word.next_step}" if word.next_step else word.refusal
        self._console.warn(f"nothing was written: {said}")
        for phrase, whys in by_phrase(word.unanswered).items():
            self._console.warn(f"  {repr_of(phrase)} has to be typed: {printable('; '.join(whys))}")
        self._document(
            (), ExitCode.BLOCKED, carried_out=False, refusal=word.refusal, unanswered=word.unanswered
        )
        return int(ExitCode.BLOCKED)

    def done(self, carried: Carried) -> int:
        """The plan was carried out, to its end or until it was stopped."""
        code = carried.exit_code
        for note in carried.notes:
            self._console.warn(f"note: {printable(note)}")
        if self.for_people:
            if carried.stopped:
                self._lines(left_lines(self._plan, carried.outcomes, self._console))
            self._lines([f"{'stopped: ' if carried.stopped else ''}{outcome_summary_line(carried.outcomes)}"])
        self._document(carried.outcomes, code, carried_out=True, stopped=carried.stopped, notes=carried.notes)
        return int(code)

    def ended_at_once(self, outcomes: Mapping[str, Outcome]) -> int:
        """It was ended in the middle: what was told is done, the rest is open."""
        now = self._invocation.clock()
        known = tuple(
            outcomes.get(step.id) or Outcome(step.id, Did.UNKNOWN, ENDED_INSIDE, at=now)
            for step in self._plan.steps
            if step.id in outcomes or step.runs
        )
        if self.for_people:
            self._lines(left_lines(self._plan, known, self._console))
            self._lines([f"ended at once: {outcome_summary_line(known)}"])
        self._document(known, INTERRUPTED, carried_out=True, stopped=True)
        return INTERRUPTED

    def _lines(self, lines: Sequence[str]) -> None:
        self._console.write("".join(f"{line}\n" for line in lines))
        self._console.out.flush()

    def _unread_places(self) -> None:
        from gko_tui.output.status_table import place_lines

        failed = [place for place in self._fleet.places() if place.phase in ("failed", "partial")]
        for line in place_lines(failed, self._console, self._invocation.clock()):
            self._console.warn(line)

    def _document(
        self,
        outcomes: Sequence[Outcome],
        code: int,
        *,
        carried_out: bool,
        stopped: bool = False,
        refusal: str = "",
        unanswered: Sequence[Confirmation] = (),
        notes: Sequence[str] = (),
    ) -> None:
        if self.for_people:
            return
        from gko_tui.output.documents import encode
        from gko_tui.output.plan_outcome import outcome_document

        document = outcome_document(
            self._plan,
            outcomes,
            self._fleet.places(),
            self._fleet.problems(),
            carried_out=carried_out,
            stopped=stopped,
            refusal=refusal,
            unanswered=unanswered,
            notes=notes,
            exit_code=code,
            now=self._invocation.clock(),
        )
        self._console.write_bytes(encode(document, self._invocation.arguments.output))
