"""What a request's path and method ask for."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.simulator.kube.access import Attributes

_VERBS = {"POST": "create", "PUT": "update", "PATCH": "patch"}
_READS = ("GET", "HEAD")


@dataclass(frozen=True, slots=True)
class Route:
    """A request about a resource.

    Attributes:
        verb: as rights name it: get, list, watch, create, update, patch, delete, deletecollection.
    """

    verb: str
    group: str
    version: str
    plural: str
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    def attributes(self) -> Attributes:
        """Return what rights are asked for; a namespace lies in itself."""
        namespace = self.namespace
        if not self.group and self.plural == "namespaces":
            namespace = self.name
        return Attributes(self.verb, self.group, self.plural, self.subresource, namespace, self.name)


def route(method: str, path: str, *, watch: bool) -> Route | None:
    """Return what a request about a resource asks for; None where the path is not one of a resource.

    Args:
        method: the HTTP method.
        path: the path, decoded.
        watch: the query asks for a watch.
    """
    segments = [segment for segment in path.split("/") if segment]
    if segments[:1] == ["api"] and len(segments) > 2:
        group, version, rest = "", segments[1], segments[2:]
    elif segments[:1] == ["apis"] and len(segments) > 3:
        group, version, rest = segments[1], segments[2], segments[3:]
    else:
        return None
    if rest[0] == "watch" and len(rest) > 1:
        rest, watch = rest[1:], True
    namespace = ""
    # /namespaces/NAME/status belongs to the namespace, /namespaces/NAME/widgets lies in it.
    if rest[0] == "namespaces" and len(rest) > 2 and not (rest[2] in ("status", "finalize") and not group):
        namespace, rest = rest[1], rest[2:]
    if len(rest) > 3:
        return None
    plural, name, subresource = (*rest, "", "")[:3]
    return Route(_verb(method, name, watch=watch), group, version, plural, namespace, name, subresource)


def _verb(method: str, name: str, *, watch: bool) -> str:
    if method in _READS:
        if watch:
            return "watch"
        return "get" if name else "list"
    if method == "DELETE":
        return "delete" if name else "deletecollection"
    return _VERBS.get(method, "")
