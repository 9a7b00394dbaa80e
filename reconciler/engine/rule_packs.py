"""The ignore rules in force: those of each repository, as committed, and those of the person at this machine.

A repository's rules (`.gko-tui/rules.yaml` at its root) count for what that repository defines and nothing
else: no team can hide another team's drift. They take part only where two sides are not equal already, so
that fingerprints stay the same whatever a commit does to the rules.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.model.errors import GkoError
from reconciler.model.rows import Problem
from reconciler.model.verdicts import Place
from reconciler.rules.adding_rules import RulesFileError, with_rule
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
        self.own = own
        """The person's rules file, there or not."""
        self._own = _own_pack(own)
        self.base = RuleSet(ignore=self._own.rules)
        """The built-in rules and the person's, as they were when this began."""
        self._without_source = self.base
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
        self._sets[source] = self._set(pack)
        self._publish(f"rules {source}", source, pack)
        return before is not None and before.rules != pack.rules

    def of(self, source: str | None) -> RuleSet:
        """The rules for what a source defines; without a source the built-in ones and the person's."""
        return self._sets.get(source or "", self._without_source)

    def add(self, rule: str) -> None:
        """Put a rule into the person's file (blocking); it is in force from now on.

        Args:
            rule: as `rules.adding_rules.rule_for` writes it.

        Raises:
            RulesFileError: the file cannot be read, written or added to; nothing has changed.
        """
        path = self.own
        try:
            text = path.read_text(encoding="utf-8") if path.exists() else ""
            made = with_rule(text, rule, str(path))
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            beside = path.with_name(f".{path.name}.{os.getpid()}")
            beside.write_text(made, encoding="utf-8")
            beside.replace(path)
        except (OSError, UnicodeError) as error:
            raise RulesFileError(
                f"cannot be changed: {error}", subject=str(path), next_step="check its folder's rights"
            ) from error
        self._own = parse_rules(made, str(path))
        self._without_source = RuleSet(ignore=self._own.rules)
        self._sets = {source: self._set(pack) for source, pack in self._packs.items()}
        self._publish("rules of this machine", str(path), self._own)

    @property
    def names(self) -> frozenset[str]:
        """The names of all rules that were read."""
        return frozenset(rule.name for pack in self.packs() for rule in pack.rules)

    def _set(self, pack: RulePack) -> RuleSet:
        if not pack.rules:
            return self._without_source
        return RuleSet(ignore=(*pack.rules, *self._own.rules))

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
