"""A person's word for a plan: who may be asked, what is asked, and what nobody but a person can answer.

`--yes` answers the plain question only. Deletions, take-overs and protected clusters are typed, at the
terminal or word for word with `--confirm`.
"""

from __future__ import annotations

import shlex
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol, TextIO

from gko_tui.output.console import Console, is_terminal
from gko_tui.output.plan_words import by_phrase, repr_of
from gko_tui.view.words import counted
from reconciler.model.plan import Plan
from reconciler.model.steps import Confirmation
from reconciler.rules.text import printable

_YES = frozenset({"y", "yes"})


class Person(Protocol):
    """Whoever may be asked."""

    @property
    def is_there(self) -> bool:
        """Whether anybody can answer."""
        ...

    def ask(self, question: str) -> str:
        """Ask, and give what was typed without the line's end; empty where the input ended.

        Raises:
            KeyboardInterrupt: Ctrl-C was pressed instead.
        """
        ...


class AtTerminal:
    """The person at the terminal that standard input and standard error are, if they are one."""

    def __init__(self, console: Console, source: TextIO | None = None) -> None:
        self._console = console
        self._source = source if source is not None else sys.stdin

    @property
    def is_there(self) -> bool:
        """Whether questions can be read and answered."""
        return is_terminal(self._source) and is_terminal(self._console.err)

    def ask(self, question: str) -> str:
        """Ask on standard error."""
        self._console.out.flush()
        self._console.err.write(question)
        self._console.err.flush()
        with _keys_interrupt():
            return self._source.readline().rstrip("\r\n")


@contextmanager
def _keys_interrupt() -> Iterator[None]:
    """While a line is read, Ctrl-C ends the reading; asyncio would only note it and read on."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@dataclass(frozen=True, slots=True)
class Word:
    """What was typed, or why nothing may be written."""

    typed: tuple[str, ...] = ()
    refusal: str = ""
    next_step: str = ""
    unanswered: tuple[Confirmation, ...] = ()


def word_for(plan: Plan, person: Person, *, agreed: bool, phrases: Sequence[str], console: Console) -> Word:
    """Get a person's word for a plan.

    Args:
        plan: what would be done; it was shown.
        person: who may be asked.
        agreed: whether the plain question is answered already, by `--yes` or by a plan file.
        phrases: what was typed on the command line.
        console: how to show a phrase.
    """
    unanswered = plan.unanswered(phrases)
    if not plan.writes and not unanswered:
        return Word(tuple(phrases))
    if not person.is_there and (unanswered or not agreed):
        return _nobody(unanswered, agreed=agreed)
    if not agreed:
        steps = counted(sum(step.verb.writes for step in plan.runnable), "step")
        if person.ask(f"carry out {steps} of plan {plan.short_id}? [y/N] ").strip().lower() not in _YES:
            return Word(refusal="it was not confirmed", unanswered=unanswered)
    typed = list(phrases)
    for phrase, whys in by_phrase(unanswered).items():
        why = printable("; ".join(whys))
        if person.ask(f"{why}: type {console.strong(repr_of(phrase))} to confirm: ").strip() != phrase:
            left = plan.unanswered(typed)
            return Word(refusal=f"{repr_of(phrase)} was not typed", unanswered=left)
        typed.append(phrase)
    return Word(tuple(typed))


def _nobody(unanswered: tuple[Confirmation, ...], *, agreed: bool) -> Word:
    flags = [] if agreed else ["--yes"]
    flags += [f"--confirm {shlex.quote(printable(phrase))}" for phrase in by_phrase(unanswered)]
    if agreed:
        why = "--yes confirms no deletion, no take-over and nothing on a protected cluster"
    else:
        why = "there is nobody to ask"
    return Word(refusal=why, next_step=f"read the plan, then give {' '.join(flags)}", unanswered=unanswered)
