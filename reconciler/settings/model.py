"""What a person may configure: sources, clusters, applications, control planes and gateways.

One frozen value, `Platform`, is all that the engine is given. How it is found, read and complained about
is `load`'s subject; this module only says what is valid. Names of secrets stand here, never secrets.
The text of a ValueError below says what is expected; `complaints` adds where and what was found.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from reconciler.settings.fields import (
    Argv,
    ClusterName,
    Located,
    Name,
    Namespace,
    Seconds,
    Settings,
    Text,
    Variable,
    git_url,
    inside_repository,
    proxy_url,
    typed,
)
from reconciler.settings.planes import ControlPlane, ControlPlaneAuth, GatewayAuth, GatewaySpec
from reconciler.settings.windows import Window

__all__ = [
    "PEOPLE_MANAGERS",
    "Application",
    "Cluster",
    "CommandRender",
    "ControlPlane",
    "ControlPlaneAuth",
    "GatewayAuth",
    "GatewaySpec",
    "GitAuth",
    "HelmRender",
    "KustomizeRender",
    "Platform",
    "Render",
    "Source",
    "Window",
    "YamlRender",
]

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
    proxy: Annotated[Text, AfterValidator(proxy_url)] | None = None
    insecure_skip_tls_verify: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self.at_most_one("token_env", "token_file", "token_command")
        if self.ssh_passphrase_env and not self.ssh_key:
            raise ValueError("ssh_key beside ssh_passphrase_env")
        return self


class Source(Settings):
    """A Git repository: `url` of a remote one, or `path` of (a folder inside) a local one.

    `ref` is a branch, tag or commit; None means the repository's HEAD. Committed content is read,
    never the working tree.
    """

    name: Name
    url: Annotated[Text, AfterValidator(git_url)] | None = None
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
    BeforeValidator(typed),
]


class Cluster(Settings):
    """A Kubernetes cluster: a context of a kubeconfig, or the cluster this process runs in.

    `namespaces` restricts what is read; empty means all. `request_timeout_s` bounds each request (seconds).
    `operator` says who writes across the control-plane hop (ENGINE §8): `gko`, the operator that runs there;
    `auto`, gko-reconciler where a take-over is recorded; `gko-tui`, gko-reconciler as soon as GKO's lease is
    free. `state_namespace` is where the shared state of applications is kept, and the lease where there never
    was a GKO; without it, the state is in each application's own namespace.
    """

    name: ClusterName
    kubeconfig: Located | None = None
    context: Text | None = None
    in_cluster: bool = False
    namespaces: tuple[Namespace, ...] = ()
    protected: bool = False
    operator: Literal["gko", "gko-tui", "auto"] = "gko"
    state_namespace: Namespace | None = None
    request_timeout_s: Seconds = 10.0

    @model_validator(mode="after")
    def _one_way_in(self) -> Self:
        if self.in_cluster and (self.kubeconfig or self.context):
            raise ValueError("in_cluster alone, or kubeconfig and context")
        return self


class Application(Settings):
    """Which folder of which source goes to which clusters, and what the loop may do about it (ENGINE §8).

    `prune` lets plans delete what left Git, within the brakes of ENGINE §6. `create_namespaces` lets them
    create the namespaces that its resources go to. `windows` say when the loop may act; a person's confirmed
    plan may at any time.
    """

    name: Name
    source: Text
    folder: Annotated[str, AfterValidator(inside_repository)] = ""
    render: Render = YamlRender()
    clusters: Annotated[tuple[Text, ...], Field(min_length=1)]
    namespace: Namespace | None = None
    mode: Literal["observe", "propose", "heal", "sync"] = "observe"
    prune: bool = False
    create_namespaces: bool = False
    windows: tuple[Window, ...] = ()
    recursive: bool = True


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
