"""The recorded exchanges as a history: what was sent last, edited by hand, and read, thing by thing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reconciler.rules.apim.bodies import Body
from reconciler.rules.apim.identities import Environment, Identity, Parent

_KINDS = {
    "apis": "ApiV4Definition",
    "applications": "Application",
    "subscriptions": "Subscription",
    "shared-policy-groups": "SharedPolicyGroup",
    "groups": "Group",
    "dictionaries": "Dictionary",
    "portals": "Portal",
    "listings": "PortalListing",
    "documentations": "Documentation",
}
_AUTOMATION = re.compile(r"/automation/organizations/([^/]+)/environments/([^/?]+)/([^?]*)(\?.*)?$")
_BY_HAND = re.compile(r"/management(?:/v2)?/.*/apis/(?P<id>[0-9a-f-]{36})(?P<rest>[^?]*)")


@dataclass(slots=True)
class Sent:
    """The last PUT of one thing that was taken, and what was done to it by hand since."""

    file: str
    path: str
    content: dict[str, Any]
    answer: dict[str, Any]
    edits: list[str] = field(default_factory=list)

    def body(self) -> Body:
        """The body as the rules would have made it."""
        _, organization, environment, below = split(self.path)
        parts = [*below.split("/")]
        kind, parent = _KINDS[parts[-1]], None
        if len(parts) > 1:
            parent = Parent("Portal" if parts[0] == "portals" else "ApiV4Definition", parts[1])
        place = Environment("http://apim", organization, environment)
        hrid = str(self.content.get("hrid"))
        identity = Identity(kind, place, hrid, str(self.answer.get("id", "")), parent=parent)
        return Body(identity, self.content, below)

    def resource(self) -> dict[str, Any]:
        """A resource whose status keeps what APIM warned of."""
        return {"status": {"errors": self.answer.get("errors") or {}}}


@dataclass(frozen=True, slots=True)
class Read:
    """One GET, and the PUT that it follows."""

    file: str
    held: dict[str, Any]
    sent: Sent


def split(path: str) -> tuple[str, str, str, str]:
    """Parts of an Automation path: whole, organization, environment, below."""
    found = _AUTOMATION.search(path)
    assert found is not None
    return path, found[1], found[2], found[3]


def reads(folder: Path) -> Iterator[Read]:
    """Every successful GET of the Automation API after a PUT of the same thing, in recorded order."""
    sent: dict[tuple[str, str], Sent] = {}
    ids: dict[str, tuple[str, str]] = {}
    for file in sorted(folder.glob("*.json"), key=in_order):
        exchange = json.loads(file.read_bytes())
        request, response = exchange["request"], exchange["response"]
        method, path, status = request["method"], request["path"], int(response["status"])
        found = _AUTOMATION.search(path)
        if found is None:
            by_hand = _BY_HAND.search(path)
            if by_hand and method not in ("GET",) and status < 300 and by_hand["id"] in ids:
                known = sent.get(ids[by_hand["id"]])
                if known is not None:
                    known.edits.append(f"{method} {by_hand['rest']}")
            continue
        below, query = found[3], found[4] or ""
        if method == "PUT" and 200 <= status < 300 and "dryRun=true" not in query:
            content, answer = _json(request["body"]), _json(response["body"])
            name = (f"{found[2]}/{below}", str(content.get("hrid")))
            sent[name] = Sent(file.name, path.partition("?")[0], content, answer)
            if answer.get("id"):
                ids[str(answer["id"])] = name
        elif method == "PUT" and status >= 500:
            content = _json(request["body"])
            sent.pop((f"{found[2]}/{below}", str(content.get("hrid"))), None)  # saved in part (DOMAIN §9)
        elif method == "DELETE" and status < 300:
            collection, _, hrid = below.rpartition("/")
            sent.pop((f"{found[2]}/{collection}", hrid), None)
        elif method == "GET" and status == 200:
            collection, _, hrid = below.rpartition("/")
            known = sent.get((f"{found[2]}/{collection}", hrid))
            if known is not None:
                yield Read(file.name, _json(response["body"]), known)


def in_order(file: Path) -> tuple[int, str, int, str, bool]:
    """The order of the recordings: `10i9` before `10i10`; of one name, the PUT before the GET."""
    found = re.match(r"(\d+)([a-z]*)(\d*)([a-z]*)", file.name)
    assert found is not None
    late = file.stem.endswith("-get") and file.with_name(f"{file.stem[:-4]}-put.json").exists()
    return int(found[1]), found[2], int(found[3] or 0), found[4], late


def _json(value: object) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return {}
    return value if isinstance(value, dict) else {}
