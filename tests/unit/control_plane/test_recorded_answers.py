"""How writes ended on a real server: each recorded answer has the outcome that its status calls for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from reconciler.control_plane.judging_answers import outcome_of_check, outcome_of_delete, outcome_of_put
from reconciler.control_plane.outcomes import Done, Outcome, Refused, Retry
from reconciler.control_plane.sending import Answer


def recorded(shared_data: Path, method: str) -> Iterator[tuple[str, dict[str, Any], Outcome]]:
    """The name, answer and outcome of each recorded write of the Automation API."""
    for file in sorted((shared_data / "exchanges").glob("*.json")):
        exchange = orjson.loads(file.read_bytes())
        request, response = exchange["request"], exchange["response"]
        if request["method"] != method or not request["path"].startswith("/automation/"):
            continue
        path, _, query = request["path"].partition("?")
        body = response["body"]
        content = body.encode() if isinstance(body, str) else orjson.dumps(body)
        headers = {name.lower(): value for name, value in response["headers"].items()}
        answer = Answer(response["status"], headers, content)
        if method == "DELETE":
            outcome = outcome_of_delete(answer, path, "prod")
        elif "dryRun=true" in query:
            outcome = outcome_of_check(answer, path, "prod", ())
        else:
            outcome = outcome_of_put(answer, path, "prod", ())
        yield file.stem, response, outcome


def test_every_recorded_put_has_the_outcome_of_its_status(shared_data: Path) -> None:
    seen: Counter[str] = Counter()
    for name, response, outcome in recorded(shared_data, "PUT"):
        status, body = response["status"], response["body"]
        severe = body.get("errors", {}).get("severe") if isinstance(body, dict) else None
        seen[type(outcome).__name__] += 1
        if status == 200 and not severe:
            assert isinstance(outcome, Done), name
            assert outcome.state == body
            warnings = (body.get("errors") or {}).get("warning") or []
            assert [message.text for message in outcome.warnings] == warnings
        elif status == 200:
            assert isinstance(outcome, Refused), name
            assert [message.text for message in outcome.messages] == severe
        elif status in (400, 401, 403, 415):
            assert isinstance(outcome, Refused), name
        elif status == 404:
            assert isinstance(outcome, Retry), name
            assert outcome.reason == "reference"
        else:
            assert status == 500, name
            assert isinstance(outcome, Retry), name
            assert outcome.read_first
    assert seen["Done"] > 40
    assert seen["Refused"] > 20
    assert seen["Retry"] > 5


def test_every_recorded_refusal_is_told_whole(shared_data: Path) -> None:
    told = 0
    for name, response, outcome in recorded(shared_data, "PUT"):
        body = response["body"]
        if (
            not isinstance(outcome, Refused | Retry)
            or not isinstance(body, dict)
            or response["status"] == 401
        ):
            continue
        texts = [str(message) for message in outcome.messages]
        for detail in body.get("details") or ():
            told += 1
            assert any(detail["message"] in text and detail["location"] in text for text in texts), name
        if "message" in body and response["status"] != 200:
            assert any(body["message"] in text for text in texts), name
    assert told > 5


def test_every_recorded_delete_leaves_nothing_behind(shared_data: Path) -> None:
    found = list(recorded(shared_data, "DELETE"))
    assert len(found) > 15
    for name, response, outcome in found:
        assert outcome == Done(absent_before=response["status"] == 404), name
