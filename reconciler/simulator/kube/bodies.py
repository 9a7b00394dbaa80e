"""Reading what clients send: JSON and YAML, and the fields that they gave twice."""

from __future__ import annotations

import json
from typing import Any

import orjson
import yaml

from reconciler.simulator.kube.answers import Refusal, bad_request, unsupported_media
from reconciler.simulator.kube.trees import Json

_JSON, _YAML = "application/json", "application/yaml"
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def read_object(raw: bytes, media_type: str, kind: str) -> Json:
    """Return the object in a request's body.

    Args:
        raw: the body.
        media_type: its media type, empty for JSON.
        kind: what is expected, for messages.

    Raises:
        Refusal: 400 or 415.
    """
    if media_type not in ("", _JSON, _YAML):
        raise unsupported_media(_JSON, _YAML)
    text = raw.decode("utf-8", "replace").strip()
    try:
        body = read_yaml(raw) if media_type == _YAML else orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        raise _unrecognised(
            kind, f"couldn't get version/kind; json parse error: {problem}", text
        ) from problem
    if not isinstance(body, dict):
        raise _unrecognised(kind, "couldn't get version/kind; json parse error: not an object", text)
    if not body.get("kind"):
        raise _unrecognised(kind, f"Object 'Kind' is missing in '{text}'", text)
    if not body.get("apiVersion"):
        raise _unrecognised(kind, f"Object 'apiVersion' is missing in '{text}'", text)
    return body


def _unrecognised(kind: str, why: str, text: str) -> Refusal:
    begin = text if len(text) <= 30 else f"{text[:30]} ..."
    return bad_request(f"the object provided is unrecognized (must be of type {kind}): {why} ({begin})")


def read_patch(raw: bytes) -> Json:
    """Return a JSON or merge patch.

    Raises:
        Refusal: 400.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError as problem:
        raise bad_request(f"error decoding patch: {problem}") from problem


def read_configuration(raw: bytes) -> Json:
    """Return what is to be applied: YAML, of which JSON is a part.

    Raises:
        Refusal: 400.
    """
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        return read_yaml(raw)


def read_yaml(raw: bytes) -> Json:
    """Return the one document of a YAML text.

    Raises:
        Refusal: 400.
    """
    try:
        document = yaml.load(raw, Loader=_LOADER)  # noqa: S506 -- a safe loader, the C one where there is one
        return orjson.loads(orjson.dumps(document))
    except (yaml.YAMLError, TypeError) as problem:
        line = str(problem).replace("\n", " ")
        raise bad_request(f"error decoding YAML: error converting YAML to JSON: yaml: {line}") from problem


class _Pairs(list[tuple[str, Any]]):
    """An object as JSON has it: names may come twice."""


def duplicate_fields(raw: bytes) -> tuple[str, ...]:
    """Return the paths of fields that a JSON text gives more than once."""
    try:
        root = json.loads(raw, object_pairs_hook=_Pairs)
    except ValueError:
        return ()
    found: list[str] = []
    _collect(root, "", found)
    return tuple(dict.fromkeys(found))


def _collect(value: Any, path: str, found: list[str]) -> None:
    if isinstance(value, _Pairs):
        seen: set[str] = set()
        for name, item in value:
            below = f"{path}.{name}" if path else name
            if name in seen:
                found.append(below)
            seen.add(name)
            _collect(item, below, found)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _collect(item, f"{path}[{index}]", found)
