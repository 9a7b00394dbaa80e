"""How a resource is named: (cluster, kind, namespace, name), and the text that selects some."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import NamedTuple

from reconciler.model.errors import UsageError

GROUP = "gravitee.io"
"""The API group whose resources are joined (DOMAIN: kinds are discovered, the list is open)."""


class ResourceKey(NamedTuple):
    """One custom resource of group gravitee.io on one cluster."""

    cluster: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        inside = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.cluster}:{self.kind}/{inside}"


class DocumentKey(NamedTuple):
    """One document of a rendered source, before it is placed on a cluster.

    `namespace` is None where the document states none and takes the application's.
    `group` is empty for the core API.
    """

    group: str
    kind: str
    namespace: str | None
    name: str

    def __str__(self) -> str:
        return f"{self.kind}/{self.namespace}/{self.name}" if self.namespace else f"{self.kind}/{self.name}"


@dataclass(frozen=True, slots=True)
class ResourceSelector:
    """The parsed form of `[CLUSTER:]KIND/[NS/]NAME`, or a bare NAME; parts may hold `*` and `?`."""

    cluster: str | None
    kind: str | None
    namespace: str | None
    name: str

    @classmethod
    def parse(cls, text: str) -> ResourceSelector:
        """Read one RESOURCE argument.

        Raises:
            UsageError: the text is not of the form `[CLUSTER:]KIND/[NS/]NAME` or `NAME`.
        """
        cluster, colon, rest = text.rpartition(":")
        parts = rest.split("/")
        if not all(parts) or (colon and not cluster) or len(parts) > 3:
            raise UsageError(
                "is not a resource",
                subject=repr(text),
                next_step="write [CLUSTER:]KIND/[NAMESPACE/]NAME or a NAME",
            )
        kind = parts[0] if len(parts) > 1 else None
        namespace = parts[1] if len(parts) == 3 else None
        return cls(cluster or None, kind, namespace, parts[-1])

    def matches(self, key: ResourceKey) -> bool:
        """Whether the key is one of those this text means (kind: case and plural `s` do not matter)."""
        return (
            _glob(self.cluster, key.cluster)
            and (self.kind is None or same_kind(self.kind, key.kind))
            and _glob(self.namespace, key.namespace)
            and fnmatchcase(key.name, self.name)
        )


def same_kind(asked: str, kind: str) -> bool:
    """Whether `asked` names this kind: as the kind or its plural, in any case, with globs."""
    wanted, have = asked.lower(), kind.lower()
    plural = f"{have[:-1]}ies" if have.endswith("y") else f"{have}s"
    return fnmatchcase(have, wanted) or fnmatchcase(plural, wanted)


def _glob(pattern: str | None, value: str) -> bool:
    return pattern is None or fnmatchcase(value, pattern)


_LABEL_TERM = re.compile(
    r"^\s*(?P<key>[\w./-]+)\s*(?:(?P<op>==|=|!=)\s*(?P<value>[\w.-]*)|\s+(?P<set>in|notin)\s*\((?P<values>[^)]*)\))?\s*$"
)


@dataclass(frozen=True, slots=True)
class LabelSelector:
    """A Kubernetes label selector (`a=b,c!=d,e in (f,g),h,!i`), matched on this side of the wire."""

    terms: tuple[tuple[str, str, frozenset[str]], ...]

    @classmethod
    def parse(cls, text: str) -> LabelSelector:
        """Read a selector in kubectl's grammar.

        Raises:
            UsageError: a term of the selector is not of that grammar.
        """
        terms: list[tuple[str, str, frozenset[str]]] = []
        for raw in re.split(r",(?![^(]*\))", text):
            term = raw.strip()
            negated = term.startswith("!")
            match = _LABEL_TERM.match(term[1:] if negated else term)
            if match is None or (negated and (match["op"] or match["set"])):
                raise UsageError(
                    "is not a label selector",
                    subject=repr(text),
                    next_step="write key=value, key!=value, key in (a,b) or key",
                )
            if match["set"]:
                values = frozenset(v.strip() for v in match["values"].split(","))
                terms.append((match["key"], match["set"], values))
            elif match["op"]:
                terms.append(
                    (match["key"], "notin" if match["op"] == "!=" else "in", frozenset({match["value"]}))
                )
            else:
                terms.append((match["key"], "absent" if negated else "exists", frozenset()))
        return cls(tuple(terms))

    def matches(self, labels: Mapping[str, str] | Iterable[tuple[str, str]]) -> bool:
        """Whether these labels satisfy every term."""
        have = dict(labels)
        for key, op, values in self.terms:
            if op == "exists" and key not in have:
                return False
            if op == "absent" and key in have:
                return False
            if op == "in" and have.get(key) not in values:
                return False
            if op == "notin" and have.get(key) in values:
                return False
        return True
