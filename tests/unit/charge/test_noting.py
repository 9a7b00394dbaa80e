"""What is told and kept of work in GKO's place."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.engine.charge.noting import Noting
from reconciler.engine.standing_in.reconciling import Work
from reconciler.engine.standing_in.surroundings import Thing
from reconciler.ledger.deeds import Deed
from reconciler.rules.apim.standing_in.told import Failure, FailureClass, Told, failed

API = Thing("ApiV4Definition", "pay", "orders")


class Desk:
    """Listens."""

    def __init__(self) -> None:
        self.told: list[tuple[str, object]] = []
        self.kept: list[Deed] = []
        self.noting = Noting("eu", self.tell, self.kept.append, lambda: 7.0)

    def tell(self, event: str, facts: Mapping[str, object]) -> None:
        self.told.append((event, facts["resource"]))


def refused(why: str) -> Told:
    return failed(Failure(FailureClass.REFUSED, why, (), 400))


def test_what_was_sent_is_told_and_kept() -> None:
    desk = Desk()
    desk.noting.done(Work(API, Told(sent=True), put=True), 5.0)
    assert desk.told == [("brought", "eu:ApiV4Definition/pay/orders")]
    (deed,) = desk.kept
    assert (deed.did, deed.begun, deed.ended, deed.who) == ("configured", 5.0, 7.0, "gko-reconciler")


def test_what_was_looked_at_alone_is_neither() -> None:
    desk = Desk()
    desk.noting.done(Work(API), 5.0)
    desk.noting.done(Work(API, Told(sent=True)), 5.0)
    assert (desk.told, desk.kept) == ([], [])


def test_what_goes_on_failing_is_told_once_and_again_after_it_went_well() -> None:
    desk = Desk()
    well = Told(sent=True)
    for told in (refused("no name"), refused("no name"), refused("no path"), well, refused("no path")):
        desk.noting.done(Work(API, told), 5.0)
    assert [event for event, _ in desk.told] == ["not brought"] * 3


def test_a_put_that_was_refused_is_kept_as_failed_with_its_words() -> None:
    desk = Desk()
    desk.noting.done(Work(API, refused("no name"), put=True), 5.0)
    assert [(one.did, one.message) for one in desk.kept] == [("failed", "no name")]


def test_a_withdrawal_is_a_deletion() -> None:
    desk = Desk()
    desk.noting.done(Work(API, Told(deleting=True), put=True), 5.0)
    assert desk.told[0][0] == "withdrawn"
    assert (desk.kept[0].verb, desk.kept[0].did) == ("delete", "deleted")
