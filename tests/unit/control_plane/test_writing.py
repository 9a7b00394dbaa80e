"""Writing to a control plane: what is sent, and how it ended."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

import httpx
import orjson
import pytest

from reconciler.control_plane.limits import FIRST_RATE
from reconciler.control_plane.management import ManagementApi
from reconciler.control_plane.outcomes import ArrivedOrNot, Done, Message, Outcome, Refused, Retry
from reconciler.control_plane.refs import API, API_V2, SUBSCRIPTION, StateRef
from reconciler.control_plane.sending import AT_ONCE
from reconciler.control_plane.writing import ControlPlaneWriter, can_be_checked
from reconciler.model.changes import Redacted
from reconciler.rules.apim.templates import FromTemplate
from reconciler.rules.identity import part_id, resource_id
from reconciler.simulator.apim import Apim
from tests.unit.control_plane.bodies import api_body
from tests.unit.control_plane.in_process import InProcess, client_of
from tests.unit.control_plane.virtual_time import clock, virtually

REF = StateRef(API, "shop-orders")
OLD_ID = str(UUID(int=7))


class Writing:
    """A simulated APIM and a writer to it."""

    def __init__(self, **changes: object) -> None:
        self.apim = Apim(clock)
        self.transport = InProcess(self.apim)
        self.client = client_of(self.transport, **changes)
        self.writer = ControlPlaneWriter(self.client)
        self.sent: list[httpx.Request] = []
        self.answer: Callable[[], httpx.Response] | None = None
        self.transport.interfere = self._interfere

    def _interfere(self, request: httpx.Request) -> httpx.Response | None:
        self.sent.append(request)
        return self.answer() if self.answer is not None else None

    @property
    def last(self) -> str:
        """The last request, without its server."""
        request = self.sent[-1]
        path = request.url.path.replace("/organizations/DEFAULT/environments/DEFAULT", "")
        return f"{request.method} {path}" + (f"?{request.url.query.decode()}" if request.url.query else "")

    @property
    def environment(self) -> Any:
        return self.apim.environment("DEFAULT")


def run(act: Callable[[Writing], Awaitable[Outcome]], **changes: object) -> tuple[Outcome, Writing]:
    async def main() -> tuple[Outcome, Writing]:
        it = Writing(**changes)
        return await act(it), it

    return virtually(main)


def answered(status: int, body: object, headers: Mapping[str, str]) -> Callable[[], httpx.Response]:
    content = orjson.dumps(body) if body is not None else b""
    sent = {"Content-Type": "application/json", **headers}
    return lambda: httpx.Response(status, content=content, headers=sent)


def put_answered(
    status: int,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    *,
    content: dict[str, Any] | None = None,
) -> tuple[Outcome, Writing]:
    async def act(it: Writing) -> Outcome:
        it.answer = answered(status, body, headers or {})
        return await it.writer.put(REF, content or api_body("shop-orders"))

    return run(act)


# -- what is sent -------------------------------------------------------------------------------------


def test_an_api_is_put_by_its_hrid_and_its_state_comes_back_with_ids() -> None:
    outcome, it = run(lambda it: it.writer.put(REF, api_body("shop-orders")))
    assert isinstance(outcome, Done)
    assert outcome.state is not None
    assert outcome.state["id"] == resource_id("DEFAULT", "DEFAULT", "shop-orders")
    assert (outcome.severe, outcome.warnings) == ((), ())
    assert it.last == "PUT /automation/apis"
    assert outcome.state["id"] in it.environment.apis
    assert "shop-orders" not in repr(outcome)


def test_warnings_of_a_write_are_kept_whole() -> None:
    body = {**api_body("shop-orders"), "groups": ["no-such-group", "nor-this-one"]}
    outcome, _ = run(lambda it: it.writer.put(REF, body))
    assert isinstance(outcome, Done)
    assert [message.text for message in outcome.warnings] == [
        "Group [no-such-group] could not be found in environment [DEFAULT]",
        "Group [nor-this-one] could not be found in environment [DEFAULT]",
    ]


def test_a_check_changes_nothing_and_says_what_would_be_severe() -> None:
    async def act(it: Writing) -> Outcome:
        assert isinstance(await it.writer.check(REF, api_body("shop-orders")), Done)
        assert it.last == "PUT /automation/apis?dryRun=true"
        assert it.environment.apis == {}
        await it.writer.put(REF, api_body("shop-orders"))
        clash = {**api_body("shop-twin"), "listeners": api_body("shop-orders")["listeners"]}
        return await it.writer.check(StateRef(API, "shop-twin"), clash)

    outcome, it = run(act)
    assert isinstance(outcome, Refused)
    assert [message.text for message in outcome.messages] == ["Path [/shop-orders/] already exists"]
    assert len(it.environment.apis) == 1


def subscribed(it: Writing) -> dict[str, Any]:
    body = api_body("shop-orders", plan="keyed")
    body["plans"][0]["security"] = {"type": "API_KEY"}
    it.apim.put_api("DEFAULT", body)
    app = {"hrid": "shop-app", "name": "App", "description": "a", "settings": {"app": {}}}
    it.apim.put("DEFAULT", "applications", app)
    return {"hrid": "shop-sub", "applicationHrid": "shop-app", "planHrid": "keyed"}


SUB = StateRef(SUBSCRIPTION, "shop-sub", "shop-orders")


def test_a_subscription_is_never_sent_as_a_dry_run() -> None:
    async def act(it: Writing) -> Outcome:
        body = subscribed(it)
        with pytest.raises(ValueError, match="would be acted on"):
            await it.writer.check(SUB, body)
        assert it.sent == []
        outcome = await it.writer.put(SUB, body)
        assert it.last == "PUT /automation/apis/shop-orders/subscriptions"
        return outcome

    outcome, it = run(act)
    assert isinstance(outcome, Done)
    assert it.environment.subscriptions[part_id("DEFAULT", "DEFAULT", "shop-orders", "shop-sub")]
    assert not can_be_checked(SUBSCRIPTION)
    assert can_be_checked(API)
    assert not can_be_checked("ManagementContext")


def test_a_delete_is_never_sent_as_a_dry_run_and_a_second_one_is_as_good() -> None:
    async def act(it: Writing) -> Outcome:
        await it.writer.put(REF, api_body("shop-orders"))
        assert await it.writer.delete(REF) == Done()
        assert it.last == "DELETE /automation/apis/shop-orders"
        return await it.writer.delete(REF)

    outcome, it = run(act)
    assert outcome == Done(absent_before=True)
    assert it.environment.apis == {}


def test_a_delete_of_a_subscription_whose_api_is_gone_is_as_good() -> None:
    outcome, it = run(lambda it: it.writer.delete(SUB))
    assert outcome == Done(absent_before=True)
    assert it.last == "DELETE /automation/apis/shop-orders/subscriptions/shop-sub"


def test_a_delete_at_a_path_that_is_not_served_is_no_success() -> None:
    async def act(it: Writing) -> Outcome:
        it.answer = lambda: httpx.Response(404, html="<h1>Not Found</h1>")
        return await it.writer.delete(REF)

    outcome, _ = run(act)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "html"
    assert outcome.after >= 15.0


def test_an_old_api_keeps_its_id() -> None:
    async def act(it: Writing) -> Outcome:
        ref = StateRef(API, OLD_ID, uuid=True)
        await it.writer.put(ref, {**api_body("shop-orders"), "hrid": OLD_ID})
        assert it.last == "PUT /automation/apis?hridContainsUUID=true"
        assert list(it.environment.apis) == [OLD_ID]
        outcome = await it.writer.delete(ref)
        assert it.last == f"DELETE /automation/apis/{OLD_ID}?hridContainsUUID=true"
        return outcome

    outcome, it = run(act)
    assert outcome == Done()
    assert it.environment.apis == {}


def test_a_subscription_says_of_each_of_its_names_whether_it_is_an_id() -> None:
    async def act(it: Writing) -> Outcome:
        body = {"hrid": OLD_ID, "applicationHrid": OLD_ID, "planHrid": "keyed"}
        ref = StateRef(SUBSCRIPTION, OLD_ID, OLD_ID, uuid=True, parent_uuid=True)
        told = (
            ("hridContainsApiUUID", "true"),
            ("hridContainsAppUUID", "true"),
            ("hridContainsUUID", "true"),
        )
        await it.writer.put(ref, body, uuids=told)
        query = it.sent[-1].url.params
        assert dict(query) == dict(told)
        outcome = await it.writer.delete(ref)
        assert dict(it.sent[-1].url.params) == {"hridContainsApiUUID": "true", "hridContainsUUID": "true"}
        return outcome

    outcome, _ = run(act)
    assert outcome == Done(absent_before=True)


def test_an_api_of_version_2_goes_through_management_v1_and_closes_its_plans() -> None:
    body = {
        "id": OLD_ID,
        "crossId": OLD_ID,
        "name": "Old",
        "version": "1",
        "proxy": {"virtual_hosts": [{"path": "/old"}]},
        "plans": [
            {"id": str(UUID(int=8)), "crossId": str(UUID(int=8)), "name": "free", "security": "KEY_LESS"}
        ],
        "state": "STARTED",
    }
    ref = StateRef(API_V2, OLD_ID)

    async def act(it: Writing) -> Outcome:
        assert isinstance(await it.writer.check(ref, body), Done)
        assert it.environment.apis == {}
        assert isinstance(await it.writer.put(ref, body), Done)
        assert it.last == "PUT /management/apis/import-crd"
        assert list(it.environment.apis) == [OLD_ID]
        outcome = await it.writer.delete(ref)
        assert it.last == f"DELETE /management/apis/{OLD_ID}?closePlans=true"
        return outcome

    outcome, it = run(act)
    assert outcome == Done()
    assert it.environment.apis == {}


@pytest.mark.parametrize(
    ("ref", "body", "path"),
    [
        (
            StateRef("Application", "shop-app"),
            {"hrid": "shop-app", "name": "App", "description": "a", "settings": {"app": {}}},
            "applications",
        ),
        (StateRef("Group", "shop-team"), {"hrid": "shop-team", "name": "Team", "members": []}, "groups"),
        (
            StateRef("Dictionary", "shop-words"),
            {
                "hrid": "shop-words",
                "name": "Words",
                "description": "d",
                "type": "MANUAL",
                "deployed": True,
                "manual": {"properties": {"a": "b"}},
            },
            "dictionaries",
        ),
        (
            StateRef("SharedPolicyGroup", "shop-policies"),
            {
                "hrid": "shop-policies",
                "name": "Policies",
                "description": "d",
                "apiType": "PROXY",
                "phase": "REQUEST",
                "steps": [],
            },
            "shared-policy-groups",
        ),
        (StateRef("Portal", "shop-portal"), {"hrid": "shop-portal", "name": "Portal"}, "portals"),
    ],
)
def test_every_kind_of_the_environment_is_put_and_deleted(
    ref: StateRef, body: dict[str, Any], path: str
) -> None:
    async def act(it: Writing) -> Outcome:
        outcome = await it.writer.put(ref, body)
        assert it.last == f"PUT /automation/{path}"
        assert isinstance(await it.writer.delete(ref), Done)
        assert it.last == f"DELETE /automation/{path}/{ref.hrid}"
        return outcome

    outcome, _ = run(act)
    assert isinstance(outcome, Done), outcome


def test_another_things_body_is_a_mistake_of_ours() -> None:
    async def act(it: Writing) -> Outcome:
        with pytest.raises(ValueError, match="another thing's"):
            await it.writer.put(REF, api_body("shop-other"))
        return Done()

    run(act)


def test_a_hidden_value_and_a_kind_without_a_path_are_refused_before_anything_is_sent() -> None:
    async def act(it: Writing) -> Outcome:
        outcome = await it.writer.put(REF, {**api_body("shop-orders"), "description": Redacted(b"x")})
        assert isinstance(outcome, Refused)
        assert outcome.reason == "invalid"
        other = await it.writer.put(StateRef("Notification", "shop-note"), {"hrid": "shop-note"})
        assert isinstance(other, Refused)
        assert it.sent == []
        return other

    outcome, _ = run(act)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "not-served"


# -- how it ended -------------------------------------------------------------------------------------


def test_a_broken_schema_is_refused_with_every_field_that_it_is_about() -> None:
    details = [
        {"message": "must not be null", "invalidValue": "s3cret", "location": "name"},
        {"message": "must match\n\x1b[2J", "location": "plans[0].hrid"},
    ]
    body = {"httpStatus": 400, "message": "Validation error", "details": details}
    outcome, _ = put_answered(400, body)
    assert isinstance(outcome, Refused)
    assert outcome.reason == "invalid"
    assert [str(message) for message in outcome.messages] == [
        "Validation error",
        "name: must not be null",
        "plans[0].hrid: must match\n\\e[2J",
    ]
    assert "s3cret" not in repr(outcome)


def test_a_long_refusal_is_kept_whole() -> None:
    long = (
        "Unable to import because of errors [" + ", ".join(f"error {number}" for number in range(400)) + "]"
    )
    outcome, _ = put_answered(400, {"httpStatus": 400, "message": long, "technicalCode": "invalid"})
    assert isinstance(outcome, Refused)
    assert outcome.messages == (Message(long),)


def test_what_came_from_a_secret_is_in_no_message() -> None:
    secret = "hunter2hunter2"
    content = {**api_body("shop-orders"), "description": FromTemplate(secret)}
    said = {"httpStatus": 400, "message": f"Unexpected value '{secret}'", "technicalCode": "invalidValue"}
    outcome, it = put_answered(400, said, content=content)
    assert isinstance(outcome, Refused)
    assert outcome.messages == (Message("Unexpected value '‹hidden›'"),)
    assert secret.encode() in it.sent[-1].content, "but it is sent"
    assert secret not in repr(outcome)


UNKNOWN = {"httpStatus": 404, "message": "Plan [x] cannot be found.", "technicalCode": "plan.notFound"}
INVALID_ENVIRONMENT = {"httpStatus": 400, "message": "Invalid organization or environment"}
ENDINGS: dict[str, tuple[int, object, dict[str, str], type, str]] = {
    "wrong credentials": (401, {"message": "Unauthorized"}, {}, Refused, "unauthorized"),
    "no right": (403, {"message": "no", "technicalCode": "forbidden"}, {}, Refused, "forbidden"),
    "unknown environment": (400, INVALID_ENVIRONMENT, {}, Refused, "environment"),
    "a reference to nothing": (404, UNKNOWN, {}, Retry, "reference"),
    "an older server": (404, None, {}, Refused, "not-served"),
    "no such method": (405, {"message": "HTTP 405 Method Not Allowed"}, {}, Refused, "not-served"),
    "another media type": (415, None, {}, Refused, "invalid"),
    "too large": (413, None, {}, Refused, "invalid"),
    "a conflict": (409, {"message": "again"}, {}, Retry, "conflict"),
    "too busy": (429, None, {"Retry-After": "7"}, Retry, "busy"),
    "not available": (503, None, {}, Retry, "busy"),
    "a fault": (500, {"message": "boom", "technicalCode": "unexpected"}, {}, Retry, "server"),
    "a proxy that lost sight": (504, None, {}, ArrivedOrNot, "server"),
    "a gateway that is bad": (502, None, {}, ArrivedOrNot, "server"),
    "a login page": (302, None, {"Location": "https://login.example.org/"}, Retry, "redirect"),
    "JSON cut off": (200, None, {}, ArrivedOrNot, "protocol"),
}


@pytest.mark.parametrize("case", ENDINGS)
def test_an_answer_has_one_outcome(case: str) -> None:
    status, body, headers, outcome_type, reason = ENDINGS[case]
    outcome, it = put_answered(status, body, headers)
    assert isinstance(outcome, outcome_type), outcome
    assert not isinstance(outcome, Done)
    assert outcome.reason == reason
    assert outcome.status == status
    assert outcome.messages
    assert all(message.text for message in outcome.messages)
    assert len(it.sent) == 1, "nothing is sent twice"


def test_a_fault_is_read_before_it_is_tried_again_and_a_busy_server_is_not() -> None:
    fault, _ = put_answered(500, {"message": "boom"})
    busy, _ = put_answered(429, None, {"Retry-After": "7"})
    assert isinstance(fault, Retry)
    assert fault.read_first
    assert fault.messages == (Message("boom"),)
    assert isinstance(busy, Retry)
    assert not busy.read_first
    assert busy.after == 7.0


def test_broken_json_is_told_in_the_servers_own_words() -> None:
    async def act(it: Writing) -> Outcome:
        it.answer = lambda: httpx.Response(400, text="Unexpected end-of-input")
        return await it.writer.put(REF, api_body("shop-orders"))

    outcome, _ = run(act)
    assert isinstance(outcome, Refused)
    assert outcome.messages == (Message("Unexpected end-of-input"),)


def test_an_answer_that_does_not_come_in_time_leaves_it_unknown() -> None:
    async def act(it: Writing) -> Outcome:
        it.transport.delay_s = 30.0
        return await it.writer.put(REF, api_body("shop-orders"))

    outcome, _ = run(act)
    assert isinstance(outcome, ArrivedOrNot)
    assert outcome.reason == "timeout"


@pytest.mark.parametrize("error", [httpx.ReadError, httpx.RemoteProtocolError, httpx.WriteError])
def test_a_connection_that_breaks_leaves_it_unknown_and_it_is_not_sent_again(
    error: type[httpx.TransportError],
) -> None:
    async def act(it: Writing) -> Outcome:
        it.transport.lose = lambda request: error("gone", request=request)
        return await it.writer.put(REF, api_body("shop-orders"))

    outcome, it = run(act)
    assert isinstance(outcome, ArrivedOrNot)
    assert len(it.sent) == 1
    assert len(it.environment.apis) == 1, "it had arrived"


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_a_connection_that_never_was_is_tried_again(error: type[httpx.TransportError]) -> None:
    async def act(it: Writing) -> Outcome:
        it.transport.lose = lambda request: error("nobody", request=request)
        return await it.writer.put(REF, api_body("shop-orders"))

    outcome, _ = run(act)
    assert isinstance(outcome, Retry)
    assert not outcome.read_first


def test_a_check_whose_answer_is_lost_changed_nothing() -> None:
    async def act(it: Writing) -> Outcome:
        it.transport.lose = lambda request: httpx.ReadError("gone", request=request)
        return await it.writer.check(REF, api_body("shop-orders"))

    outcome, it = run(act)
    assert isinstance(outcome, Retry)
    assert it.environment.apis == {}


def test_a_write_ends_before_the_instant_that_it_was_given() -> None:
    async def act(it: Writing) -> Outcome:
        it.transport.delay_s = 30.0
        begun = clock()
        outcome = await it.writer.put(REF, api_body("shop-orders"), before=begun + 4.0)
        assert clock() - begun == pytest.approx(4.0, abs=0.1)
        return outcome

    outcome, _ = run(act)
    assert isinstance(outcome, ArrivedOrNot)


def test_a_write_whose_turn_comes_too_late_is_not_sent() -> None:
    async def act(it: Writing) -> Outcome:
        it.client.limiter.blocked_until = clock() + 5.0
        return await it.writer.put(REF, api_body("shop-orders"), before=clock() + 4.0)

    outcome, it = run(act)
    assert isinstance(outcome, Retry)
    assert outcome.reason == "busy"
    assert it.sent == []


def test_a_server_that_asked_for_a_long_rest_is_not_asked_meanwhile() -> None:
    async def act(it: Writing) -> Outcome:
        it.client.limiter.blocked_until = clock() + 90.0
        return await it.writer.put(REF, api_body("shop-orders"))

    outcome, it = run(act)
    assert isinstance(outcome, Retry)
    assert outcome.after == pytest.approx(90.0)
    assert it.sent == []


def test_a_busy_server_slows_down_writes_and_reads_alike() -> None:
    async def act(it: Writing) -> Outcome:
        assert it.client.limiter.rate == FIRST_RATE
        it.answer = answered(429, None, {"Retry-After": "3"})
        first = await it.writer.put(REF, api_body("shop-orders"))
        assert it.client.limiter.rate == FIRST_RATE / 2
        begun = clock()
        it.answer = None
        await ManagementApi(it.client).api("none")
        assert clock() - begun == pytest.approx(3.0, abs=0.1)
        return first

    outcome, _ = run(act)
    assert isinstance(outcome, Retry)
    assert outcome.after == 3.0


def test_no_more_writes_are_on_their_way_than_a_server_works_at() -> None:
    async def act(it: Writing) -> Outcome:
        it.transport.delay_s = 5.0
        refs = [StateRef(API, f"shop-{number:02}") for number in range(AT_ONCE * 2)]
        begun = clock()
        outcomes = await asyncio.gather(*(it.writer.put(ref, api_body(ref.hrid)) for ref in refs))
        early = [asked for asked in it.transport.asked if asked.at < begun + 5.0]
        assert len(early) == AT_ONCE
        assert all(isinstance(outcome, Done) for outcome in outcomes)
        return outcomes[0]

    run(act)


def test_credentials_that_were_changed_meanwhile_are_read_anew_once() -> None:
    refused = 0

    async def act(it: Writing) -> Outcome:
        def first_refused(request: httpx.Request) -> httpx.Response | None:
            nonlocal refused
            if request.headers["Authorization"] != "Bearer new":
                refused += 1
                return httpx.Response(401, json={"message": "Unauthorized"})
            return httpx.Response(200, json={"hrid": "shop-orders"})

        it.transport.interfere = first_refused
        return await it.writer.put(REF, api_body("shop-orders"))

    from reconciler.control_plane.places import Login

    tokens = iter(["old", "new"])

    async def rotated() -> Login:
        return Login(token=next(tokens))

    outcome, _ = run(act, logins=(rotated,))
    assert isinstance(outcome, Done)
    assert refused == 1
