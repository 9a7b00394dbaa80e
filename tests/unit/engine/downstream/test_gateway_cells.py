"""The gateway hop while not everything is known: definitions still unread, gateways that nobody placed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from reconciler.control_plane.refs import ANY_API, StateRef
from reconciler.engine.cells import Finding
from reconciler.engine.downstream.config_maps import ConfigMaps
from reconciler.engine.downstream.gateway_cells import GatewayCells
from reconciler.engine.downstream.meanings import Meaning
from reconciler.model.keys import ResourceKey
from reconciler.model.rows import PlaceState
from reconciler.model.verdicts import Place, Verdict
from reconciler.settings.model import GatewaySpec
from tests.unit.engine.downstream.told import AT, LATER, Platform, instance, listed, running, spec, whole

KEY = ResourceKey("eu", "ApiV4Definition", "pay", "orders")
MEANING = Meaning("prod", StateRef(ANY_API, "api-1"), "api-1")


def cells(it: Platform, *gateways: GatewaySpec, known: tuple[str, ...] = ("prod",)) -> GatewayCells:
    it.tags.update({one.name: one.tags for one in gateways})
    no_config_maps: Any = ConfigMaps(frozenset(), None, lambda: LATER)  # type: ignore[arg-type]
    made = GatewayCells(gateways or (spec(),), it.views, it.held, no_config_maps, key=b"k" * 32)
    made.fleet.control_planes = lambda: known
    return made


def judged(it: Platform, *gateways: GatewaySpec, known: tuple[str, ...] = ("prod",)) -> Finding:
    finding, _ = cells(it, *gateways, known=known).judge(KEY, MEANING)
    return finding


# -- definitions that are still to be read -------------------------------------------------------------


def test_a_pod_with_the_revision_is_in_sync_and_its_definition_is_asked_for() -> None:
    it = Platform()
    it.held.deployment("prod", "api-1", listed(), AT)
    it.tell_pod(running(name="altered"))
    assert judged(it).verdict is Verdict.SYNCED
    assert it.wanted == [("prod", "api-1")]


def test_once_it_was_read_the_definition_counts_and_is_asked_for_no_more() -> None:
    it = Platform()
    it.held.deployment("prod", "api-1", listed(), AT)
    it.held.deployment("prod", "api-1", whole(), LATER)
    it.tell_pod(running(name="altered"))
    assert judged(it).verdict is Verdict.DRIFTED
    assert it.wanted == []


def test_a_pod_with_another_revision_is_judged_without_the_definition() -> None:
    it = Platform()
    it.held.deployment("prod", "api-1", listed(), AT)
    it.tell_pod(running("2"))
    finding = judged(it)
    assert (finding.verdict, it.wanted) == (Verdict.DRIFTED, [])
    assert "runs revision 2, not 3" in finding.causes[0]


def test_without_the_definition_the_sharding_tags_are_those_of_the_inventory() -> None:
    it = Platform()
    it.tell_inventory("prod", tags=("internal",))
    it.held.deployment("prod", "api-1", listed(), AT)
    it.tell_pod()
    assert judged(it, spec(tags=["partner"])).verdict is None
    assert judged(it, spec(tags=["internal"])).verdict is Verdict.MISSING
    unknown = judged(it, spec())
    assert unknown.verdict is Verdict.UNKNOWN
    assert "set `tags` of this gateway" in unknown.causes[0]
    it.held.instances("prod", [instance(tags=("!internal",))], LATER)
    assert judged(it, spec()).verdict is None


# -- whom a gateway serves -----------------------------------------------------------------------------

TWO = ("prod", "test")


def two_planes() -> Platform:
    it = Platform()
    it.tell_inventory("test", api="other")
    it.held.deployment("prod", "api-1", whole(tags=[]), AT)
    it.tell_pod(running(tags=[]))
    return it


def test_of_several_control_planes_a_gateway_serves_the_one_that_its_node_announced_itself_to() -> None:
    it = two_planes()
    it.held.instances("prod", [instance()], LATER)
    it.held.instances("test", [], LATER)
    assert judged(it, known=TWO).verdict is Verdict.SYNCED


def test_one_that_announced_itself_elsewhere_only_is_no_hop() -> None:
    it = two_planes()
    it.held.instances("prod", [], LATER)
    it.held.instances("test", [instance()], LATER)
    assert judged(it, known=TWO).verdict is None


def test_without_announcements_it_is_unknown_with_the_next_step_and_counts_beside_others() -> None:
    it = two_planes()
    finding = judged(it, known=TWO)
    assert finding.verdict is Verdict.UNKNOWN
    assert finding.causes == (
        "gw serves a control plane that is not known: set `control_plane` of this gateway",
    )
    it.tell_pod(running(tags=[]), gateway="named", node="node-2")
    both = cells(it, spec(), spec("named", control_plane="prod"), known=TWO)
    found, count = both.judge(KEY, MEANING)
    assert (found.verdict, count) == (Verdict.UNKNOWN, "1/2")


def test_as_long_as_the_gateway_was_not_read_that_is_the_reason() -> None:
    it = Platform()
    it.held.deployment("prod", "api-1", whole(), AT)
    assert judged(it, known=TWO).causes == ("gw has not been read yet",)


def test_a_node_that_announced_itself_takes_the_environment_by_whatever_name() -> None:
    it = Platform()
    it.held.deployment("prod", "api-1", whole(tags=[]), AT)
    it.tell_pod(running(tags=[]))
    facts = it.views.nodes("gw")[0]
    it.views.node("gw", "", replace(facts, environments=("prd",)), None, None)
    it.held.instances("prod", [instance()], LATER)
    assert judged(it).verdict is Verdict.SYNCED


# -- gateways that do not answer -----------------------------------------------------------------------


def test_what_was_in_sync_stays_so_with_the_reason_until_something_is_published() -> None:
    it = Platform()
    it.held.deployment("prod", "api-1", whole(tags=[]), AT)
    it.tell_pod(running(tags=[]))
    fail(it, "answered 503")
    kept = judged(it)
    assert kept.verdict is Verdict.SYNCED
    assert kept.causes == ("gw was in sync when last read; now: answered 503",)
    it.held.deployment("prod", "api-1", whole("4", at=LATER + 60, identifier="event-2", tags=[]), LATER + 61)
    lost = judged(it)
    assert lost.verdict is Verdict.UNKNOWN
    assert "was not read since the last deployment: answered 503" in lost.causes[0]


def test_when_it_answers_again_every_api_is_judged_again() -> None:
    it = Platform()
    it.held.deployment("prod", "api-1", whole(tags=[]), AT)
    made = cells(it)
    it.tell_pod()
    fail(it, "answered 503")
    it.held.take()
    it.views.listed("gw", "", frozenset(), LATER + 5)
    assert ("prod", "api-1") in it.held.take().apis, "though no pod lists it"
    assert made.judge(KEY, MEANING)[0].causes == ("gw is not deployed",)


def fail(it: Platform, why: str) -> None:
    it.views.state("gw", "", PlaceState(Place.GATEWAY, "gw", "failed", why, LATER))
