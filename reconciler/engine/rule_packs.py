"""The ignore rules in force: those of each repository, as committed, and those of the person at this machine.

A repository's rules (`.gko-tui/rules.yaml` at its root) count for what that repository defines and nothing
else: no team can hide another team's drift. They take part only where two sides are not equal already, so
that fingerprints stay the same whatever a commit does to the rules.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.errors import GkoError
from reconciler.model.rows import Problem
from reconciler.model.verdicts import Place
from reconciler.rules.rules_file import MAX_BYTES, RulePack, parse_rules
from reconciler.rules.ruleset import RuleSet

if TYPE_CHECKING:
    from reconciler.engine.fleet import Fleet
    from reconciler.git.source import GitSource

IN_REPOSITORY = ".gko-tui/rules.yaml"
OF_USER = "rules.yaml"
"""Beside the person's own gko-tui.yaml."""


class RulePacks:
    """Keeps the rules of every source beside those of the person.

    Args:
        sources: name → Git source.
        own: the person's rules file; it need not exist.
        fleet: where mistakes in rules files are published.
    """

    def __init__(self, sources: Mapping[str, GitSource], own: Path, fleet: Fleet) -> None:
        self._sources = sources
        self._fleet = fleet
        self._packs: dict[str, RulePack] = {}
        self._sets: dict[str, RuleSet] = {}
        self._own = _own_pack(own)
        self.base = RuleSet(ignore=self._own.rules)
        """The built-in rules and the person's."""
        self._publish("rules of this machine", str(own), self._own)

    def packs(self) -> tuple[RulePack, ...]:
        """Every rules file that was read, the person's last."""
        return (*self._packs.values(), self._own)

    def refresh(self, source: str, revision: str) -> bool:
        """Read a source's rules at a revision (blocking); whether they are others than before."""
        text = ""
        if revision:
            try:
                text = (self._sources[source].file(revision, IN_REPOSITORY) or b"").decode(errors="replace")
            except GkoError:
                return False  # what cannot be read now is told at the source; the rules stay as they were
        pack = parse_rules(text[: MAX_BYTES + 1], f"{source}:{IN_REPOSITORY}") if text else RulePack(source)
        before = self._packs.get(source)
        self._packs[source] = pack
        self._sets[source] = RuleSet(ignore=(*pack.rules, *self._own.rules)) if pack.rules else self.base
        self._publish(f"rules {source}", source, pack)
        return before is not None and before.rules != pack.rules

    def of(self, source: str | None) -> RuleSet:
        """The rules for what a source defines; without a source the built-in ones and the person's."""
        return self._sets.get(source, self.base) if source is not None else self.base

    def _publish(self, origin: str, name: str, pack: RulePack) -> None:
        self._fleet.publish_problems(
            origin,
            (
                Problem(Place.GIT, name, f"{fault.path}:{fault.line}", fault.what, fault.next_step)
                for fault in pack.faults
            ),
        )


def _own_pack(path: Path) -> RulePack:
    try:
        with path.open(encoding="utf-8", errors="replace") as file:
            return parse_rules(file.read(MAX_BYTES + 1), str(path))
    except OSError:
        return RulePack(str(path))
