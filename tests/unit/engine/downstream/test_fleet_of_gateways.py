"""Gateways that poll a control plane and that nobody has configured."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.engine.downstream.fleet_of_gateways import FleetOfGateways
from reconciler.model.rows import Problem
from reconciler.model.verdicts import Place
from reconciler.settings.model import GatewaySpec
from tests.unit.engine.downstream.told import LATER, Platform, instance, spec


class Watched(Platform):
    """A platform whose problems are noted, by where they were found."""

    def __init__(self, *gateways: GatewaySpec) -> None:
        super().__init__()
        self.problems: dict[str, tuple[Problem, ...]] = {}
        self.fleet = FleetOfGateways(gateways, self.views, self.held)
        self.fleet.publish = self._publish

    def _publish(self, origin: str, problems: Iterable[Problem]) -> None:
        self.problems[origin] = tuple(problems)

    def said(self, name: str = "prod") -> list[str]:
        return [one.message for one in self.problems.get(f"gateways of {name}", ())]


def test_those_that_no_entry_covers_are_one_warning() -> None:
    it = Watched(spec())
    it.tell_pod()
    it.held.instances("prod", [instance(), instance("b"), instance("a")], LATER)
    (problem,) = it.problems["gateways of prod"]
    assert problem.message == "2 gateways poll it that are not configured: host of a, host of b"
    assert (problem.place, problem.name, problem.severity) == (Place.CONTROL_PLANE, "prod", "warning")
    assert problem.next_step == "add them below `gateways`"


def test_many_are_counted_and_some_are_named() -> None:
    it = Watched()
    it.held.instances("prod", [instance(f"{number}") for number in range(8)], LATER)
    (said,) = it.said()
    assert said.startswith("8 gateways poll it")
    assert said.endswith("host of 4 and 3 more")


def test_the_warning_goes_when_they_are_gone_or_the_control_plane_is() -> None:
    it = Watched()
    it.held.instances("prod", [instance()], LATER)
    assert it.said() == ["1 gateway polls it that is not configured: host of node-1"]
    it.held.instances("prod", [], LATER)
    assert it.said() == []
    it.held.instances("prod", [instance()], LATER)
    it.held.forget("prod")
    assert it.said() == []


def test_a_configured_gateway_that_was_not_read_yet_may_be_the_one() -> None:
    it = Watched(spec())
    it.held.instances("prod", [instance()], LATER)
    assert it.said() == []
    it.tell_pod(node="another")
    assert it.said() == ["1 gateway polls it that is not configured: host of node-1"]


def test_a_gateway_of_another_control_plane_need_not_be_read_first() -> None:
    it = Watched(spec(control_plane="test"))
    it.held.instances("prod", [instance()], LATER)
    assert len(it.said()) == 1


def test_a_pod_is_known_by_its_name_too_and_a_node_that_was_met_once_is_no_stranger() -> None:
    it = Watched(spec(url=None, cluster="eu", namespace="g", selector="app=gw"))
    it.tell_pod(pod="gw-0", node="first")
    it.held.instances("prod", [instance("restarted", hostname="gw-0"), instance("first")], LATER)
    assert it.said() == []
    it.tell_pod(pod="gw-1", node="second")
    it.held.instances("prod", [instance("first"), instance("second")], LATER)
    assert it.said() == []


def test_those_that_stopped_fell_silent_or_have_just_started_are_not_missed() -> None:
    it = Watched()
    silent = instance("silent", last_heartbeat_at=LATER - 120)
    stopped = instance("stopped", state="STOPPED")
    started = instance("started", started_at=LATER - 5)
    unknown = instance("unknown", state="UNKNOWN")
    alive = instance("alive")
    it.held.instances("prod", [silent, stopped, started, unknown, alive], LATER)
    assert it.said() == ["1 gateway polls it that is not configured: host of alive"]
