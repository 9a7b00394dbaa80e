"""From a ManagementContext to the simulated control plane that it means, and what is sent there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.simulator.apim import Apim, Refused
from reconciler.simulator.gko.failures import ReferenceMissing, refused, unreachable
from reconciler.simulator.gko.lookups import Body, Lookups, Ref

_COLLECTIONS = {
    "ApiV4Definition": "apis",
    "Application": "applications",
    "Dictionary": "dictionaries",
    "Group": "groups",
    "SharedPolicyGroup": "shared-policy-groups",
}
_MODES = "?hridContainsApiUUID=false&hridContainsAppUUID=false&hridContainsUUID=false"


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """One environment of one server, as GKO talks to it.

    Attributes:
        base: the server's URL as the context states it; it is a name here, nothing is sent through it.
        apim: the server; None where nothing answers under that name.
        user: who the credentials are; empty where they are wrong.
    """

    base: str
    organization: str
    environment: str
    apim: Apim | None
    user: str

    def put(self, kind: str, body: Body, at: float) -> dict[str, Any]:
        """Create or update what a resource means.

        Args:
            kind: of the resource.
            body: as the kind is sent.
            at: when (seconds since the epoch).

        Raises:
            ControlPlaneFailed: it was refused, or nobody answers.
        """
        apim, where = self._ready("PUT", self._url(kind, body))
        try:
            with apim.lock, apim.at(at):
                if kind == "ApiV4Definition":
                    return apim.put_api(where, body, user=self.user)
                if kind == "ApiDefinition":
                    return apim.put_v2_api(where, body, user=self.user)
                if kind == "Subscription":
                    return apim.put(where, "subscriptions", body, parent=body["apiHrid"], user=self.user)
                return apim.put(where, _COLLECTIONS[kind], body, user=self.user)
        except Refused as refusal:
            raise refused("PUT", self._url(kind, body), refusal.status, refusal.body) from None

    def delete(self, kind: str, name: str, at: float, *, parent: str = "") -> None:
        """Delete what a resource means.

        Args:
            kind: of the resource.
            name: its HRID; the id of an API of version 2.
            at: when (seconds since the epoch).
            parent: the HRID of the API of a subscription.

        Raises:
            ControlPlaneFailed: it was refused, there is no such thing (404), or nobody answers.
        """
        url = self._url(kind, {"hrid": name, "apiHrid": parent}, own=True)
        apim, where = self._ready("DELETE", url)
        collection = {**_COLLECTIONS, "ApiDefinition": "v2-apis", "Subscription": "subscriptions"}[kind]
        try:
            with apim.lock, apim.at(at):
                apim.delete(where, collection, name, parent=parent, user=self.user)
        except Refused as refusal:
            raise refused("DELETE", url, refusal.status, refusal.body) from None

    def _ready(self, method: str, url: str) -> tuple[Apim, str]:
        if self.apim is None:
            raise unreachable(method, url, self.base.partition("://")[2].partition("/")[0].partition(":")[0])
        if not self.user:
            path = url.removeprefix(self.base).partition("?")[0]
            raise refused(method, path, 401, {"message": "Unauthorized", "url": path, "status": 401})
        return self.apim, f"{self.organization}/{self.environment}"

    def _url(self, kind: str, body: Mapping[str, Any], *, own: bool = False) -> str:
        place = f"organizations/{self.organization}/environments/{self.environment}"
        if kind == "ApiDefinition":
            below = f"apis/{body.get('hrid')}?closePlans=true" if own else "apis/import-crd?dryRun=false"
            return f"{self.base}/management/{place}/{below}"
        if kind == "Subscription":
            below = f"apis/{body['apiHrid']}/subscriptions"
            return f"{self.base}/automation/{place}/{below}{'/' + body['hrid'] if own else _MODES}"
        last = f"/{body['hrid']}" if own else "?dryRun=false"
        return f"{self.base}/automation/{place}/{_COLLECTIONS[kind]}{last}"


def control_plane(lookups: Lookups, ref: Mapping[str, Any], apims: Mapping[str, Apim]) -> ControlPlane:
    """Where a contextRef leads.

    Args:
        lookups: of the resource that has it.
        ref: the reference.
        apims: the servers by the URL that contexts state.

    Raises:
        ReferenceMissing: there is no such context, or its Secret is missing.
    """
    place = lookups.named(ref, "ManagementContext")
    spec = lookups.compiled(lookups.get(place)["spec"], place.namespace)
    base = str(spec.get("baseUrl") or "").rstrip("/")
    apim = apims.get(base)
    return ControlPlane(
        base,
        str(spec.get("organizationId") or ""),
        str(spec.get("environmentId") or ""),
        apim,
        _user(lookups, spec.get("auth") or {}, place, apim),
    )


def _user(lookups: Lookups, auth: Body, context: Ref, apim: Apim | None) -> str:
    """Who the credentials of a context are; a token wins (DOMAIN §4.1)."""
    stated = dict(auth.get("credentials") or {})
    if auth.get("bearerToken"):
        stated["bearerToken"] = auth["bearerToken"]
    secret = auth.get("secretRef")
    if secret and not stated:
        place = Ref("Secret", str(secret.get("namespace") or context.namespace), str(secret["name"]))
        data = lookups.data(place)
        lookups.found.discard(place)  # nothing wakes up when credentials are rotated (DOMAIN §2.2)
        if data is None:
            raise ReferenceMissing(f'secrets "{place.name}" not found')
        stated = data
    if apim is None:
        return ""
    if stated.get("bearerToken"):
        return apim.tokens.get(stated["bearerToken"].strip(), "")
    name = str(stated.get("username") or "")
    return name if name and apim.passwords.get(name) == stated.get("password") else ""
