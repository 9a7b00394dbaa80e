"""Validation of real outputs against the JSON Schemas that the program ships."""

from __future__ import annotations

import json
from typing import Any

import jsonschema

from gko_tui.commands.info import schema_bytes


def validate(document: dict[str, Any]) -> None:
    """Raise if a document is not what its own schema says."""
    name = document["schema"].split("/")[1]
    schema = json.loads(schema_bytes(name))
    validator = jsonschema.Draft202012Validator(
        schema, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER
    )
    validator.validate(document)
