"""For all that Git states, our "changed or not" is the server's own, and each exception has a name.

Two questions are asked. Of objects that gko-tui applied itself, an apply takes away what Git drops: there
every difference of ours is a change of the server's. Of objects that someone else made, it only changes what
Git states, and so do we.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from reconciler.rules.ruleset import AS_THE_SERVER, STANDARD, RuleSet
from reconciler.rules.schema import Schema
from tests.oracle import ours
from tests.oracle.conftest import FEW, WHOLE, Pair, Settings, how_many
from tests.oracle.mutating import Mutation, mutation
from tests.oracle.naming import SERVER_ONLY, names_of_hidden, names_of_unstated, server_only
from tests.oracle.server import OTHER, OURS, Answer, Said

pytestmark = pytest.mark.peers

FIRST_SEED = 20_260_000
"""Seed and number of a case make it again: `mutation(pair.git, schema, seed)`."""
BARE = RuleSet(steps=AS_THE_SERVER)
Answers = Callable[[dict[str, Any], dict[str, Any], Schema, RuleSet], Answer]
ANSWERS: dict[str, Answers] = {OURS: ours.answer, OTHER: ours.answer_of_stated}
Case = tuple[Pair, Mutation, Said]


@pytest.fixture(scope="module")
def cases(settings_by_creator: Settings) -> Callable[[str], list[Case]]:
    """Give the mutations of every example with what the server says of each, by creator; asked once."""
    made: dict[str, list[Case]] = {}

    def of(creator: str) -> list[Case]:
        if creator not in made:
            setting = settings_by_creator(creator)
            pairs = setting.pairs
            found = [
                (
                    pair := pairs[at % len(pairs)],
                    mutation(pair.git, pair.kind.schema.openapi, FIRST_SEED + at),
                )
                for at in range(how_many(WHOLE, FEW))
            ]
            said = setting.oracle.ask_all((mutated.manifest, pair.live) for pair, mutated in found)
            made[creator] = [(*case, answer) for case, answer in zip(found, said, strict=True)]
        return made[creator]

    return of


def _told(pair: Pair, mutated: Mutation, said: Said, answer: Answer) -> str:
    return (
        f"{pair.git['kind']} {pair.git['metadata']['name']} seed {mutated.seed} {mutated.story}: "
        f"server {said.answer.value} {said.sentence[-200:]}, we {answer.value}"
    )


def _report(capsys: pytest.CaptureFixture[str], creator: str, tally: Counter[str]) -> None:
    """Show the figures of a run, for whoever asked for the whole."""
    if how_many(WHOLE, 0):
        with capsys.disabled():
            print(f"\n  objects of {creator}: {dict(tally)}")


@pytest.mark.parametrize("creator", [OURS, OTHER])
def test_every_valid_example_is_in_sync_with_what_it_made(
    settings_by_creator: Settings, creator: str
) -> None:
    setting = settings_by_creator(creator)
    said = setting.oracle.ask_all((pair.git, pair.live) for pair in setting.pairs)
    assert {answer.answer for answer in said} == {Answer.UNCHANGED}
    for rules in (BARE, STANDARD):
        for pair in setting.pairs:
            assert ours.changes_of(pair.git, pair.live, pair.kind.schema, rules)[0] == []
    assert len(setting.pairs) > 130


def test_what_the_server_refuses_to_create_has_a_fault(settings_by_creator: Settings) -> None:
    setting = settings_by_creator(OURS)
    kinds = {pair.kind.name: pair.kind for pair in setting.pairs}
    assert setting.refused
    for manifest in setting.refused:
        assert ours.faults_of(manifest, kinds[manifest["kind"]].schema)


@pytest.mark.parametrize("creator", [OURS, OTHER])
def test_with_the_servers_rules_we_agree_on_every_mutation(
    cases: Callable[[str], list[Case]], creator: str, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong: list[str] = []
    tally: Counter[str] = Counter()
    for pair, mutated, said in cases(creator):
        answer = ANSWERS[creator](mutated.manifest, pair.live, pair.kind.schema, BARE)
        if answer is said.answer:
            tally[answer.value] += 1
        elif said.answer is Answer.REFUSED and server_only(said, pair.kind.schema):
            tally[SERVER_ONLY] += 1
        else:
            wrong.append(_told(pair, mutated, said, answer))
    _report(capsys, creator, tally)
    assert not wrong, f"{len(wrong)} disagreements\n" + "\n".join(wrong[:20])
    assert min(tally[answer.value] for answer in Answer) > 20  # none of the three answers goes without saying
    assert tally[SERVER_ONLY] <= max(2, len(cases(creator)) // 500)


@pytest.mark.parametrize("creator", [OURS, OTHER])
def test_with_all_rules_every_disagreement_has_a_name(
    cases: Callable[[str], list[Case]], creator: str, capsys: pytest.CaptureFixture[str]
) -> None:
    nameless: list[str] = []
    tally: Counter[str] = Counter()
    for pair, mutated, said in cases(creator):
        if said.answer is Answer.REFUSED:
            continue
        schema = pair.kind.schema
        changes, ignored = ours.changes_of(mutated.manifest, pair.live, schema, STANDARD)
        answer = Answer.CHANGED if changes else Answer.UNCHANGED
        if answer is said.answer:
            tally["agreed"] += 1
            continue
        if answer is Answer.UNCHANGED:
            bare, _ = ours.changes_of(mutated.manifest, pair.live, schema, BARE)
            names = names_of_hidden(bare, ignored)
        else:
            names = names_of_unstated(changes, mutated.manifest, schema)
        tally.update(names)
        if not names:
            nameless.append(_told(pair, mutated, said, answer))
    _report(capsys, creator, tally)
    assert not nameless, f"{len(nameless)} without a name\n" + "\n".join(nameless[:20])
    if len(cases(creator)) >= WHOLE:  # a small sample need not meet them
        assert tally["order-means-nothing"] + tally["empty-is-absent"] > 0
