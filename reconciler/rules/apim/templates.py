"""GKO's templates: ``[[ secret `name/key` ]]`` and ``[[ configmap `name/key` ]]`` in any text of a spec.

They are resolved in the resource's own namespace only (DOMAIN §1). What a template brought in is marked by
being a `FromTemplate`, which is text like any other to whoever sends it, and hidden by whoever shows it.
Source of the grammar: Go's text/template with the delimiters `[[` and `]]`; of its language only the two
functions are taken, anything else is a problem, because guessing would compare against the wrong body.
"""

from __future__ import annotations

import re
from typing import Any

from reconciler.rules.apim.references import Missing, References, Unresolved, data_value

_ACTION = re.compile(r"(?:\s*\[\[-(?=\s)|\[\[)(?P<inside>.*?)(?:(?<=\s)-\]\]\s*|\]\])", re.DOTALL)
_CALL = re.compile(
    r"\s*(?P<source>secret|configmap)\s+(?P<quote>[`\"])(?P<name>[^/`\"]+)/(?P<key>[^`\"]+)(?P=quote)\s*"
)


class FromTemplate(str):
    """Text that holds what a Secret or ConfigMap gave: it is sent, and never shown."""

    __slots__ = ()


def resolve(value: Any, namespace: str, references: References, problems: list[Missing]) -> Any:
    """Copy a value with its templates resolved.

    Args:
        value: plain data, the spec or a part of it.
        namespace: the resource's own.
        references: where Secrets and ConfigMaps are looked up.
        problems: gets one entry for every template that cannot be resolved; its text then stays.
    """
    if isinstance(value, dict):
        return {name: resolve(item, namespace, references, problems) for name, item in value.items()}
    if isinstance(value, list):
        return [resolve(item, namespace, references, problems) for item in value]
    if isinstance(value, str) and "[[" in value:
        return _text(value, namespace, references, problems)
    return value


def _text(text: str, namespace: str, references: References, problems: list[Missing]) -> str:
    if _ACTION.search(text) is None:
        return text
    try:
        return FromTemplate(_ACTION.sub(lambda found: _action(found, namespace, references), text))
    except Unresolved as problem:
        problems.append(problem.problem)
        return text


def _action(match: re.Match[str], namespace: str, references: References) -> str:
    call = _CALL.fullmatch(match["inside"])
    if call is None:
        raise Unresolved(Missing("template", "a template", "is neither a secret nor a configmap lookup"))
    return data_value(references, call["source"], namespace, call["name"], call["key"].strip())
