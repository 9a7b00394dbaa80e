"""The bodies that are made for the examples are valid by the Automation API's own description."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from tests.unit.standing_in.recorded import attempts

_SPECS = {
    "ApiV4Definition": "ApiV4Spec",
    "Application": "ApplicationSpec",
    "Group": "GroupSpec",
    "Dictionary": "DictionarySpec",
    "Subscription": "SubscriptionSpec",
    "SharedPolicyGroup": "SharedPolicyGroupSpec",
    "Portal": "PortalSpec",
    "PortalListing": "PortalListingSpec",
    "Documentation": "DocumentationSpec",
}

IN_OTHER_CASE = {"$.flowExecution.mode", "$.settings.oauth.applicationType"}
"""Words that examples write in another case than the description; GKO sends them so, and APIM takes them."""


def test_every_body_is_valid_by_the_description_of_the_api(shared_data: Path) -> None:
    described = yaml.load(
        (shared_data / "openapi" / "automation.yaml").read_bytes(),
        Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader),
    )
    described = _with_any_of(described)
    validators = {
        kind: Draft202012Validator({**described, "$ref": f"#/components/schemas/{spec}"})
        for kind, spec in _SPECS.items()
    }
    seen: dict[str, int] = {}
    wrong: dict[str, list[str]] = {}
    for one in attempts(shared_data):
        if one.kind not in validators or not one.content:
            continue
        seen[one.kind] = seen.get(one.kind, 0) + 1
        plain = json.loads(json.dumps(one.content))
        for error in validators[one.kind].iter_errors(plain):
            wrong.setdefault(error.json_path, []).append(f"{one.name}: {error.message[:200]}")
    assert seen.keys() == _SPECS.keys()
    assert wrong.keys() == IN_OTHER_CASE, wrong


def _with_any_of(node: Any) -> Any:
    """The description read with its discriminators: a value that fits two of its alternatives fits."""
    if isinstance(node, dict):
        return {"anyOf" if name == "oneOf" else name: _with_any_of(item) for name, item in node.items()}
    return [_with_any_of(item) for item in node] if isinstance(node, list) else node
