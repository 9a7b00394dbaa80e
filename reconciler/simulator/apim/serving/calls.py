"""One request and one answer, and the table that finds who answers what."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal
from urllib.parse import unquote

import orjson

from reconciler.simulator.apim.organization import Environment
from reconciler.simulator.apim.platform import Apim
from reconciler.simulator.apim.records import User
from reconciler.simulator.apim.refusals import Refused

Cost = Literal["list", "get", "write"]


@dataclass(frozen=True, slots=True)
class Call:
    """A request that somebody may make.

    Attributes:
        base: the server's URL, without a slash at its end.
        names: what stands at the placeholders of the route's path.
        raw_query: the query as it was sent.
    """

    apim: Apim
    method: str
    path: str
    query: Mapping[str, str]
    raw_query: str
    headers: Mapping[str, str]
    body: bytes
    base: str
    user: User
    names: Mapping[str, str] = field(default_factory=dict)
    found: Environment | None = None

    @property
    def environment(self) -> Environment:
        """The environment that the path names."""
        assert self.found is not None, "a route without environment asked for it"
        return self.found

    def flag(self, name: str) -> bool:
        """Whether a parameter is `true`."""
        return self.query.get(name, "").lower() == "true"

    def json(self) -> Any:
        """The body.

        Raises:
            Refused: 415 where it is not said to be JSON, 400 where it is none.
        """
        kind = self.headers.get("Content-Type", "application/json").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise Refused(415, None)
        try:
            return orjson.loads(self.body) if self.body else {}
        except orjson.JSONDecodeError as problem:
            raise Refused(400, _complaint(self.body.decode(errors="replace"), problem)) from None


def _complaint(text: str, problem: orjson.JSONDecodeError) -> str:
    source = "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); line: "
    if problem.pos >= len(text.rstrip()):
        kind = (
            "Array" if text.count("[") > text.count("]") and text.rfind("[") > text.rfind("{") else "Object"
        )
        what = f"Unexpected end-of-input within/between {kind} entries"
        line, column = text.count("\n") + 1, len(text.rpartition("\n")[2]) + 1
    else:
        what = f"Unexpected character ('{text[problem.pos]}')"
        line, column = problem.lineno, problem.colno
    return f"{what}\n at {source}{line}, column: {column}]"


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent back; a body that is a text goes as it is, others as JSON."""

    status: int = 200
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)


Handler = Callable[[Call], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation.

    Attributes:
        template: the path with `{placeholders}`.
        anyone: whether users who are no administrators may call it.
    """

    method: str
    template: str
    handler: Handler
    cost: Cost = "get"
    anyone: bool = False
    pattern: re.Pattern[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        parts = re.split(r"\{(\w+)\}", self.template)
        text = "".join(
            re.escape(part) if index % 2 == 0 else f"(?P<{part}>[^/]+)" for index, part in enumerate(parts)
        )
        object.__setattr__(self, "pattern", re.compile(text + "/?"))

    def names(self, path: str) -> dict[str, str] | None:
        """What stands at the placeholders; None where the path is another one."""
        match = self.pattern.fullmatch(path)
        return {name: unquote(value) for name, value in match.groupdict().items()} if match else None


def find(routes: list[Route], method: str, path: str) -> tuple[Route, dict[str, str]] | None:
    """The operation that a request asks for, and what stands at its placeholders.

    Raises:
        Refused: 405 where the Automation API has the path, but not with this method.
    """
    elsewhere = False
    for route in routes:
        names = route.names(path)
        if names is None:
            continue
        if route.method == method:
            return route, names
        elsewhere = True
    if elsewhere and path.startswith("/automation/"):
        raise Refused(405, {"httpStatus": 405, "message": "HTTP 405 Method Not Allowed", "details": []})
    return None
