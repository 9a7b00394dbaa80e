"""Kubeconfig files for the tests' clusters, with everything inline so that they can be moved about."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml


@dataclass(frozen=True, slots=True)
class Context:
    """One context of a kubeconfig, with a cluster and a user of its own.

    Args:
        name: the name of the context; its cluster and user are named after it.
        server: the URL of the API server.
        ca_file: the authority that signed the server's certificate, PEM.
        user: the `user` section, such as `{"token": "…"}`.
        namespace: the context's namespace; None leaves it out.
    """

    name: str
    server: str
    ca_file: Path
    user: Mapping[str, object] = field(repr=False)
    namespace: str | None = None


def kubeconfig_text(contexts: Sequence[Context], current: str | None = None) -> str:
    """Return a kubeconfig with these contexts.

    Args:
        contexts: at least one.
        current: the current context; None means the first one.
    """
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": contexts[0].name if current is None else current,
        "clusters": [
            {
                "name": context.name,
                "cluster": {"server": context.server, "certificate-authority-data": inline(context.ca_file)},
            }
            for context in contexts
        ],
        "users": [{"name": f"{context.name}-user", "user": dict(context.user)} for context in contexts],
        "contexts": [{"name": context.name, "context": _context_section(context)} for context in contexts],
    }
    return yaml.safe_dump(document, sort_keys=False)


def write_kubeconfig(path: Path, contexts: Sequence[Context], current: str | None = None) -> Path:
    """Write a kubeconfig that only its owner can read, and return its path."""
    path.touch(mode=0o600)
    path.write_text(kubeconfig_text(contexts, current), encoding="utf-8")
    return path


def inline(path: Path) -> str:
    """Return a file's content as the `…-data` fields of a kubeconfig hold it."""
    return base64.b64encode(path.read_bytes()).decode("ascii")


def _context_section(context: Context) -> dict[str, str]:
    section = {"cluster": context.name, "user": f"{context.name}-user"}
    if context.namespace is not None:
        section["namespace"] = context.namespace
    return section
