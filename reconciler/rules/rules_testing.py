"""Running the tests that stand in rules files: do the rules hide what they should, and nothing else?"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from reconciler.model.changes import Ignored, path_text
from reconciler.model.keys import ResourceKey
from reconciler.rules.comparing import judge
from reconciler.rules.ignoring import Subject
from reconciler.rules.normalise import normalise
from reconciler.rules.rules_file import RuleCase, RulePack
from reconciler.rules.ruleset import RuleSet
from reconciler.rules.schema import Schema

_KEY = b"rules test"
_NO_SCHEMA = Schema({})


@dataclass(frozen=True, slots=True)
class CaseResult:
    """How one test ended: passed where `failures` is empty. Paths only, no values."""

    case: RuleCase
    changes: tuple[str, ...]
    ignored: tuple[tuple[str, str], ...]
    failures: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether the rules did what the test expects."""
        return not self.failures


def run_cases(
    packs: Iterable[RulePack], ruleset: RuleSet, schemas: Mapping[str, Schema] | None = None
) -> list[CaseResult]:
    """Run the tests of rules files.

    Args:
        packs: the files, for their tests.
        ruleset: all rules in force, those of the files included.
        schemas: what a cluster serves, by kind; a kind without one is compared as it is written.
    """
    known = schemas or {}
    return [run_case(case, ruleset, known) for pack in packs for case in pack.cases]


def run_case(case: RuleCase, ruleset: RuleSet, schemas: Mapping[str, Schema]) -> CaseResult:
    """Run one test."""
    kind = str(case.git["kind"])
    schema = schemas.get(kind, _NO_SCHEMA)
    hidden: list[Ignored] = []
    left, right = (normalise(body, schema, ruleset, ignored=hidden) for body in (case.git, case.cluster))
    judged = judge(left, right, None, key=_KEY, body=case.cluster, ruleset=ruleset, subject=_subject(case))
    notes = [(path_text(note.path), note.rule) for note in (*hidden, *judged.ignored)]
    changes = tuple(sorted({path_text(change.path) for change in judged.changes}))
    return CaseResult(case, changes, tuple(dict.fromkeys(notes)), tuple(_failures(case, changes, notes)))


def _subject(case: RuleCase) -> Subject:
    metadata = case.git.get("metadata")
    stated = metadata if isinstance(metadata, dict) else {}
    labels = stated.get("labels")
    key = ResourceKey(
        case.on_cluster, str(case.git["kind"]), str(stated.get("namespace", "")), str(stated.get("name", ""))
    )
    return Subject(key, case.hop, labels if isinstance(labels, dict) else {})


def _failures(case: RuleCase, changes: tuple[str, ...], notes: list[tuple[str, str]]) -> list[str]:
    failures = []
    for path in sorted(set(case.expect) - set(changes)):
        hiding = sorted({rule for hidden, rule in notes if hidden == path})
        why = f"{' and '.join(hiding)} hides it" if hiding else "it does not differ"
        failures.append(f"{path} should count, but {why}")
    failures.extend(f"{path} counts, but should not" for path in sorted(set(changes) - set(case.expect)))
    acted = {rule for _, rule in notes}
    for name in case.ignored or ():
        if name not in acted:
            failures.append(f"rule {name} should have hidden something, but did not")
    return failures
