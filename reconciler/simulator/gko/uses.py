"""Who refers to what on a cluster, as the last reconcile of each resource found it."""

from __future__ import annotations

from reconciler.simulator.gko.lookups import Lookups, Ref
from reconciler.simulator.gko.marks import API_KINDS, SENT_TO_CONTEXTS

_WAKES: dict[str, tuple[str, ...]] = {
    "ManagementContext": SENT_TO_CONTEXTS,
    "ApiResource": API_KINDS,
    "SharedPolicyGroup": ("ApiV4Definition",),
    "Notification": API_KINDS,
    "Group": (*API_KINDS, "Notification"),
}
"""A change of which kind reconciles those of which kinds that refer to it (DOMAIN §2.2)."""


class Uses:
    """An index from what is referred to, to whoever does."""

    def __init__(self) -> None:
        self._uses: dict[Ref, set[Ref]] = {}
        self._users: dict[Ref, set[Ref]] = {}
        self._templated: dict[Ref, set[Ref]] = {}

    def note(self, ref: Ref, lookups: Lookups) -> None:
        """Replace what is known of a resource by what it looked up just now."""
        self.forget(ref)
        self._uses[ref] = lookups.found
        for used in lookups.found:
            self._users.setdefault(used, set()).add(ref)
        for source in lookups.templated:
            self._templated.setdefault(source, set()).add(ref)

    def forget(self, ref: Ref) -> None:
        """A resource refers to nothing any more."""
        for used in self._uses.pop(ref, set()):
            self._users[used].discard(ref)
        for users in self._templated.values():
            users.discard(ref)

    def users(self, ref: Ref) -> frozenset[Ref]:
        """Everything that refers to this."""
        return frozenset(self._users.get(ref, ()))

    def woken_by(self, ref: Ref) -> list[Ref]:
        """The resources that are reconciled because this one changed, in a stable order."""
        kinds = _WAKES.get(ref.kind, ())
        return sorted(user for user in self._users.get(ref, ()) if user.kind in kinds)

    def templated(self) -> dict[Ref, frozenset[Ref]]:
        """The Secrets and ConfigMaps that templates take values from, each with the resources that do."""
        return {source: frozenset(users) for source, users in self._templated.items() if users}
