"""What is wrong with a configuration, in words: the field, what was found there, what is expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit

from reconciler.model.errors import ConfigurationError
from reconciler.settings.marked_yaml import Complaint, Loc, MarkedData, loc_text
from reconciler.settings.nearest import known_names

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic_core import ErrorDetails

MAX_FOUND = 60


class InvalidSettings(ConfigurationError):
    """Everything that is wrong with one configuration file: its text has one line for each error.

    Args:
        file: the file, as it was named.
        complaints: what is wrong, in the order of the lines.
    """

    def __init__(self, file: Path, complaints: Iterable[Complaint]) -> None:
        self.file = file
        self.complaints = tuple(sorted(complaints, key=lambda complaint: complaint.line))
        lines = []
        for complaint in self.complaints:
            where = f"{file}:{complaint.line}" if complaint.line else str(file)
            lines.append(": ".join(part for part in (where, complaint.field, complaint.message) if part))
        super().__init__("\n".join(lines))


def explain(error: ErrorDetails, marked: MarkedData, root: type[BaseModel]) -> Complaint:
    """Turn one error of the validator into a complaint.

    Args:
        error: what pydantic says.
        marked: the data that was validated, with its lines.
        root: the model it was validated against.
    """
    loc, models = _place(tuple(error["loc"]), marked.data, root)
    kind = error["type"]
    line, field = marked.line(loc), loc_text(loc)
    if kind == "extra_forbidden":
        known = [
            name for model in models for name in model.model_fields if name != "path" or model is not root
        ]
        return Complaint(line, field, f"unknown field; {known_names(str(loc[-1]), known, 'fields')}")
    expected = _expected(kind, error)
    if kind == "missing":
        return Complaint(line, field, "is missing")
    value = error["input"]
    if kind == "value_error" and isinstance(value, Mapping):
        return Complaint(line, field, f"expected {expected}")
    found = _found(loc, value, marked)
    if expected == "text" and loc in marked.raw:
        found = f"{found}, which YAML reads as {'a truth value' if isinstance(value, bool) else 'a number'},"
        expected = f'text; write "{marked.raw[loc]}" in quotes'
    return Complaint(line, field, f"found {found.rstrip(',')}, expected {expected}")


_EXPECTED = {
    "string_type": "text",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "tuple_type": "a list",
    "model_type": "fields (name: value)",
    "model_attributes_type": "fields (name: value)",
    "union_tag_not_found": "a type: yaml, kustomize, helm or command",
    "too_short": "at least one entry",
    "path_type": "a path",
}


def _expected(kind: str, error: ErrorDetails) -> str:
    context = error.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind in ("literal_error", "union_tag_invalid"):
        choices = str(context.get("expected") or context["expected_tags"]).replace("'", "")
        return f"one of {choices}" if "," in choices else choices
    message = error["msg"].removeprefix("Input should be ").removeprefix("a valid ")
    return _EXPECTED.get(kind, message)


def _found(loc: Loc, value: Any, marked: MarkedData) -> str:
    """What stands there, short and without secrets."""
    if isinstance(value, Mapping):
        tag = value.get("type")
        return f"type {tag!r}" if isinstance(tag, str) else "fields" if value else "nothing"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}" if value else "an empty list"
    if value is None:
        return "nothing"
    if "auth" in loc and loc[-1] != "auth":
        return "something else"  # whatever was put below auth may be a credential
    raw = marked.raw.get(loc)
    if not isinstance(value, str):
        return raw if raw is not None else str(value)
    if "://" in value:
        value = _without_password(value)
    short = value if len(value) <= MAX_FOUND else f"{value[: MAX_FOUND - 1]}…"
    return ascii(short) if not short.isprintable() else f"'{short}'"


def _without_password(url: str) -> str:
    try:
        parts = urlsplit(url)
        if parts.password is None:
            return url
    except ValueError:
        return url.split("://", 1)[0] + "://…"
    return parts._replace(netloc=f"{parts.username or ''}:…@{parts.netloc.rpartition('@')[2]}").geturl()


def _place(loc: Loc, data: Any, root: type[BaseModel]) -> tuple[Loc, list[type[BaseModel]]]:
    """Drop the union tags that pydantic writes into a location, and find the models around its end."""
    steps: list[str | int] = []
    models: list[type[BaseModel]] = [root]
    around = models
    for step in loc:
        tagged = [model for model in models if _tag(model) == step]
        if tagged and not (isinstance(data, Mapping) and step in data):
            models = around = tagged
            continue
        steps.append(step)
        if isinstance(step, int):
            data = data[step] if isinstance(data, (list, tuple)) and step < len(data) else None
            around = models
            continue
        data = data.get(step) if isinstance(data, Mapping) else None
        around = models
        models = [
            inner
            for model in models
            if step in model.model_fields
            for inner in _models_in(model.model_fields[step].annotation)
        ]
    return tuple(steps), around


def _tag(model: type[BaseModel]) -> object:
    field = model.model_fields.get("type")
    return field.default if field is not None else None


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    from pydantic import BaseModel

    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        if argument is not Ellipsis:
            yield from _models_in(argument)
