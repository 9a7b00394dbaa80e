"""The operator's example manifests as a repository that can be applied whole: an application for each folder.

What keeps an example from being applied as it lies there is put right here and said: files that no server
takes, files that define one thing twice, contexts, of which there is one, at the control plane of the test,
references out of a folder, which name the namespace that they lead to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from reconciler.model.keys import GROUP

INVALID = (
    "apim/api_definition/v4/api-v4-with-page-swagger-http-fetcher.yml",  # a key stands twice in a mapping
    "apim/subscription/subscription-with-metadata.yml",  # it lacks spec.plan
)
"""A strict API server refuses them."""
TWICE = ("apim/application/client-cert-secret.yml", "apim/application/client-cert-configmap.yml")
"""application-with-client-certs-templates.yml brings the same Secret and ConfigMap along."""
CONTEXTS = {"dev-ctx", "ctx-dev"}
_REFERENCE = re.compile("[Rr]efs?$|^api$|^application$")
ONLY_READ = "gateway-api"
CONTEXT_FOLDER = "management_context/dev"

Body = dict[str, Any]


def repository(examples: Path, url: str) -> dict[str, bytes]:
    """Path → content of a repository with every example; each folder's context is at this URL."""
    files: dict[str, bytes] = {}
    for file in sorted(examples.rglob("*")):
        path = str(file.relative_to(examples))
        folder = path.rpartition("/")[0]
        if not file.is_file() or path in INVALID or path in TWICE:
            continue
        if folder.startswith("management_context/") and folder != CONTEXT_FOLDER:
            continue
        content = file.read_bytes()
        if folder == ONLY_READ or file.suffix not in (".yml", ".yaml"):
            files[path] = content
            continue
        bodies = [one for one in yaml.load_all(content, Loader=yaml.CSafeLoader) if one]
        if any(one["kind"] == "ManagementContext" for one in bodies):
            continue
        files[path] = content
    files |= dict(_led_home(files))
    for folder, names in _contexts(files).items():
        bodies = [one for name in sorted(names) for one in context(name, url)]
        files[f"{folder}/the-context.yml"] = yaml.safe_dump_all(bodies).encode()
    return files


def context(name: str, url: str) -> tuple[Body, Body]:
    """A ManagementContext and the Secret that it logs in with."""
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": f"{name}-login"},
        "stringData": {"username": "admin", "password": "admin"},
    }
    made = {
        "apiVersion": f"{GROUP}/v1alpha1",
        "kind": "ManagementContext",
        "metadata": {"name": name},
        "spec": {
            "baseUrl": url,
            "organizationId": "DEFAULT",
            "environmentId": "DEFAULT",
            "auth": {"secretRef": {"name": f"{name}-login"}},
        },
    }
    return secret, made


def _contexts(files: Mapping[str, bytes]) -> dict[str, set[str]]:
    """Folder → the contexts that its resources name."""
    found: dict[str, set[str]] = {CONTEXT_FOLDER: {"dev-ctx"}}
    for path, one in bodies_of(files):
        reference = (one.get("spec") or {}).get("contextRef")
        if reference and reference["name"] in CONTEXTS:
            found.setdefault(path.rpartition("/")[0], set()).add(reference["name"])
    return found


def _led_home(files: Mapping[str, bytes]) -> Iterator[tuple[str, bytes]]:
    """The files whose references lead into other folders, with those folders' namespaces."""
    defined: dict[str, set[str]] = {}
    for path, one in bodies_of(files):
        defined.setdefault(one["metadata"]["name"], set()).add(namespace_of(path))
    by_file: dict[str, list[Body]] = {}
    for path, one in bodies_of(files):
        by_file.setdefault(path, []).append(one)
    for path, bodies in by_file.items():
        led = [_lead(one["spec"], "", namespace_of(path), defined) for one in bodies if one.get("spec")]
        if any(led):
            yield path, yaml.safe_dump_all(bodies).encode()


def _lead(value: Any, field: str, here: str, defined: Mapping[str, set[str]]) -> bool:
    """Give references below a value their namespaces; whether one needed it."""
    if isinstance(value, list):
        return sum(_lead(item, field, here, defined) for item in value) > 0
    if not isinstance(value, dict):
        return False
    name = value.get("name")
    if _REFERENCE.search(field) and isinstance(name, str) and name not in CONTEXTS:
        places = defined.get(name, set())
        if value.get("namespace", here) in places or not places:
            return False
        value["namespace"] = min(places)
        return True
    return sum(_lead(item, str(key), here, defined) for key, item in value.items()) > 0


def bodies_of(files: Mapping[str, bytes]) -> Iterator[tuple[str, Body]]:
    """Every document that is to be applied, with its file."""
    for path, content in files.items():
        if path.endswith((".yml", ".yaml")) and not path.startswith(f"{ONLY_READ}/"):
            for one in yaml.load_all(content, Loader=yaml.CSafeLoader):
                if one:
                    yield path, one


def applied(files: Mapping[str, bytes]) -> set[tuple[str, str, str]]:
    """(namespace, kind, name) of everything that a sync applies: the group's, Secrets and ConfigMaps."""
    return {
        (namespace_of(path), one["kind"], one["metadata"]["name"])
        for path, one in bodies_of(files)
        if one["apiVersion"].startswith(GROUP) or one["kind"] in ("Secret", "ConfigMap")
    }


def folders(files: Mapping[str, bytes]) -> list[str]:
    """The leaf folders: an application each."""
    return sorted({path.rpartition("/")[0] for path in files if path.endswith((".yml", ".yaml"))})


def namespace_of(path: str) -> str:
    """The namespace of a leaf folder's application, which is also its name."""
    return path.rpartition("/")[0].replace("/", "-").replace("_", "-")
