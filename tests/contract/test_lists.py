"""Lists: pages, selectors, and how old a list may be."""

from __future__ import annotations

import base64
import json

import pytest

from tests.contract.conftest import Peer
from tests.contract.widgets import API_VERSION, Widgets, assert_status, widget


@pytest.fixture
def seven(widgets: Widgets) -> Widgets:
    """Give a namespace with the widgets w0 to w6."""
    for number in range(7):
        widgets.create(widget(f"w{number}", labels={"i": str(number), "odd": str(number % 2)}))
    return widgets


def _aged(token: str) -> str:
    """Return a continue token that is as old as the cluster."""
    read = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    read["rv"] = 2
    return base64.urlsafe_b64encode(json.dumps(read).encode()).decode().rstrip("=")


def test_a_list_says_what_it_holds_and_of_when_it_is(seven: Widgets) -> None:
    body = seven.list().json()
    assert (body["kind"], body["apiVersion"]) == ("WidgetList", API_VERSION)
    assert [item["metadata"]["name"] for item in body["items"]] == [f"w{number}" for number in range(7)]
    assert {item["kind"] for item in body["items"]} == {"Widget"}
    newest = max(int(item["metadata"]["resourceVersion"]) for item in body["items"])
    assert int(body["metadata"]["resourceVersion"]) >= newest
    assert not body["metadata"].get("continue")


def test_an_item_of_a_list_is_the_object(seven: Widgets) -> None:
    assert seven.list().json()["items"][3] == seven.get("w3").json()


def test_all_namespaces_are_listed_at_once(peer: Peer, seven: Widgets) -> None:
    items = peer.client.get(f"/apis/{API_VERSION}/widgets").json()["items"]
    ours = [item for item in items if item["metadata"]["namespace"] == seven.namespace]
    assert len(ours) == 7


def test_pages_show_one_moment(seven: Widgets) -> None:
    first = seven.list(limit="3").json()
    assert first["metadata"]["remainingItemCount"] == 4
    seven.delete("w4")
    seven.create(widget("w9"))
    seven.merge("w5", {"spec": {"size": 9}})
    second = seven.list(**{"limit": "3", "continue": first["metadata"]["continue"]}).json()
    third = seven.list(**{"limit": "3", "continue": second["metadata"]["continue"]}).json()
    pages = [first, second, third]
    names = [[item["metadata"]["name"] for item in page["items"]] for page in pages]
    assert names == [["w0", "w1", "w2"], ["w3", "w4", "w5"], ["w6"]]
    assert second["items"][2]["spec"]["size"] == 3
    assert len({page["metadata"]["resourceVersion"] for page in pages}) == 1
    assert second["metadata"]["remainingItemCount"] == 1
    assert not third["metadata"].get("continue")
    assert seven.names() == ["w0", "w1", "w2", "w3", "w5", "w6", "w9"]


def test_pages_go_through_all_namespaces(peer: Peer, seven: Widgets) -> None:
    found, token = [], ""
    while True:
        params = {"limit": "2", "labelSelector": "odd=1", **({"continue": token} if token else {})}
        page = peer.client.get(f"/apis/{API_VERSION}/widgets", params=params).json()
        assert "remainingItemCount" not in page["metadata"]
        found += [(item["metadata"]["namespace"], item["metadata"]["name"]) for item in page["items"]]
        token = page["metadata"].get("continue")
        if not token:
            break
    assert [name for namespace, name in found if namespace == seven.namespace] == ["w1", "w3", "w5"]
    assert found == sorted(found)


def test_an_expired_page_can_go_on_without_its_consistency(peer: Peer, seven: Widgets) -> None:
    token = seven.list(limit="3").json()["metadata"]["continue"]
    peer.forget()
    answer = seven.list(**{"limit": "3", "continue": _aged(token)})
    assert_status(answer, 410, "Expired")
    assert answer.json()["message"].startswith("The provided continue parameter is too old to display")
    seven.delete("w3")
    offered = answer.json()["metadata"]["continue"]
    rest = seven.list(**{"limit": "3", "continue": offered})
    assert rest.status_code == 200
    assert [item["metadata"]["name"] for item in rest.json()["items"]] == ["w4", "w5", "w6"]


@pytest.mark.parametrize("token", ["zzz", "e30"])
def test_a_continue_token_is_one_of_the_server(seven: Widgets, token: str) -> None:
    answer = seven.list(**{"limit": "3", "continue": token})
    assert_status(answer, 400, "BadRequest")
    assert answer.json()["message"].startswith("invalid continue token: ")


def test_a_page_goes_on_where_its_first_one_began(seven: Widgets) -> None:
    token = seven.list(limit="3").json()["metadata"]["continue"]
    answer = seven.list(**{"limit": "3", "continue": token, "resourceVersion": "5"})
    told = "specifying resource version is not allowed when using continue"
    assert_status(answer, 400, "BadRequest", told)


@pytest.mark.parametrize(
    ("selector", "numbers"),
    [
        ("odd=1", "135"),
        ("odd==1", "135"),
        ("odd!=1", "0246"),
        ("i in (1,2)", "12"),
        ("i notin (1,2)", "03456"),
        ("none", ""),
        ("!none", "0123456"),
        ("odd=1,i=3", "3"),
        ("odd,i!=0", "123456"),
    ],
)
def test_labels_select(seven: Widgets, selector: str, numbers: str) -> None:
    assert seven.names(labelSelector=selector) == [f"w{number}" for number in numbers]


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ("metadata.name=w1", ["w1"]),
        ("metadata.name!=w1,metadata.name!=w2", ["w0", "w3", "w4", "w5", "w6"]),
        ("metadata.namespace=elsewhere", []),
    ],
)
def test_name_and_namespace_select(seven: Widgets, selector: str, names: list[str]) -> None:
    assert seven.names(fieldSelector=selector) == names


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"labelSelector": "a=b=c"}, "found '=', expected: ',' or 'end of string'"),
        ({"fieldSelector": "spec.colour=red"}, "field label not supported: spec.colour"),
        (
            {"fieldSelector": "metadata.name"},
            "invalid selector: 'metadata.name'; can't understand 'metadata.name'",
        ),
        ({"limit": "x"}, 'strconv.ParseInt: parsing "x": invalid syntax'),
        (
            {"resourceVersion": "x"},
            'invalid resource version: resourceVersion: Invalid value: "x": '
            'strconv.ParseUint: parsing "x": invalid syntax',
        ),
    ],
)
def test_a_malformed_query_is_a_bad_request(widgets: Widgets, params: dict[str, str], told: str) -> None:
    assert_status(widgets.list(**params), 400, "BadRequest", told)


@pytest.mark.parametrize(
    ("params", "told"),
    [
        (
            {"resourceVersionMatch": "Exact"},
            "resourceVersionMatch: Forbidden: "
            "resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        (
            {"resourceVersionMatch": "Roughly", "resourceVersion": "5"},
            'resourceVersionMatch: Unsupported value: "Roughly": '
            'supported values: "Exact", "NotOlderThan", ""',
        ),
        (
            {"resourceVersionMatch": "Exact", "resourceVersion": "0"},
            "resourceVersionMatch: Forbidden: "
            'resourceVersionMatch "exact" is forbidden for resourceVersion "0"',
        ),
    ],
)
def test_options_that_contradict_are_refused(widgets: Widgets, params: dict[str, str], told: str) -> None:
    answer = widgets.list(**params)
    assert_status(answer, 422, "Invalid", f'ListOptions.meta.k8s.io "" is invalid: {told}')


def test_a_list_can_be_of_an_exact_moment(seven: Widgets) -> None:
    then = seven.list().json()["metadata"]["resourceVersion"]
    seven.delete("w0")
    seven.create(widget("w7"))
    body = seven.list(resourceVersion=then, resourceVersionMatch="Exact").json()
    assert [item["metadata"]["name"] for item in body["items"]] == [f"w{number}" for number in range(7)]
    assert body["metadata"]["resourceVersion"] == then
    newer = seven.list(resourceVersion=then, resourceVersionMatch="NotOlderThan").json()
    assert newer["items"][-1]["metadata"]["name"] == "w7"


def test_a_moment_before_the_history_is_gone(peer: Peer, seven: Widgets) -> None:
    peer.forget()
    answer = seven.list(resourceVersion="2", resourceVersionMatch="Exact")
    assert_status(answer, 410, "Expired", "The resourceVersion for the provided list is too old.")


def test_the_future_is_not_listed(seven: Widgets) -> None:
    current = int(seven.list().json()["metadata"]["resourceVersion"])
    answer = seven.list(resourceVersion=str(current + 100_000))
    assert_status(answer, 504, "Timeout")
    details = answer.json()["details"]
    assert details["causes"] == [
        {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    ]
    assert details["retryAfterSeconds"] == 1
