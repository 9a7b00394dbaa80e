"""Every recorded "PUT, then GET" is Synced, and every recorded drift is exactly what was done by hand."""

from __future__ import annotations

import json
from pathlib import Path

from reconciler.model.changes import ABSENT, ChangeKind, path_text
from reconciler.model.verdicts import Verdict
from reconciler.rules.apim.comparing import compare, normalise_held, normalise_sent
from reconciler.rules.judging import Judgement
from tests.unit.rules_apim.pairs import Read, Sent, reads

KEY = b"a digest key of thirty-two bytes"

DRIFTS = {
    "13a3-automation-get-stopped.json": {("spec.state", ChangeKind.CHANGED, "STARTED", "STOPPED")},
    "16b-automation-get-after-drift.json": {
        ("spec.description", ChangeKind.ADDED, ABSENT, "changed by hand"),
        (
            "spec.endpointGroups[default].endpoints[e1].configuration.target",
            ChangeKind.CHANGED,
            "http://127.0.0.1:8099",
            "http://127.0.0.1:8098",
        ),
        ("spec.labels", ChangeKind.ADDED, ABSENT, "hand"),
    },
}
"""What was changed by hand before these were read."""


def judged(read: Read) -> Judgement:
    return compare(read.sent.body(), read.held, None, key=KEY, resource=read.sent.resource())


def test_what_was_sent_and_read_back_is_in_sync(shared_data: Path) -> None:
    untouched = [read for read in reads(shared_data / "exchanges") if not read.sent.edits]
    told = {read.file: judged(read) for read in untouched}
    assert {file: judgement.verdict for file, judgement in told.items()} == dict.fromkeys(
        told, Verdict.SYNCED
    )
    kinds = {read.sent.body().kind for read in untouched}
    assert kinds == {
        "ApiV4Definition",
        "Application",
        "Subscription",
        "SharedPolicyGroup",
        "Group",
        "Dictionary",
        "Portal",
        "PortalListing",
        "Documentation",
    }
    assert len(untouched) >= 23


def test_what_was_stopped_by_hand_differs_in_its_state_alone(shared_data: Path) -> None:
    (read,) = [read for read in reads(shared_data / "exchanges") if read.file in DRIFTS]
    judgement = judged(read)
    assert judgement.verdict is Verdict.DRIFTED
    assert changes(judgement) == DRIFTS[read.file]


def test_what_was_edited_in_the_console_differs_in_exactly_these_paths(shared_data: Path) -> None:
    """The PUT before the edit was not recorded; the one after it sends the same again."""
    folder = shared_data / "exchanges"
    put = json.loads((folder / "16e-automation-put-over-drift.json").read_bytes())
    held = json.loads((folder / "16b-automation-get-after-drift.json").read_bytes())["response"]["body"]
    sent = Sent(
        "16e", put["request"]["path"], as_object(put["request"]["body"]), as_object(put["response"]["body"])
    )
    judgement = compare(sent.body(), as_object(held), None, key=KEY, resource=sent.resource())
    assert judgement.verdict is Verdict.DRIFTED
    assert changes(judgement) == DRIFTS["16b-automation-get-after-drift.json"]


def test_both_normal_forms_are_fixed_points(shared_data: Path) -> None:
    for read in reads(shared_data / "exchanges"):
        body = read.sent.body()
        once = normalise_held(body.kind, read.held)
        assert normalise_held(body.kind, once["spec"]) == once, read.file
        sent = normalise_sent(body)
        assert normalise_held(body.kind, sent["spec"]) == sent, read.file


def changes(judgement: Judgement) -> set[tuple[str, ChangeKind, object, object]]:
    return {
        (path_text(change.path), change.kind, plain(change.left), plain(change.right))
        for change in judgement.changes
    }


def plain(value: object) -> object:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def as_object(value: object) -> dict[str, object]:
    found = json.loads(value) if isinstance(value, str) else value
    assert isinstance(found, dict)
    return found
