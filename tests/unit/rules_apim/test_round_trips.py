"""Whatever is sent and read back is in sync, and whatever moves then is told: with an APIM in the process."""

from __future__ import annotations

import base64
import copy
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.model.changes import KeyPath, path_text
from reconciler.model.verdicts import Verdict
from reconciler.rules.apim.bodies import Body
from reconciler.rules.apim.comparing import compare, facts_of, normalise_held, normalise_sent
from reconciler.rules.digests import list_steps
from reconciler.rules.lists import RuleNode
from reconciler.simulator.apim import Apim
from reconciler.simulator.apim.serving.dispatch import Dispatch
from tests.unit.rules_apim.described import KEY, Content, body_of
from tests.unit.rules_apim.generated import API_BODIES
from tests.unit.rules_apim.recorded import golden
from tests.unit.rules_apim.test_bodies_recorded import made

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
HRIDS = {"Support": "shop-support"}


def put_and_get(content: Content) -> tuple[Body, Content, Content]:
    """What was sent, what is read back, and a resource that keeps the warnings; all from a fresh server."""
    apim = Apim()
    apim.put("DEFAULT", "groups", {"hrid": "shop-support", "name": "Support", "members": []})
    answer = apim.put_api("DEFAULT", copy.deepcopy(content))
    held = apim.get_api("DEFAULT", content["hrid"])
    return body_of(content, group_hrids=HRIDS), held, {"status": {"errors": answer["errors"]}}


@QUICK
@given(API_BODIES)
def test_what_was_sent_and_read_back_is_in_sync(content: Content) -> None:
    body, held, resource = put_and_get(content)
    judgement = compare(body, held, None, key=KEY, resource=resource)
    assert judgement.verdict is Verdict.SYNCED, [
        (path_text(one.path), one.left, one.right) for one in judgement.changes
    ]


@QUICK
@given(API_BODIES)
def test_both_normal_forms_are_fixed_points_and_equal(content: Content) -> None:
    body, held, resource = put_and_get(content)
    facts = facts_of(body, resource)
    left, right = normalise_sent(body, facts), normalise_held(body.kind, held, facts)
    assert normalise_held(body.kind, left["spec"], facts) == left
    assert normalise_held(body.kind, right["spec"], facts) == right
    assert left == right


@QUICK
@given(API_BODIES, st.data())
def test_a_leaf_that_moves_is_told_at_its_place(content: Content, data: st.DataObject) -> None:
    body, held, resource = put_and_get(content)
    normal = normalise_held(body.kind, held, facts_of(body, resource))
    leaves = list(leaves_of(normal["spec"], normal.rules.below("spec"), ("spec",)))
    path, node, name = data.draw(st.sampled_from(leaves), label="leaf")
    node[name] = other(node[name])
    judgement = compare(body, normal["spec"], None, key=KEY, resource=resource)
    assert [one.path for one in judgement.changes] == [path]
    assert judgement.verdict is Verdict.DRIFTED


@QUICK
@given(API_BODIES, st.data())
def test_a_part_that_is_taken_away_is_told(content: Content, data: st.DataObject) -> None:
    body, held, resource = put_and_get(content)
    normal = normalise_held(body.kind, held, facts_of(body, resource))
    name = data.draw(st.sampled_from(sorted(normal["spec"].keys() - _FILLED)), label="part")
    del normal["spec"][name]
    judgement = compare(body, normal["spec"], None, key=KEY, resource=resource)
    assert [one.path for one in judgement.changes] == [("spec", name)]


_FILLED = {
    "visibility",
    "analytics",
    "flowExecution",
    "notifyMembers",
    "allowedInApiProducts",
    "allowMultiJwtOauth2Subscriptions",
}
"""Parts that APIM fills in: their absence may mean what they say."""
_NAMES = {"hrid", "key", "type", "path", "host", "source", "sourceId", "encryptable"}
"""Fields by which elements are matched: moving one is another element.

Whether a property is to be encrypted says whether its value may be shown, and so moves the value, too.
"""


def leaves_of(value: Any, rules: RuleNode, path: KeyPath) -> Iterator[tuple[KeyPath, Any, Any]]:
    """Every leaf with its path and where it can be changed; names of elements and members of sets apart."""
    if isinstance(value, dict):
        for name, item in value.items():
            if isinstance(item, (dict, list)):
                yield from leaves_of(item, rules.below(name), (*path, name))
            elif name not in _NAMES and (name != "name" or len(path) == 1):
                yield (*path, name), value, name
    elif isinstance(value, list):
        names = list_steps(value, rules)
        for at, item in enumerate(value):
            if isinstance(item, dict):
                yield from leaves_of(item, rules.below(0), (*path, names[at] if names else at))


def other(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, (int, float)):
        return value + 1
    return f"{value}x" if isinstance(value, str) else "x"


def test_what_the_operator_sent_for_every_example_is_in_sync_once_taken(shared_data: Path) -> None:
    """GKO's own requests are sent; what is read back is held against what we would send.

    What the server does not take (plugins that it lacks, certificates sent twice) has nothing to compare;
    version 2 has no recorded GET, and tests of its own.
    """
    told: Counter[str] = Counter()
    for name, record in golden(shared_data):
        puts = [request for request in record["requests"] if request["method"] == "PUT"]
        body = made(record) if puts else None
        if not isinstance(body, Body) or body.management_v1:
            continue
        server = Server()
        for request in record["dependency_requests"]:
            server.call(request["method"], request["path"], request["query"], request["body"])
        answer: Any = None
        for request in puts:
            answer = server.call("PUT", request["path"], request["query"], request["body"])
        if answer is None:
            continue
        held = server.call("GET", f"{puts[-1]['path']}/{body.identity.hrid}")
        resource = {"status": {"errors": answer.get("errors") or {}}}
        judgement = compare(body, held, None, key=KEY, resource=resource)
        assert judgement.verdict is Verdict.SYNCED, (name, [path_text(one.path) for one in judgement.changes])
        told[body.kind] += 1
    assert told.total() > 50
    assert set(told) == {
        "ApiV4Definition",
        "Application",
        "Dictionary",
        "Documentation",
        "Group",
        "Portal",
        "PortalListing",
        "SharedPolicyGroup",
        "Subscription",
    }


class Server:
    """A fresh simulated server without a network."""

    def __init__(self) -> None:
        self._dispatch = Dispatch(Apim())

    def call(self, method: str, path: str, query: str = "", body: object = None) -> Any:
        """The JSON of an answer; None where it was refused."""
        raw = json.dumps(body).encode() if body is not None else b""
        asked = dict(parse_qsl(query))
        login = base64.b64encode(b"admin:admin").decode()
        headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
        answer = self._dispatch.answer(method, path, asked, query, headers, raw, "http://apim")
        return json.loads(json.dumps(answer.body)) if answer.status < 300 else None
