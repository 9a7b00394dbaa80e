"""The users that a test's API server knows, and their credentials."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path

ADMIN = "admin"

# The server reads its users once, at start, so some stand ready for tests that share a cluster:
# `viewer` may read everything, `limited` may do what a test grants it, `nobody` is never granted anything.
SPARE_USERS: Mapping[str, Sequence[str]] = {
    ADMIN: ("system:masters",),
    "viewer": ("gko-tui:viewers",),
    "limited": (),
    "nobody": (),
}

VIEWER_RULES = ({"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]},)


class Users:
    """Users with their groups and bearer tokens.

    Args:
        further: users and their groups, beside `SPARE_USERS`.
    """

    def __init__(self, further: Mapping[str, Sequence[str]]) -> None:
        self._groups: dict[str, tuple[str, ...]] = {}
        self._tokens: dict[str, str] = {}
        for name, groups in {**SPARE_USERS, **further}.items():
            self.add(name, groups)

    def add(self, name: str, groups: Sequence[str]) -> str:
        """Register a user and return the token; a user known already gets a new token and these groups."""
        self._groups[name] = tuple(groups)
        self._tokens[name] = f"{name}-{secrets.token_hex(16)}"
        return self._tokens[name]

    def token(self, name: str) -> str:
        """Return a user's token."""
        return self._tokens[name]

    def groups(self, name: str) -> tuple[str, ...]:
        """Return a user's groups."""
        return self._groups[name]

    def write(self, path: Path) -> None:
        """Write the file for kube-apiserver's `--token-auth-file`: token, user, uid, groups."""
        path.touch(mode=0o600)
        path.write_text(
            "".join(
                f'{self._tokens[name]},{name},uid-{name},"{",".join(groups)}"\n'
                for name, groups in self._groups.items()
            ),
            encoding="utf-8",
        )
