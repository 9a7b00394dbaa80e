"""What a person may configure: sources, clusters, applications, control planes and gateways.

One frozen value, `Platform`, is all that the engine is given. How it is found, read and complained about
is `load`'s subject; this module only says what is valid. Names of secrets stand here, never secrets.
The text of a ValueError below says what is expected; `complaints` adds where and what was found.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

PEOPLE_MANAGERS = (
    "kubectl*",
    "k9s*",
    "lens*",
    "OpenLens*",
    "headlamp*",
    "Mozilla*",
    "freelens*",
    "oc",
    "oc-*",
)
"""Field managers of people's own tools (browser front ends write as `Mozilla`): ENGINE §5."""


def _located(path: Path, info: ValidationInfo) -> Path:
    """Expand `~` and resolve a relative path against the configuration file's folder, where known."""
    base = info.context.get("base") if isinstance(info.context, dict) else None
    expanded = path.expanduser()
    return Path(base, expanded) if base is not None else expanded


def _inside_repository(folder: str) -> str:
    control = any(ord(char) < 0x20 or 0x7F <= ord(char) < 0xA0 for char in folder)
    if control or folder.startswith(("/", "~")) or "\\" in folder or ".." in folder.split("/"):
        raise ValueError("a folder inside the repository, relative to its root, such as apis/prod")
    return "/".join(part for part in folder.split("/") if part not in ("", "."))


_SCP_LIKE = re.compile(r"^(?:[\w.-]+@)?[\w.-]+:(?!//)\S+$")


def _git_url(url: str) -> str:
    if _SCP_LIKE.match(url):
        return url
    parts = urlsplit(url)
    known = parts.scheme in ("https", "http", "ssh", "git") and parts.netloc
    if not known and not (parts.scheme == "file" and parts.path):
        raise ValueError("a Git URL such as https://host/team/apis.git or git@host:team/apis.git")
    if parts.password is not None:
        raise ValueError("a URL without a password in it; name the variable that holds it in auth.token_env")
    return url


def _web_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise ValueError("a URL such as https://apim.example.org")
    if parts.username is not None or parts.password is not None:
        raise ValueError("a URL without credentials in it; put them below auth")
    return url


def _proxy_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https", "socks5", "socks5h") or not parts.hostname:
        raise ValueError("a proxy such as http://proxy.example.org:3128")
    if parts.password is not None:
        raise ValueError("a proxy without a password in it; set HTTPS_PROXY in the environment instead")
    return url


def _typed(value: Any) -> Any:
    """Let `render: kustomize` stand for `render: {type: kustomize}`."""
    return {"type": value} if isinstance(value, str) else value


def _matching(pattern: str, expected: str) -> AfterValidator:
    compiled = re.compile(pattern)

    def check(text: str) -> str:
        if not compiled.fullmatch(text):
            raise ValueError(expected)
        return text

    return AfterValidator(check)


Text = Annotated[str, _matching(r"[^\x00-\x1f\x7f-\x9f]+", "text of at least one character, on one line")]
"""Text of at least one character, without control characters."""
Name = Annotated[
    str,
    _matching(
        r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}",
        "a name of at most 63 letters, digits, '.', '_' and '-' that begins with a letter or digit",
    ),
]
ClusterName = Annotated[
    str, _matching(r"[^\s,\x00-\x1f\x7f-\x9f]{1,253}", "a name without blanks and commas")
]
"""A cluster's name, which may be a kubeconfig context's (`arn:aws:eks:…:cluster/prod`)."""
Variable = Annotated[str, _matching(r"[A-Za-z_][A-Za-z0-9_]*", "the name of an environment variable")]
Namespace = Annotated[
    str,
    _matching(
        r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?",
        "a Kubernetes namespace: at most 63 lower-case letters, digits and '-'",
    ),
]
Located = Annotated[Path, AfterValidator(_located)]
"""A path on this machine."""
Argv = Annotated[tuple[Text, ...], Field(min_length=1)]
"""A command as its list of arguments; no shell reads it."""
Seconds = Annotated[float, Field(gt=0, le=3600)]


class Settings(BaseModel):
    """What every part of the configuration has in common: unknown fields are errors, nothing changes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    def _at_most_one(self, *fields: str) -> None:
        found = [field for field in fields if getattr(self, field)]
        if len(found) > 1:
            raise ValueError(f"one of {', '.join(fields)}; {' and '.join(found)} are set")


class GitAuth(Settings):
    """How a private repository is reached. Secrets are named (variable, file, command), never written here.

    `username` defaults to what the host expects beside a token. `ssh_agent` None means: use an agent
    where one runs and no `ssh_key` is given.
    """

    username: Text | None = None
    token_env: Variable | None = None
    token_file: Located | None = None
    token_command: Argv | None = None
    ssh_key: Located | None = None
    ssh_passphrase_env: Variable | None = None
    ssh_agent: bool | None = None
    known_hosts: Located | None = None
    ca_file: Located | None = None
    proxy: Annotated[Text, AfterValidator(_proxy_url)] | None = None
    insecure_skip_tls_verify: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._at_most_one("token_env", "token_file", "token_command")
        if self.ssh_passphrase_env and not self.ssh_key:
            raise ValueError("ssh_key beside ssh_passphrase_env")
        return self


class Source(Settings):
    """A Git repository: `url` of a remote one, or `path` of (a folder inside) a local one.

    `ref` is a branch, tag or commit; None means the repository's HEAD. Committed content is read,
    never the working tree.
    """

    name: Name
    url: Annotated[Text, AfterValidator(_git_url)] | None = None
    path: Located | None = None
    ref: Text | None = None
    auth: GitAuth | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.url is None) == (self.path is None):
            found = "neither is set" if self.url is None else "both are set"
            raise ValueError(f"exactly one of url and path; {found}")
        return self


class YamlRender(Settings):
    """Plain manifests: every YAML and JSON file below the folder."""

    type: Literal["yaml"] = "yaml"


class KustomizeRender(Settings):
    """`kustomize build`, with extra arguments."""

    type: Literal["kustomize"] = "kustomize"
    args: tuple[Text, ...] = ()


class HelmRender(Settings):
    """`helm template RELEASE`, with values files (relative to the folder)."""

    type: Literal["helm"] = "helm"
    release: Text | None = None
    values: tuple[Text, ...] = ()
    namespace: Namespace | None = None


class CommandRender(Settings):
    """A command that prints manifests; it sees only the environment variables named in `env`."""

    type: Literal["command"] = "command"
    argv: Argv
    env: tuple[Variable, ...] = ()
    timeout_s: Seconds = 30.0
    max_bytes: Annotated[int, Field(gt=0)] = 32 * 1024 * 1024


Render = Annotated[
    Annotated[
        YamlRender | KustomizeRender | HelmRender | CommandRender,
        Field(discriminator="type"),
    ],
    BeforeValidator(_typed),
]


class Cluster(Settings):
    """A Kubernetes cluster: a context of a kubeconfig, or the cluster this process runs in.

    `namespaces` restricts what is read; empty means all. `request_timeout_s` bounds each request (seconds).
    """

    name: ClusterName
    kubeconfig: Located | None = None
    context: Text | None = None
    in_cluster: bool = False
    namespaces: tuple[Namespace, ...] = ()
    protected: bool = False
    request_timeout_s: Seconds = 10.0

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.in_cluster and (self.kubeconfig or self.context):
            raise ValueError("in_cluster alone, or kubeconfig and context")
        return self


class Application(Settings):
    """Which folder of which source goes to which clusters, and what the loop may do about it (ENGINE §8)."""

    name: Name
    source: Text
    folder: Annotated[str, AfterValidator(_inside_repository)] = ""
    render: Render = YamlRender()
    clusters: Annotated[tuple[Text, ...], Field(min_length=1)]
    namespace: Namespace | None = None
    mode: Literal["observe", "propose", "heal", "sync"] = "observe"
    recursive: bool = True


class ControlPlaneAuth(Settings):
    """Credentials of a control plane, by name: a token, or a user with a password."""

    username: Text | None = None
    username_env: Variable | None = None
    password_env: Variable | None = None
    password_file: Located | None = None
    token_env: Variable | None = None
    token_file: Located | None = None
    token_command: Argv | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._at_most_one("token_env", "token_file", "token_command")
        self._at_most_one("username", "username_env")
        self._at_most_one("password_env", "password_file")
        user = bool(self.username or self.username_env)
        password = bool(self.password_env or self.password_file)
        token = bool(self.token_env or self.token_file or self.token_command)
        if user != password:
            raise ValueError(
                "a user name (username, username_env) and a password (password_env, password_file)"
            )
        if user and token:
            raise ValueError("a token, or a user name and a password; both are set")
        return self


class ControlPlane(Settings):
    """An APIM environment. `clusters` are those whose resources it serves."""

    name: Name
    url: Annotated[Text, AfterValidator(_web_url)]
    organization: Text = "DEFAULT"
    environment: Text = "DEFAULT"
    clusters: tuple[Text, ...] = ()
    auth: ControlPlaneAuth | None = None
    ca_file: Located | None = None
    insecure_skip_tls_verify: bool = False
    request_timeout_s: Seconds = 10.0


class GatewayAuth(Settings):
    """User and password of a gateway's technical API, by name; the user is `admin` where none is given."""

    username: Text | None = None
    username_env: Variable | None = None
    password_env: Variable | None = None
    password_file: Located | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self._at_most_one("username", "username_env")
        self._at_most_one("password_env", "password_file")
        if not self.password_env and not self.password_file:
            raise ValueError("password_env or password_file")
        return self


class GatewaySpec(Settings):
    """A data plane: the URL of its technical API, or its pods in a cluster.

    `mode` says where it takes its APIs from: the control plane's repository, or ConfigMaps of a cluster
    (`cluster`, in these `namespaces`, or in all). `tags` are its sharding tags, which its technical API does
    not tell. `port` is that of the technical API where a pod does not name one (18082).
    """

    name: Name
    url: Annotated[Text, AfterValidator(_web_url)] | None = None
    cluster: Text | None = None
    namespace: Namespace | None = None
    selector: Text | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    control_plane: Text | None = None
    mode: Literal["repository", "kubernetes"] = "repository"
    namespaces: tuple[Namespace, ...] = ()
    tags: tuple[Text, ...] | None = None
    auth: GatewayAuth | None = None
    ca_file: Located | None = None
    insecure_skip_tls_verify: bool = False
    request_timeout_s: Seconds = 5.0

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        pods = (self.cluster, self.namespace, self.selector)
        if self.url is not None and any(pods[1:]):
            raise ValueError("url, or cluster with namespace and selector; both are set")
        if self.url is not None and self.cluster is not None and self.mode == "repository":
            raise ValueError("url, or cluster with namespace and selector; both are set")
        if self.url is None and not all(pods):
            raise ValueError("url, or all of cluster, namespace and selector")
        if self.mode == "kubernetes" and self.cluster is None:
            raise ValueError("cluster: the one whose ConfigMaps it reads (mode: kubernetes)")
        if self.namespaces and self.mode != "kubernetes":
            raise ValueError("mode: kubernetes beside namespaces")
        if self.url is not None and self.port is not None:
            raise ValueError("the port in the url, not beside it")
        return self


class Platform(Settings):
    """Everything that is read: the whole configuration.

    `path` is the file it was loaded from; None for one made without a file.
    """

    version: Literal[1] = 1
    sources: tuple[Source, ...] = ()
    clusters: tuple[Cluster, ...] = ()
    applications: tuple[Application, ...] = ()
    control_planes: tuple[ControlPlane, ...] = ()
    gateways: tuple[GatewaySpec, ...] = ()
    people_managers: tuple[Text, ...] = PEOPLE_MANAGERS
    path: Annotated[Path | None, Field(exclude=True)] = None
