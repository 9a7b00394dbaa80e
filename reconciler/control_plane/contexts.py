"""From a ManagementContext in a cluster to a control plane, with the Secret that it names.

GKO's rules (DOMAIN §1, §4.1): `auth` or `cloud`, inline or in a Secret of the same namespace unless another
is named; a cloud token is a JWT whose claims, not verified, tell organization, environments and region.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import inspect
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson

from reconciler.control_plane.credentials import nothing
from reconciler.control_plane.failures import ControlPlaneError, short
from reconciler.control_plane.places import (
    BasePaths,
    ContextName,
    Login,
    LoginSource,
    Target,
    canonical_server,
    checked_id,
    name_of,
)
from reconciler.model.errors import GkoError

ReadSecret = Callable[[str, str], Mapping[str, str] | Awaitable[Mapping[str, str]]]
"""(namespace, name) → the Secret's data as text, base64 undone; a GkoError where it cannot be read."""

_TEMPLATE = re.compile(r"\[\[\s*(\w+)\s+`([^`/\s]+)/([^`\s]+)`\s*\]\]")
_ONE_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True)
class CloudClaims:
    """What a cloud token says, not verified: only good for finding the server, which checks the token."""

    organization: str
    environments: tuple[str, ...]
    region: str


class _Context:
    """One ManagementContext and the way to the Secrets beside it."""

    def __init__(self, cluster: str, body: Mapping[str, Any], read_secret: ReadSecret) -> None:
        metadata = _section(body, "metadata")
        self.name = ContextName(
            cluster, str(metadata.get("namespace") or ""), str(metadata.get("name") or "")
        )
        self.spec = _section(body, "spec")
        self._read_secret = read_secret

    async def text(self, section: Mapping[str, Any], field: str) -> str:
        """A string of the spec, its template resolved (only Secrets of the same namespace, as GKO does)."""
        value = section.get(field)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise self.broken(f"`{field}` is not text", "correct the ManagementContext")
        found = _TEMPLATE.search(value)
        if found is None:
            return value.strip()
        kind, name, key = found.groups()
        if kind != "secret":
            raise self.broken(
                f"`{field}` is taken from a {short(kind)}, which is not read for credentials and addresses",
                "put it into a Secret, or declare this control plane in gko-tui.yaml",
            )
        data = await self.secret(self.name.namespace, name)
        if key not in data:
            raise self._lacks(name, self.name.namespace, key)
        return (value[: found.start()] + data[key] + value[found.end() :]).strip()

    async def referred(self, section: Mapping[str, Any]) -> tuple[str, Mapping[str, str]] | None:
        """The name and the data of the Secret that `secretRef` names; None where there is no `secretRef`."""
        ref = section.get("secretRef")
        if not isinstance(ref, Mapping):
            return None
        name, namespace = ref.get("name"), ref.get("namespace") or self.name.namespace
        if not isinstance(name, str) or not name or not isinstance(namespace, str):
            raise self.broken("its secretRef names no Secret", "give `secretRef.name`")
        return f"{namespace}/{name}", await self.secret(namespace, name)

    async def secret(self, namespace: str, name: str) -> Mapping[str, str]:
        """The data of a Secret.

        Raises:
            ControlPlaneError: reason `credentials`, with what the cluster said.
        """
        try:
            data = self._read_secret(namespace, name)
            return await data if inspect.isawaitable(data) else data
        except ControlPlaneError:
            raise
        except GkoError as error:
            why, advice = error.what, error.next_step
        except Exception as error:
            # Who reads Secrets may fail in ways of its own; a text might quote one, so only its kind is kept.
            why, advice = type(error).__name__, ""
        raise nothing(
            str(self.name),
            f"its Secret {short(namespace)}/{short(name)} cannot be read: {short(why)}",
            short(advice) or "create the Secret, or ask for the right to read it",
        ) from None

    def broken(self, what: str, next_step: str) -> ControlPlaneError:
        """Say that the ManagementContext cannot be used as it is."""
        return ControlPlaneError(
            what, control_plane=str(self.name), next_step=next_step, reason="configuration"
        )

    def _lacks(self, secret: str, namespace: str, keys: str) -> ControlPlaneError:
        what = f"its Secret {short(namespace)}/{short(secret)} has no {short(keys)}"
        return nothing(str(self.name), what, "put the key into the Secret")


async def target_from_context(cluster: str, body: Mapping[str, Any], read_secret: ReadSecret) -> Target:
    """Find the control plane that a ManagementContext means.

    The Secret of `auth` is not read here but whenever credentials are needed, so that a context whose Secret
    is missing is known by its place, and a rotated one is used at once. A cloud token is, for its claims.

    Args:
        cluster: the cluster's name in the configuration.
        body: the whole resource.
        read_secret: gives a Secret's data.

    Raises:
        ControlPlaneError: it does not say where the control plane is, or its cloud token cannot be read.
    """
    context = _Context(cluster, body, read_secret)
    subject = str(context.name)
    spec = context.spec
    cloud = spec.get("cloud")
    claims: CloudClaims | None = None
    url = await context.text(spec, "baseUrl")
    organization = await context.text(spec, "organizationId")
    environment = await context.text(spec, "environmentId")
    if isinstance(cloud, Mapping) and cloud and not (url and organization and environment):
        claims = claims_of(await _cloud_token(context, cloud), subject)
        url = url or f"https://{claims.region}.cloudgate.gravitee.io"
        organization = organization or claims.organization
        environment = environment or _only(claims, context)
    if not url:
        raise context.broken("names no baseUrl", "give `spec.baseUrl`, or `spec.cloud` with a cloud token")
    server, paths = canonical_server(url, subject=subject)
    path = await context.text(spec, "path")
    if path:
        at = "/" + path.strip("/")
        if not re.fullmatch(r"(?:/[A-Za-z0-9._~-]+)*/?", at):
            raise context.broken("its `path` is not a path", "write one such as /apim")
        paths = BasePaths(at.rstrip("/"), at.rstrip("/"))
    return Target(
        name=name_of(server, organization, environment),
        server=server,
        organization=checked_id(organization, subject=subject, field_name="organizationId"),
        environment=checked_id(environment, subject=subject, field_name="environmentId"),
        paths=paths,
        logins=_logins(context),
        contexts=(context.name,),
        clusters=(cluster,),
    )


def claims_of(token: str, subject: str) -> CloudClaims:
    """Read the claims of a cloud token without verifying it.

    Args:
        token: the JWT.
        subject: whose it is, for errors.

    Raises:
        ControlPlaneError: reason `credentials`: it is no JWT, or lacks a claim, or names a region that is
            not a name (the token would go to another server).
    """
    advice = "create a new cloud token in Gravitee Cloud"
    parts = token.split(".")
    claims: Any = None
    if len(parts) == 3:
        with contextlib.suppress(binascii.Error, ValueError, orjson.JSONDecodeError):
            claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    if not isinstance(claims, dict):
        raise nothing(subject, "its cloud token is not a token of Gravitee Cloud", advice)
    organization, region, environments = claims.get("org"), claims.get("cpg"), claims.get("envs")
    if not isinstance(region, str) or not _ONE_LABEL.fullmatch(region):
        raise nothing(subject, "its cloud token names no region (claim `cpg`)", advice)
    if not isinstance(organization, str) or not organization:
        raise nothing(subject, "its cloud token names no organization (claim `org`)", advice)
    known = (
        tuple(name for name in environments or () if isinstance(name, str))
        if isinstance(environments, list)
        else ()
    )
    return CloudClaims(organization, known, region.lower())


def _only(claims: CloudClaims, context: _Context) -> str:
    if len(claims.environments) == 1:
        return claims.environments[0]
    count = "no environment" if not claims.environments else f"{len(claims.environments)} environments"
    raise context.broken(f"its cloud token is for {count}", "give `spec.environmentId`")


async def _cloud_token(context: _Context, cloud: Mapping[str, Any]) -> str:
    inline = await context.text(cloud, "token")
    if inline:
        return inline
    found = await context.referred(cloud)
    if found is None:
        raise nothing(
            str(context.name), "its `cloud` holds no token", "give `cloud.token` or `cloud.secretRef`"
        )
    where, data = found
    token = data.get("cloudToken", "").strip()
    if not token:
        raise nothing(
            str(context.name), f"its Secret {short(where)} has no cloudToken", "put the key into the Secret"
        )
    return token


def _logins(context: _Context) -> tuple[LoginSource, ...]:
    auth, cloud = context.spec.get("auth"), context.spec.get("cloud")
    sources: list[LoginSource] = []
    if isinstance(auth, Mapping) and auth:
        sources.append(lambda: _auth_login(context, auth))
    if isinstance(cloud, Mapping) and cloud:

        async def by_cloud_token() -> Login:
            return Login(token=await _cloud_token(context, cloud))

        sources.append(by_cloud_token)
    if not sources:

        async def none() -> Login:
            raise nothing(str(context.name), "has neither `auth` nor `cloud`", "give it credentials")

        sources.append(none)
    return tuple(sources)


async def _auth_login(context: _Context, auth: Mapping[str, Any]) -> Login:
    """The credentials of `auth`; a token wins over a password (DOMAIN §4.1)."""
    token = await context.text(auth, "bearerToken")
    if token:
        return Login(token=token)
    pair = auth.get("credentials")
    if isinstance(pair, Mapping):
        return Login(
            username=await context.text(pair, "username"), password=await context.text(pair, "password")
        )
    found = await context.referred(auth)
    if found is None:
        raise nothing(
            str(context.name), "its `auth` holds no credentials", "give a token, a user or a Secret"
        )
    where, data = found
    token = data.get("bearerToken", "").strip()
    if token:
        return Login(token=token)
    username, password = data.get("username", "").strip("\r\n"), data.get("password", "").strip("\r\n")
    if username and password:
        return Login(username=username, password=password)
    raise nothing(
        str(context.name),
        f"its Secret {short(where)} has neither bearerToken nor username and password",
        "put the keys into the Secret",
    )


@dataclass(frozen=True, slots=True)
class Gathered:
    """The control planes there are, each once, and which one each ManagementContext means (by its name)."""

    targets: tuple[Target, ...]
    by_context: Mapping[ContextName, str]


def gather(declared: Sequence[Target], found: Sequence[Target]) -> Gathered:
    """Join what is declared with what ManagementContexts tell: same server, organization, environment is one.

    A declared control plane that names a cluster also stands for that cluster's contexts of the same
    organization and environment at another address, for an address may be good for pods only; where several
    do, the one of the same server, else the first.

    Args:
        declared: from the configuration; their names, TLS and limits win.
        found: one for each ManagementContext.
    """
    targets: dict[str, Target] = {target.name: target for target in declared}
    by_context: dict[ContextName, str] = {}
    for candidate in sorted(found, key=lambda target: str(target.contexts[0]) if target.contexts else ""):
        known = _same(targets.values(), candidate)
        if known is None:
            name = candidate.name
            if name in targets:
                name = candidate.in_environment(f"{candidate.server}{candidate.paths.management}")
            targets[name] = replace(candidate, name=name)
        else:
            name = known.name
            targets[name] = _joined(known, candidate)
        by_context.update(dict.fromkeys(candidate.contexts, name))
    return Gathered(tuple(targets.values()), by_context)


def _same(targets: Any, candidate: Target) -> Target | None:
    stands_in: Target | None = None
    for target in targets:
        if target.identity == candidate.identity:
            return target  # type: ignore[no-any-return]
        elsewhere = (target.organization, target.environment) == (
            candidate.organization,
            candidate.environment,
        )
        if target.declared and elsewhere and set(candidate.clusters) & set(target.clusters):
            stands_in = stands_in or target
    return stands_in


def _joined(known: Target, more: Target) -> Target:
    contexts = tuple(dict.fromkeys((*known.contexts, *more.contexts)))
    if known.declared:
        # Credentials meant for another address are not tried here, unless there are none of its own.
        logins = known.logins or more.logins
        return replace(known, contexts=contexts, logins=logins, clusters=known.clusters or more.clusters)
    clusters = tuple(dict.fromkeys((*known.clusters, *more.clusters)))
    return replace(known, contexts=contexts, clusters=clusters, logins=(*known.logins, *more.logins))


def _section(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = body.get(name)
    return value if isinstance(value, Mapping) else {}
