"""The public OpenAPI files, as far as they describe the answers that are looked at here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

_FILES = (
    ("automation.yaml", ("/automation",)),
    ("management-v2-apis.yaml", ("/management/v2", "/management/v2/organizations/[^/]+")),
    ("management-v2-installation.yaml", ("/management/v2", "/management/v2/organizations/[^/]+")),
    ("management-v2-plugins.yaml", ("/management/v2", "/management/v2/organizations/[^/]+")),
)


@dataclass(slots=True)
class _Described:
    method: str
    pattern: re.Pattern[str]
    template: str
    responses: dict[str, Any]
    document: dict[str, Any]
    registry: Registry[Any]
    validators: dict[str, Draft202012Validator | None] = field(default_factory=dict)


class Descriptions:
    """What the OpenAPI files say about answers.

    Args:
        folder: the `data` folder.
    """

    def __init__(self, folder: Path) -> None:
        documents = {path.name: _load(path) for path in sorted((folder / "openapi").glob("*.yaml"))}
        # The files of Management v2 refer to one another by the names they have in the server's sources.
        registry: Registry[Any] = Registry().with_resources(
            ("./" + name.replace("management-v2-", "openapi-"), Resource(document, DRAFT202012))
            for name, document in documents.items()
        )
        self._operations = [
            item for name, roots in _FILES for item in _read(documents[name], roots, registry)
        ]

    def operation(self, method: str, path: str) -> str | None:
        """The operation that a request is, as method and path template; None where none is described."""
        found = self._find(method, path)
        return f"{method} {found.template}" if found else None

    def complaints(self, method: str, path: str, status: int, body: Any) -> set[str] | None:
        """What in an answer is not as described, as `place: rule`; None where the answer is not described.

        Places name fields; positions in lists are left out, so that the same deviation is named once.
        """
        found = self._find(method, path)
        if found is None:
            return None
        key = str(status) if str(status) in found.responses else "default"
        if key not in found.validators:
            found.validators[key] = _validator(found, key)
        validator = found.validators[key]
        if validator is None:
            return None
        return {f"{_place(error)}: {_rule(error)}" for error in validator.iter_errors(body)}

    def _find(self, method: str, path: str) -> _Described | None:
        bare = path.partition("?")[0].rstrip("/")
        return next(
            (item for item in self._operations if item.method == method and item.pattern.fullmatch(bare)),
            None,
        )


def _place(error: Any) -> str:
    return ".".join(part for part in error.absolute_path if isinstance(part, str)) or "$"


def _rule(error: Any) -> str:
    if error.validator == "required":
        return f"required {error.message.split(chr(39))[1]}"
    if error.validator in ("type", "enum", "const"):
        return f"{error.validator} {error.instance!r}"[:80]
    return str(error.validator)


def _load(path: Path) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.load(
        path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    )
    return dict(_by_discriminator(loaded))


def _by_discriminator(node: Any) -> Any:
    """The document with each `oneOf` read by its discriminator, as OpenAPI means it.

    Taken as JSON Schema alone, the alternatives overlap and every listener and selector would break them.
    """
    if isinstance(node, list):
        return [_by_discriminator(item) for item in node]
    if not isinstance(node, dict):
        return node
    plain = {name: _by_discriminator(value) for name, value in node.items()}
    choices = plain.get("oneOf")
    if not isinstance(choices, list):
        return plain
    del plain["oneOf"]
    told = node.get("discriminator") or {}
    if not told.get("mapping"):
        return {**plain, "anyOf": choices}
    cases = [
        {
            "if": {
                "properties": {told["propertyName"]: {"const": value}},
                "required": [told["propertyName"]],
            },
            # A mapping names a schema by its reference or, for short, by its name.
            "then": {"$ref": reference if "#" in reference else f"#/components/schemas/{reference}"},
        }
        for value, reference in told["mapping"].items()
    ]
    return {**plain, "allOf": [*plain.get("allOf", []), *cases]}


def _read(document: dict[str, Any], roots: tuple[str, ...], registry: Registry[Any]) -> Iterator[_Described]:
    # The longest template first: /apis/_search before /apis/{apiId}.
    for template in sorted(document["paths"], key=lambda text: (text.count("{"), -len(text))):
        for method, operation in document["paths"][template].items():
            if method not in ("get", "put", "post", "delete"):
                continue
            pattern = "(?:" + "|".join(roots) + ")" + re.sub(r"\{\w+\}", "[^/]+", template)
            responses = {str(status): answer for status, answer in operation["responses"].items()}
            yield _Described(method.upper(), re.compile(pattern), template, responses, document, registry)


def _validator(found: _Described, key: str) -> Draft202012Validator | None:
    answer, document = found.responses.get(key), found.document
    if answer is None:
        return None
    if "$ref" in answer:
        file, _, place = answer["$ref"].partition("#")
        if file:
            document = found.registry.contents(file)
        answer = document["components"]["responses"][place.rpartition("/")[2]]
    schema = answer.get("content", {}).get("application/json", {}).get("schema")
    if schema is None:
        return None
    whole = {**schema, "components": document["components"]}
    return Draft202012Validator(whole, registry=found.registry)
