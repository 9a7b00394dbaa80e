"""Reads kubeconfig files: merged `$KUBECONFIG` lists, contexts, and what a context says of server and user.

Merging follows kubectl: the first file that names a cluster, user or context wins, as does the first
`current-context`; files of the list that do not exist are skipped; relative paths belong to their own file.
https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.model.errors import ConfigurationError
from reconciler.settings.nearest import known_names

if TYPE_CHECKING:
    from reconciler.settings.model import Cluster

MAX_BYTES = 16 * 1024 * 1024
_SECTIONS = {"clusters": "cluster", "users": "user", "contexts": "context"}


@dataclass(frozen=True, slots=True)
class Entry:
    """One named cluster, user or context, with the folder its relative paths start from."""

    body: Mapping[str, Any] = field(repr=False)
    folder: Path


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """The merged content of one or several files. `subject` is how messages call them."""

    subject: str
    current_context: str
    clusters: Mapping[str, Entry]
    users: Mapping[str, Entry]
    contexts: Mapping[str, Entry]


@dataclass(frozen=True, slots=True)
class KubeContext:
    """One context with the cluster and user it joins; `user` is empty for an anonymous one."""

    subject: str
    name: str
    namespace: str
    cluster: Entry
    user: Entry


def kubeconfig_paths(explicit: Path | None, environ: Mapping[str, str]) -> list[Path]:
    """Say which files apply: the explicit one, else those of `$KUBECONFIG`, else `~/.kube/config`."""
    if explicit is not None:
        return [explicit]
    listed = [Path(part) for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    if listed:
        return list(dict.fromkeys(listed))
    home = environ.get("HOME")
    return [(Path(home) if home else Path.home()) / ".kube" / "config"]


def load_kubeconfig(explicit: Path | None, environ: Mapping[str, str]) -> Kubeconfig:
    """Read and merge the kubeconfig files that apply.

    Raises:
        ConfigurationError: there is none, or one cannot be read, parsed or understood.
    """
    paths = kubeconfig_paths(explicit, environ)
    present = [path for path in paths if path.exists()]
    if not present:
        raise ConfigurationError(
            "there is no kubeconfig",
            subject=", ".join(map(str, paths)),
            next_step="set KUBECONFIG, or `kubeconfig` of this cluster in gko-tui.yaml",
        )
    merged: dict[str, dict[str, Entry]] = {section: {} for section in _SECTIONS}
    current = ""
    for path in present:
        document = _read(path)
        for section, inner in _SECTIONS.items():
            for name, entry in _entries(path, document, section, inner):
                merged[section].setdefault(name, entry)
        current = current or str(document.get("current-context") or "")
    return Kubeconfig(", ".join(map(str, present)), current, **merged)


def choose_context(config: Kubeconfig, name: str | None) -> KubeContext:
    """Return a context by its name, or the current one.

    Raises:
        ConfigurationError: it does not exist (the closest name is given), or it names a cluster or user
            that does not.
    """
    wanted = name or config.current_context
    if not wanted:
        raise ConfigurationError(
            "no context is chosen",
            subject=config.subject,
            next_step=f"set `context` of this cluster; {known_names('', config.contexts, 'contexts')}",
        )
    context = config.contexts.get(wanted)
    if context is None:
        raise ConfigurationError(
            f"there is no context {wanted!r}",
            subject=config.subject,
            next_step=known_names(wanted, config.contexts, "contexts"),
        )
    cluster = _joined(config, wanted, context, "cluster", config.clusters)
    user = _joined(config, wanted, context, "user", config.users) if context.body.get("user") else None
    namespace = str(context.body.get("namespace") or "")
    return KubeContext(config.subject, wanted, namespace, cluster, user or Entry({}, cluster.folder))


def context_of(spec: Cluster, environ: Mapping[str, str]) -> KubeContext:
    """Return the context a configured cluster means.

    Raises:
        ConfigurationError: as `load_kubeconfig` and `choose_context`.
    """
    return choose_context(load_kubeconfig(spec.kubeconfig, environ), spec.context)


def _joined(config: Kubeconfig, context: str, entry: Entry, what: str, known: Mapping[str, Entry]) -> Entry:
    name = str(entry.body.get(what) or "")
    found = known.get(name)
    if found is None:
        raise ConfigurationError(
            f"context {context!r} names the {what} {name!r}, which is not there",
            subject=config.subject,
            next_step=known_names(name, known, f"{what}s"),
        )
    return found


def _read(path: Path) -> Mapping[str, Any]:
    import yaml

    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigurationError(
                f"is larger than {MAX_BYTES // 1024 // 1024} MiB, which no kubeconfig is",
                subject=str(path),
                next_step="check that it is the right file",
            )
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        document = yaml.load(path.read_bytes(), Loader=loader)  # noqa: S506 - either loader is a safe one
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read: {error.strerror}", subject=str(path), next_step="check the file's permissions"
        ) from error
    except yaml.YAMLError as error:
        # The parser's own words are kept, the line they speak of is not: it may hold a token.
        raise ConfigurationError(
            f"is not valid YAML: {getattr(error, 'problem', None) or 'it cannot be parsed'}",
            subject=_with_line(path, error),
            next_step="correct that line, or write the file anew with your login tool",
        ) from None
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise ConfigurationError(
            "is not a kubeconfig: a mapping is expected at its top",
            subject=str(path),
            next_step="check that it is the right file",
        )
    return document


def _with_line(path: Path, error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return f"{path}:{mark.line + 1}" if mark is not None else str(path)


def _entries(path: Path, document: Mapping[str, Any], section: str, inner: str) -> list[tuple[str, Entry]]:
    """The entries of one section; Rancher and others write `users: null` where there are none."""
    listed = document.get(section)
    if listed is None:
        return []
    if not isinstance(listed, list):
        raise ConfigurationError(
            f"`{section}` is a {type(listed).__name__}, a list is expected", subject=str(path)
        )
    entries: list[tuple[str, Entry]] = []
    for number, item in enumerate(listed):
        named = isinstance(item, dict) and isinstance(item.get("name"), str)
        body = item.get(inner) if named else None
        if not named or not isinstance(body, (dict, type(None))):
            raise ConfigurationError(
                f"`{section}[{number}]` is not of the form {{name, {inner}}}", subject=str(path)
            )
        entries.append((item["name"], Entry(body or {}, path.absolute().parent)))
    return entries
