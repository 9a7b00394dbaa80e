"""`doctor` at control planes: which of its questions failed, and what to do about it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from aiohttp import web

from gko_tui.commands.checks import Check
from gko_tui.commands.doctor_control_planes import control_plane_checks
from reconciler.control_plane.places import declared_target
from reconciler.model.rows import Problem
from reconciler.model.verdicts import Place
from reconciler.settings.model import ControlPlane
from reconciler.simulator.apim import Apim, ApimServer, Gateway
from reconciler.simulator.apim.serving.calls import Answer
from tests.unit.control_plane.bodies import api_body

AUTH = {"username": "admin", "password_env": "APIM_PASSWORD"}
ENVIRON = {"APIM_PASSWORD": "admin"}


class Server(ApimServer):
    """An APIM that answers some paths otherwise: the first text that a path contains decides."""

    def __init__(self, apim: Apim) -> None:
        super().__init__(apim)
        self.instead: dict[str, Answer] = {}

    def respond(self, request: web.Request, path: str, query: Mapping[str, str], body: bytes) -> Answer:
        for text, answer in self.instead.items():
            if text in path:
                return answer
        return super().respond(request, path, query, body)


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    apim = Apim()
    apim.add_environment("TEST")
    apim.put_api("DEFAULT", api_body("orders"))
    served = Server(apim)
    await served.start()
    yield served
    await served.stop()


async def asked(
    url: str, environ: Mapping[str, str] = ENVIRON, *, deployments: bool = True, **fields: Any
) -> list[Check]:
    spec = ControlPlane.model_validate({"name": "apim", "url": url, "auth": AUTH, **fields})
    target = declared_target(spec, environ)
    return await control_plane_checks([target], (), environ, deployments=deployments, announced={})


def outcomes(checks: list[Check]) -> dict[str, str]:
    return {check.check: check.outcome for check in checks}


def missing(checks: list[Check]) -> Check:
    (found,) = [check for check in checks if check.outcome == "missing"]
    return found


FORBIDDEN = Answer(403, {"httpStatus": 403, "message": "You do not have sufficient rights"})
UNKNOWN_PATH = Answer(404, {"httpStatus": 404, "message": "HTTP 404 Not Found", "details": []})


async def test_where_all_is_well_every_question_is_answered(server: Server) -> None:
    checks = await asked(server.url)
    assert outcomes(checks) == dict.fromkeys(
        (
            "reachable",
            "credentials accepted",
            "environment exists",
            "automation API enabled",
            "version 4.12 or later",
            "may read",
        ),
        "ok",
    )
    by_name = {check.check: check for check in checks}
    assert by_name["reachable"].detail == f"{server.url} (declared)"
    assert by_name["environment exists"].detail == "organization DEFAULT, environment DEFAULT"
    assert by_name["version 4.12 or later"].detail == "4.12"
    assert by_name["may read"].kinds == ("apis", "plans", "pages", "subscriptions", "events", "audits")
    assert {check.place for check in checks} == {"control-plane"}
    assert all(method == "GET" for method, _ in server.requests), "doctor changes nothing"


async def test_an_environment_without_apis_says_what_was_not_tried(server: Server) -> None:
    (right,) = [check for check in await asked(server.url, environment="TEST") if check.check == "may read"]
    assert (right.outcome, right.kinds) == ("ok", ("apis",))
    assert "there is none" in right.detail


async def test_wrong_credentials_end_the_questions_and_are_not_shown(server: Server) -> None:
    checks = await asked(server.url, {"APIM_PASSWORD": "hunter2"})
    assert outcomes(checks) == {"reachable": "ok", "credentials accepted": "missing"}
    assert missing(checks).detail == "refused the credentials (401)"
    assert "auth" in missing(checks).next_step
    assert "hunter2" not in repr(checks)


async def test_credentials_that_are_not_there_are_named_and_nothing_is_sent(server: Server) -> None:
    checks = await asked(server.url, {})
    assert outcomes(checks) == {"credentials accepted": "missing"}
    assert "APIM_PASSWORD" in missing(checks).detail
    assert server.requests == []


async def test_an_environment_that_is_not_there_is_told_with_those_that_are(server: Server) -> None:
    found = missing(await asked(server.url, environment="PRDO"))
    assert found.check == "environment exists"
    assert found.detail.endswith("(400); there: DEFAULT, TEST")
    assert "correct `organization` and `environment`" in found.next_step


async def test_an_organization_that_is_not_there_is_told_too(server: Server) -> None:
    found = missing(await asked(server.url, organization="NOBODY"))
    assert found.check == "environment exists" and "organization NOBODY" in found.detail


async def test_a_server_that_is_not_there_is_one_line(unused_tcp_port: int) -> None:
    checks = await asked(f"http://127.0.0.1:{unused_tcp_port}")
    assert outcomes(checks) == {"reachable": "missing"}
    assert "refused the connection" in checks[0].detail and checks[0].next_step


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"page": "login"}, "where JSON is expected"),
        ({"redirect_to": "https://login.example.org"}, "as a login page does"),
        ({"hang": True}, "did not answer within 0.2 s"),
        ({"status": 500}, "failed there (500)"),
        ({"truncated": True}, "cut off or broken"),
    ],
    ids=["login page", "redirect", "hanging", "500", "cut off"],
)
async def test_what_is_no_apim_is_said_at_once(server: Server, faults: dict[str, Any], words: str) -> None:
    for name, value in faults.items():
        setattr(server.faults, name, value)
    checks = await asked(server.url, request_timeout_s=0.2)
    assert outcomes(checks) == {"reachable": "missing"}
    assert words in checks[0].detail and checks[0].next_step


async def test_an_automation_api_that_is_switched_off_is_told_with_the_switch(server: Server) -> None:
    server.instead["/automation/"] = UNKNOWN_PATH
    checks = await asked(server.url)
    assert missing(checks).check == "automation API enabled"
    assert "http.api.automation.enabled" in missing(checks).next_step
    assert outcomes(checks)["may read"] == "ok", "what else can be read is still tried"


async def test_an_older_apim_is_told_from_one_without_automation_api(server: Server) -> None:
    server.instead["/dictionaries/"] = UNKNOWN_PATH
    found = missing(await asked(server.url))
    assert found.check == "version 4.12 or later"
    assert "older than APIM 4.12" in found.detail and "upgrade" in found.next_step


async def test_a_user_without_any_right_to_the_environment_is_told_which_to_ask_for(server: Server) -> None:
    server.apim.add_user("reader", "admin")
    checks = await asked(server.url, auth={**AUTH, "username": "reader"})
    assert outcomes(checks)["credentials accepted"] == "ok"
    (right,) = [check for check in checks if check.kinds == ("apis",)]
    assert (right.check, right.outcome) == ("may read", "missing") and "ENVIRONMENT_*" in right.next_step


async def test_one_missing_right_is_named_and_the_others_are_listed(server: Server) -> None:
    server.instead["/plans"] = FORBIDDEN
    checks = await asked(server.url)
    found = missing(checks)
    assert (found.check, found.kinds) == ("may read", ("plans",))
    assert "no permission" in found.detail and "give this user the right" in found.next_step
    assert ("apis", "pages", "subscriptions", "events", "audits") in {check.kinds for check in checks}


@pytest.mark.parametrize(("deployments", "outcome"), [(True, "missing"), (False, "not-needed")])
async def test_events_are_needed_only_where_gateways_are_configured(
    server: Server, deployments: bool, outcome: str
) -> None:
    server.instead["/events"] = FORBIDDEN
    checks = await asked(server.url, deployments=deployments)
    (events,) = [check for check in checks if check.kinds == ("events",)]
    assert events.outcome == outcome


async def test_audits_are_a_bonus(server: Server) -> None:
    server.instead["/audits"] = FORBIDDEN
    (audits,) = [check for check in await asked(server.url) if check.kinds == ("audits",)]
    assert (audits.outcome, audits.next_step) == ("not-needed", "")
    assert "who made a change stays unknown" in audits.detail


async def test_what_is_configured_wrongly_is_a_line_of_its_own() -> None:
    problem = Problem(Place.CONTROL_PLANE, "c:M/n/a", "c:M/n/a", "names no baseUrl", "give `spec.baseUrl`")
    (check,) = await control_plane_checks([], [problem], {}, deployments=False, announced={})
    assert (check.name, check.outcome, check.detail) == ("c:M/n/a", "missing", "names no baseUrl")
    assert check.next_step == "give `spec.baseUrl`"


async def test_the_time_of_the_command_line_counts_before_the_configured_one(server: Server) -> None:
    server.faults.hang = True
    target = declared_target(
        ControlPlane.model_validate({"name": "apim", "url": server.url, "auth": AUTH}), ENVIRON
    )
    (check,) = await control_plane_checks(
        [target], (), ENVIRON, deployments=False, announced={}, timeout_s=0.1
    )
    assert "within 0.1 s" in check.detail


async def test_the_gateways_that_announced_themselves_are_noted_with_their_tags(server: Server) -> None:
    gateway = Gateway(server.apim, "gw-0", tags=("internal",))
    target = declared_target(
        ControlPlane.model_validate({"name": "apim", "url": server.url, "auth": AUTH}), ENVIRON
    )
    announced: dict[str, Mapping[str, tuple[str, ...]]] = {}
    await control_plane_checks([target], (), ENVIRON, deployments=True, announced=announced)
    assert announced == {"apim": {gateway.id: ("internal",)}}


async def test_gateways_that_may_not_be_listed_are_a_bonus_too(server: Server) -> None:
    server.instead["/instances"] = FORBIDDEN
    (told,) = [check for check in await asked(server.url) if check.kinds == ("gateways",)]
    assert told.outcome == "not-needed" and "are not checked" in told.detail
