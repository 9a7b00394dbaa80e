"""The platform that is meant when there is no gko-tui.yaml: the current kubeconfig context, and the Git
repository of the current folder if it is one."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reconciler.model.errors import ConfigurationError

if TYPE_CHECKING:
    from reconciler.settings.model import Platform

_SERVICE_NAMESPACE = Path("/var/run/secrets/kubernetes.io/serviceaccount/namespace")


def implicit_platform(cwd: Path, environ: Mapping[str, str]) -> Platform:
    """Build a platform from what is at hand.

    A repository without a kubeconfig still gives a platform: its cluster then says what is missing.

    Raises:
        ConfigurationError: there is neither a repository nor a cluster.
    """
    from reconciler.settings.model import Application, Cluster, Platform, Source

    repository = git_root(cwd)
    cluster, namespace = _cluster(environ)
    if cluster is None:
        if repository is None:
            raise ConfigurationError(
                "there is nothing to read: no gko-tui.yaml, no kubeconfig and no Git repository here",
                next_step="write one (gko-tui config example > gko-tui.yaml), or look around: gko-tui demo",
            )
        cluster = {"name": "default"}
    place = Cluster(**cluster)
    if repository is None:
        return Platform(clusters=(place,))
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", repository.name).strip("-._")[:63] or "repository"
    return Platform(
        sources=(Source(name=name, path=repository),),
        clusters=(place,),
        applications=(Application(name=name, source=name, clusters=(place.name,), namespace=namespace),),
    )


def git_root(folder: Path) -> Path | None:
    """The Git repository that a folder is in: the nearest one upwards with `.git`, or a bare one."""
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists():
            return candidate
        if (candidate / "HEAD").is_file() and (candidate / "objects").is_dir():
            return candidate
    return None


def _cluster(environ: Mapping[str, str]) -> tuple[dict[str, Any] | None, str]:
    """The current context as the fields of a Cluster, and the namespace it works in."""
    files = list(_kubeconfigs(environ))
    if not files:
        if environ.get("KUBERNETES_SERVICE_HOST"):
            try:
                namespace = _SERVICE_NAMESPACE.read_text().strip()
            except OSError:
                namespace = ""
            return {"name": "in-cluster", "in_cluster": True}, namespace or "default"
        return None, "default"
    current = ""
    namespaces: dict[str, str] = {}
    for file in files:
        content = _read(file)
        current = current or _text(content.get("current-context"))
        for name, namespace in _context_namespaces(content):
            namespaces.setdefault(name, namespace)
    if not current:
        return {"name": "default"}, "default"
    # kubectl lets a context be called anything; our names hold no blanks and commas.
    name = re.sub(r"[\s,\x00-\x1f\x7f-\x9f]+", "-", current)[:253]
    return {"name": name, "context": current}, namespaces.get(current) or "default"


def _kubeconfigs(environ: Mapping[str, str]) -> Iterator[Path]:
    named = environ.get("KUBECONFIG")
    if named:
        files = [Path(part).expanduser() for part in named.split(os.pathsep) if part]
    else:
        home = environ.get("HOME")
        files = [(Path(home) if home else Path.home()) / ".kube" / "config"]
    yield from (file for file in files if file.is_file())


def _read(file: Path) -> Mapping[str, Any]:
    """The content of a kubeconfig; what is wrong with it is said where the cluster is opened."""
    import yaml

    try:
        content = yaml.load(file.read_bytes(), Loader=yaml.CSafeLoader)
    except (OSError, yaml.YAMLError, ValueError):
        return {}
    return content if isinstance(content, Mapping) else {}


def _context_namespaces(content: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    contexts = content.get("contexts")
    for entry in contexts if isinstance(contexts, list) else ():
        if isinstance(entry, Mapping) and isinstance(entry.get("context"), Mapping):
            yield _text(entry.get("name")), _text(entry["context"].get("namespace"))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
