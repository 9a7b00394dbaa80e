"""Who asks, and what they may do: bearer tokens, users, groups, and rules in the manner of RBAC."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from reconciler.simulator.kube.answers import Refusal, forbidden, forbidden_path, unauthorized

MASTERS = "system:masters"
AUTHENTICATED, UNAUTHENTICATED = "system:authenticated", "system:unauthenticated"

_PUBLIC_PATHS = ("/healthz", "/livez", "/readyz", "/version", "/version/")
_DISCOVERY_PATHS = ("/api", "/apis", "/openapi", *_PUBLIC_PATHS)
_SELF_REVIEWS = {
    ("authorization.k8s.io", "selfsubjectaccessreviews"),
    ("authorization.k8s.io", "selfsubjectrulesreviews"),
    ("authentication.k8s.io", "selfsubjectreviews"),
}


@dataclass(frozen=True, slots=True)
class User:
    """Someone who asks."""

    name: str
    groups: tuple[str, ...] = ()
    uid: str = ""


ANONYMOUS = User("system:anonymous", (UNAUTHENTICATED,))


@dataclass(frozen=True, slots=True)
class Rule:
    """What may be done; `*` stands for all.

    Attributes:
        verbs: get, list, watch, create, update, patch, delete, deletecollection.
        groups: API groups; the core group is the empty string.
        resources: plurals, with `/status` and the like for subresources.
        namespaces: where; empty means everywhere, the cluster scope included.
        names: which objects; empty means all.
    """

    verbs: Sequence[str]
    groups: Sequence[str]
    resources: Sequence[str]
    namespaces: Sequence[str] = ()
    names: Sequence[str] = ()

    def allows(self, asked: Attributes) -> bool:
        """Whether this rule is enough for a request."""
        resource = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
        return (
            _covers(self.verbs, asked.verb)
            and _covers(self.groups, asked.group)
            and (_covers(self.resources, resource) or f"*/{asked.subresource}" in self.resources)
            and (not self.namespaces or asked.namespace in self.namespaces)
            and (not self.names or asked.name in self.names)
        )


def _covers(allowed: Sequence[str], asked: str) -> bool:
    return "*" in allowed or asked in allowed


READ_ALL = Rule(("get", "list", "watch"), ("*",), ("*",))


@dataclass(frozen=True, slots=True)
class Attributes:
    """What a request asks for, as far as rights go; `path` only where it is not about a resource."""

    verb: str
    group: str = ""
    resource: str = ""
    subresource: str = ""
    namespace: str = ""
    name: str = ""
    path: str = ""


@dataclass(slots=True)
class _Credential:
    user: User
    expires_at: float | None


class Tokens:
    """The bearer tokens that the server knows.

    Args:
        clock: returns now, in seconds since the epoch.

    Attributes:
        anonymous: whom a request without credentials counts as. kubectl sends no token over plain HTTP, so
            that a server for kubectl may want somebody with rights here.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self.anonymous = ANONYMOUS
        self._clock = clock
        self._known: dict[str, _Credential] = {}

    def issue(
        self,
        user: str,
        groups: Sequence[str] = (),
        *,
        token: str | None = None,
        expires_at: float | None = None,
    ) -> str:
        """Make a token for a user, and return it.

        Args:
            user: the name of the user.
            groups: the user's groups; everyone is in `system:authenticated` as well.
            token: the token itself; None makes a random one.
            expires_at: from when it is refused, in seconds since the epoch; None means never.
        """
        made = token or secrets.token_urlsafe(24)
        self._known[made] = _Credential(User(user, (*groups, AUTHENTICATED), f"uid-{user}"), expires_at)
        return made

    def expire(self, token: str | None = None) -> None:
        """Refuse a token from now on; None means all of them."""
        for known in list(self._known) if token is None else [token]:
            self._known[known].expires_at = self._clock()

    def renew(self, token: str, expires_at: float | None = None) -> None:
        """Accept a token again that had expired."""
        self._known[token].expires_at = expires_at

    def who(self, authorization: str) -> User:
        """Return who sends this Authorization header; without one it is `anonymous`.

        Raises:
            Refusal: 401 for a token that is unknown or has expired.
        """
        scheme, _, token = authorization.partition(" ")
        if not authorization or scheme.lower() != "bearer":
            return self.anonymous
        found = self._known.get(token.strip())
        if found is None or (found.expires_at is not None and found.expires_at <= self._clock()):
            raise unauthorized()
        return found.user


@dataclass(slots=True)
class Grants:
    """Which rules hold for which users and groups."""

    rules: dict[str, list[Rule]] = field(default_factory=dict)

    def add(self, subject: str, *rules: Rule) -> None:
        """Give a user or a group further rules."""
        self.rules.setdefault(subject, []).extend(rules)

    def revoke(self, subject: str) -> None:
        """Take all rules from a user or a group."""
        self.rules.pop(subject, None)

    def of(self, user: User) -> list[Rule]:
        """Return all rules that hold for a user."""
        return [rule for subject in (user.name, *user.groups) for rule in self.rules.get(subject, ())]

    def allowed(self, user: User, asked: Attributes) -> bool:
        """Whether a user may do what is asked."""
        if MASTERS in user.groups:
            return True
        if asked.path:
            open_paths = _DISCOVERY_PATHS if AUTHENTICATED in user.groups else _PUBLIC_PATHS
            return asked.verb == "get" and any(
                asked.path == path or asked.path.startswith(f"{path}/") for path in open_paths
            )
        if (asked.group, asked.resource) in _SELF_REVIEWS and asked.verb == "create":
            return AUTHENTICATED in user.groups
        return any(rule.allows(asked) for rule in self.of(user))

    def check(self, user: User, asked: Attributes) -> None:
        """Make sure that a user may do what is asked.

        Raises:
            Refusal: 403.
        """
        if not self.allowed(user, asked):
            raise refusal(user, asked)


def refusal(user: User, asked: Attributes) -> Refusal:
    """Return the 403 that tells a user what they may not do."""
    who = f'User "{user.name}" cannot {asked.verb}'
    if asked.path:
        return forbidden_path(f'{who} path "{asked.path}"')
    resource = f"{asked.resource}/{asked.subresource}" if asked.subresource else asked.resource
    where = f'in the namespace "{asked.namespace}"' if asked.namespace else "at the cluster scope"
    why = f'{who} resource "{resource}" in API group "{asked.group}" {where}'
    return forbidden(asked.group, asked.resource, asked.name, why)
