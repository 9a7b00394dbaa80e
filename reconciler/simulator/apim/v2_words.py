"""APIs of version 2 in the words of Management v2, which took them in those of Management v1.

`virtual_hosts` becomes `virtualHosts`, `path-operator` becomes `pathOperator` and so on; what belongs to
plugins is left as it is (public OpenAPI file of APIM 4.12).
"""

from __future__ import annotations

import re
from typing import Any

from reconciler.simulator.apim.json_values import copied

_PLUGINS_OWN = ("configuration", "headers")
_RENAMED = {"load_balancing": "loadBalancer"}


def in_words_of_v2(value: Any) -> Any:
    """A copy with Management v2's names of fields."""
    if isinstance(value, list):
        return [in_words_of_v2(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        _name(name): copied(item) if name in _PLUGINS_OWN else in_words_of_v2(item)
        for name, item in value.items()
    }


def flow_in_words_of_v2(flow: dict[str, Any]) -> dict[str, Any]:
    """A flow with what reading it adds."""
    return {"enabled": True, "methods": [], "pre": [], "post": [], **in_words_of_v2(flow)}


def _name(name: str) -> str:
    return _RENAMED.get(name) or re.sub(r"[_-]([a-z])", lambda match: match.group(1).upper(), name)
