"""What APIM left out of what it was sent, as its warnings tell it (they are kept in a resource's status).

The sentences are those of 4.12, as recorded; a warning in other words drops nothing, so that the difference
is shown.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from reconciler.rules.apim.references import elements, status_of
from reconciler.rules.apim.sieve import Dropped

_GROUP = re.compile(r"Group \[(?P<name>.*)\] could not be found in environment \[[^\]]*\]")
_CATEGORY = re.compile(r"category \[(?P<name>.*)\] is not defined in environment \[[^\]]*\]")
_MEMBER = re.compile(
    r"member \[(?P<name>.*)\] of source \[(?P<source>[^\]]*)\] could not be found in organization \[[^\]]*\]"
)


def dropped_by(resource: Mapping[str, Any]) -> Dropped:
    """Read the warnings in a resource's status."""
    errors = status_of(resource).get("errors")
    warnings = elements(errors.get("warning")) if isinstance(errors, Mapping) else []
    texts = [text for text in warnings if isinstance(text, str)]
    return Dropped(
        categories=frozenset(found["name"] for text in texts if (found := _CATEGORY.search(text))),
        groups=frozenset(found["name"] for text in texts if (found := _GROUP.search(text))),
        members=frozenset(
            (found["source"], found["name"]) for text in texts if (found := _MEMBER.search(text))
        ),
    )
