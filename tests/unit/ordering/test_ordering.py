"""The order of writes and deletions."""

from __future__ import annotations

import time
from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as some

from reconciler.model.keys import ResourceKey
from reconciler.rules.ordering import RANKS, Operation, Order, missing_references, order
from reconciler.rules.referring import Reference


def key(kind: str, name: str = "x") -> ResourceKey:
    return ResourceKey("prod", kind, "shop", name)


def write(kind: str, name: str = "x", *refs: ResourceKey, **more: frozenset[str]) -> Operation:
    return Operation(key(kind, name), after=frozenset(refs), **more)


def delete(kind: str, name: str = "x", *refs: ResourceKey, **more: frozenset[str]) -> Operation:
    return Operation(key(kind, name), deletes=True, before=frozenset(refs), **more)


def names(made: Order) -> list[list[str]]:
    return [[f"{one.kind}/{one.name}" for one in level] for level in made.levels]


def test_kinds_come_in_their_sequence_and_side_by_side_inside_a_level() -> None:
    made = order(
        write(kind)
        for kind in (
            "Documentation", "Subscription", "ApiV4Definition", "ApiDefinition", "Secret", "Dictionary",
            "ManagementContext", "Group", "Application", "Portal", "Notification", "PortalListing",
        )
    )  # fmt: skip
    assert [[kind for kind, _ in (name.split("/") for name in level)] for level in names(made)] == [
        ["Secret"],
        ["ManagementContext"],
        ["Group"],
        ["Dictionary", "Notification"],
        ["ApiDefinition", "ApiV4Definition"],
        ["Application"],
        ["Subscription"],
        ["Portal"],
        ["Documentation", "PortalListing"],
    ]


def test_an_unknown_kind_comes_last() -> None:
    assert names(order([write("PortalTheme"), write("Documentation")])) == [
        ["Documentation/x"],
        ["PortalTheme/x"],
    ]


def test_a_reference_against_the_sequence_of_kinds_wins() -> None:
    made = order([write("Group", "g", key("ApiV4Definition", "a")), write("ApiV4Definition", "a")])
    assert names(made) == [["ApiV4Definition/a"], ["Group/g"]]
    assert made.needs[key("Group", "g")] == (key("ApiV4Definition", "a"),)


def test_deletions_come_after_writes_and_in_reverse() -> None:
    made = order(
        [
            delete("Group", "g"),
            delete("ApiV4Definition", "a", key("Group", "g")),
            delete("Subscription", "s", key("ApiV4Definition", "a")),
            write("Documentation", "new"),
        ]
    )
    assert names(made) == [["Documentation/new"], ["Subscription/s"], ["ApiV4Definition/a"], ["Group/g"]]
    assert made.needs[key("Group", "g")] == (key("ApiV4Definition", "a"),)


def test_who_lets_go_of_something_is_written_before_that_is_deleted() -> None:
    lets_go = Operation(key("ApiV4Definition", "a"), before=frozenset({key("Group", "g")}))
    made = order([delete("Group", "g"), lets_go])
    assert names(made) == [["ApiV4Definition/a"], ["Group/g"]]
    assert made.needs[key("Group", "g")] == (key("ApiV4Definition", "a"),)


def test_a_path_that_moves_makes_its_old_owner_go_first() -> None:
    path = frozenset({"path /orders/"})
    made = order(
        [
            write("ApiV4Definition", "new", claims=path),
            delete("ApiV4Definition", "old", claimed=path),
            delete("Subscription", "s", key("ApiV4Definition", "old")),
            delete("Group", "unrelated"),
        ]
    )
    assert names(made) == [
        ["Subscription/s"],
        ["ApiV4Definition/old"],
        ["ApiV4Definition/new"],
        ["Group/unrelated"],
    ]


def test_a_path_that_moves_between_two_updates_is_given_up_first() -> None:
    one, two = frozenset({"path /one/"}), frozenset({"path /two/"})
    made = order(
        [
            Operation(key("ApiV4Definition", "a"), claimed=frozenset(), claims=one),
            Operation(key("ApiV4Definition", "b"), claimed=one, claims=two),
        ]
    )
    assert names(made) == [["ApiV4Definition/b"], ["ApiV4Definition/a"]]


def test_two_paths_that_swap_run_in_a_circle_and_nothing_is_dropped() -> None:
    one, two = frozenset({"path /one/"}), frozenset({"path /two/"})
    made = order(
        [
            Operation(key("ApiV4Definition", "a"), claimed=one, claims=two),
            Operation(key("ApiV4Definition", "b"), claimed=two, claims=one),
            write("Application", "c", key("ApiV4Definition", "a")),
        ]
    )
    assert made.circles == ((key("ApiV4Definition", "a"), key("ApiV4Definition", "b")),)
    assert names(made) == [["ApiV4Definition/a", "ApiV4Definition/b"], ["Application/c"]]


def test_a_namespace_comes_before_what_is_in_it_and_goes_after_it() -> None:
    space = ResourceKey("prod", "Namespace", "", "shop")
    made = order([Operation(space), write("Secret")])
    assert made.levels == ((space,), (key("Secret"),))
    assert made.needs[key("Secret")] == (space,)
    gone = order([Operation(space, deletes=True), delete("Secret")])
    assert gone.levels == ((key("Secret"),), (space,))


def test_references_that_lead_nowhere_are_reported_unless_nobody_can_tell() -> None:
    def to(kind: str) -> Reference:
        return Reference(key("ApiV4Definition"), key(kind), "spec")

    known = {key("Group"): True, key("Portal"): False}
    found = missing_references([to("Group"), to("Portal"), to("Secret")], known.get)
    assert [one.target.kind for one in found] == ["Portal"]


kinds = some.sampled_from([*RANKS, "PortalTheme"])
keys = some.builds(key, kinds, some.sampled_from("abc"))
claims = some.frozensets(some.sampled_from(["p", "q", "r"]), max_size=2)
operations = some.lists(
    some.builds(
        Operation,
        keys,
        some.booleans(),
        some.frozensets(keys, max_size=3),
        some.frozensets(keys, max_size=3),
        claims,
        claims,
    ).map(lambda one: Operation(one.key, True, one.before, claimed=one.claimed) if one.deletes else one),
    max_size=12,
    unique_by=lambda one: one.key,
)


@given(operations)
def test_whatever_refers_to_what_each_is_ordered_once_and_after_what_it_needs(
    given_operations: list[Operation],
) -> None:
    made = order(given_operations)
    level = made.level_of()
    assert sorted(level) == sorted(one.key for one in given_operations)
    assert sum(map(len, made.levels)) == len(given_operations)
    for one, needed in made.needs.items():
        for other in needed:
            assert level[other] < level[one]
    assert order(reversed(given_operations)) == made


def test_ten_thousand_resources_are_ordered_in_well_under_a_second() -> None:
    def fleet() -> Iterable[Operation]:
        yield write("ManagementContext", "c")
        for at in range(5_000):
            yield write("ApiV4Definition", f"a{at}", key("ManagementContext", "c"))
            yield write("Documentation", f"d{at}", key("ApiV4Definition", f"a{at}"))

    operations = list(fleet())
    started = time.perf_counter()
    assert len(order(operations).levels) == 3
    assert time.perf_counter() - started < 1.5


def test_a_chain_of_ten_thousand_does_not_overflow() -> None:
    chain = [write("Group", f"{at:05}", key("Group", f"{at + 1:05}")) for at in range(10_000)]
    assert len(order(chain).levels) == 10_000
