"""The fields that every part of the configuration is made of: names, paths, URLs, seconds.

The text of a ValueError below says what is expected; `complaints` adds where and what was found.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo


def located(path: Path, info: ValidationInfo) -> Path:
    """Expand `~` and resolve a relative path against the configuration file's folder, where known."""
    base = info.context.get("base") if isinstance(info.context, dict) else None
    expanded = path.expanduser()
    return Path(base, expanded) if base is not None else expanded


def inside_repository(folder: str) -> str:
    control = any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in folder)
    if control or folder.startswith(("/", "~")) or "\\" in folder or ".." in folder.split("/"):
        raise ValueError("a folder inside the repository, relative to its root, such as apis/prod")
    return "/".join(part for part in folder.split("/") if part not in ("", "."))


_SCP_LIKE = re.compile(r"^(?:[\w.-]+@)?[\w.-]+:(?!//)\S+$")


def git_url(url: str) -> str:
    if _SCP_LIKE.match(url):
        return url
    parts = urlsplit(url)
    known = parts.scheme in ("https", "http", "ssh", "git") and parts.netloc
    if not known and not (parts.scheme == "file" and parts.path):
        raise ValueError("a Git URL such as https://host/team/apis.git or git@host:team/apis.git")
    if parts.password is not None:
        raise ValueError("a URL without a password in it; name the variable that holds it in auth.token_env")
    return url


def web_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("a URL such as https://apim.example.org")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL without credentials in it; put them below auth")
    return url


def proxy_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "socks5", "socks5h") or not parts.hostname:
        raise ValueError("a proxy such as http://proxy.example.org:3128")
    if parts.password is not None:
        raise ValueError("a proxy without a password in it; set HTTPS_PROXY in the environment instead")
    return url


def typed(value: Any) -> Any:
    """Let `render: kustomize` stand for `render: {type: kustomize}`."""
    return {"type": value} if isinstance(value, str) else value


def matching(pattern: str, expected: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(expected)
        return text

    return AfterValidator(check)


Text = Annotated[str, matching(r"[^\x00-\x1f\x7f-\x9f]+", "text of at least one character, on one line")]
"""Text of at least one character, without control characters."""
Name = Annotated[
    str,
    matching(
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}",
        "a name of at most 63 letters, digits, '.', '_' and '-' that begins with a letter or digit",
    ),
]
ClusterName = Annotated[str, matching(r"[^\s,\x00-\x1f\x7f-\x9f]{1,253}", "a name without blanks and commas")]
"""A cluster's name, which may be a kubeconfig context's (`arn:aws:eks:…:cluster/prod`)."""
Variable = Annotated[str, matching(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")]
Namespace = Annotated[
    str,
    matching(
        r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        "a Kubernetes namespace: at most 63 lower-case letters, digits and '-'",
    ),
]
Located = Annotated[Path, AfterValidator(located)]
"""A path on this machine."""
Argv = Annotated[tuple[Text, ...], Field(min_length=1)]
"""A command as its list of arguments; no shell reads it."""
Seconds = Annotated[float, Field(gt=0, le=3600)]


class Settings(BaseModel):
    """What every part of the configuration has in common: unknown fields are errors, nothing changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def at_most_one(self, *fields: str) -> None:
        found = [field for field in fields if getattr(self, field)]
        if len(found) > 1:
            raise ValueError(f"one of {', '.join(fields)}; {' and '.join(found)} are set")
