"""What a person may say of the places beyond the cluster: control planes and the gateways they serve.

Names of secrets stand here, never secrets. The text of a ValueError says what is expected.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from reconciler.settings.fields import (
    Argv,
    Located,
    Name,
    Namespace,
    Seconds,
    Settings,
    Text,
    Variable,
    matching,
    web_url,
)


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
        self.at_most_one("token_env", "token_file", "token_command")
        self.at_most_one("username", "username_env")
        self.at_most_one("password_env", "password_file")
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
    url: Annotated[Text, AfterValidator(web_url)]
    organization: Text = "DEFAULT"
    environment: Text = "DEFAULT"
    clusters: tuple[Text, ...] = ()
    auth: ControlPlaneAuth | None = None
    ca_file: Located | None = None
    insecure_skip_tls_verify: bool = False
    request_timeout_s: Seconds = 10.0


Tag = Annotated[
    str,
    matching(r"!?[^\s,!\x00-\x1f\x7f-\x9f]{1,253}", "one sharding tag, such as internal, or !internal"),
]
"""A sharding tag of a gateway; with `!` before it, what has that tag is not taken."""


class GatewayAuth(Settings):
    """User and password of a gateway's technical API, by name; the user is `admin` where none is given."""

    username: Text | None = None
    username_env: Variable | None = None
    password_env: Variable | None = None
    password_file: Located | None = None
    password_command: Argv | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        self.at_most_one("username", "username_env")
        self.at_most_one("password_env", "password_file", "password_command")
        if not (self.password_env or self.password_file or self.password_command):
            raise ValueError("password_env, password_file or password_command")
        return self


class GatewaySpec(Settings):
    """A data plane: the URL of its technical API, or its pods in a cluster.

    `mode` says where it takes its APIs from: the control plane's repository, or ConfigMaps of a cluster
    (`cluster`, in these `namespaces`, or in all). `tags` are its sharding tags, which its technical API does
    not tell: None means that they are not known, none at all that it takes everything. `port` is that of the
    technical API where a pod does not name one (18082). `control_plane` may be left out where only one is
    known. Without `auth` it is asked without credentials. `request_timeout_s` bounds each request (seconds).
    """

    name: Name
    url: Annotated[Text, AfterValidator(web_url)] | None = None
    cluster: Text | None = None
    namespace: Namespace | None = None
    selector: Text | None = None
    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    control_plane: Text | None = None
    mode: Literal["repository", "kubernetes"] = "repository"
    namespaces: tuple[Namespace, ...] = ()
    tags: tuple[Tag, ...] | None = None
    auth: GatewayAuth | None = None
    ca_file: Located | None = None
    insecure_skip_tls_verify: bool = False
    request_timeout_s: Seconds = 5.0

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        repository = self.mode == "repository"
        if self.url is not None and (self.namespace or self.selector or (self.cluster and repository)):
            raise ValueError("url, or cluster with namespace and selector; both are set")
        if self.url is None and not (self.cluster and self.namespace and self.selector):
            raise ValueError("url, or all of cluster, namespace and selector")
        if self.cluster is None and not repository:
            raise ValueError("cluster: the one whose ConfigMaps it reads (mode: kubernetes)")
        if self.namespaces and repository:
            raise ValueError("mode: kubernetes beside namespaces")
        return self

    @model_validator(mode="after")
    def _one_way_there(self) -> Self:
        if self.url is not None and self.port is not None:
            raise ValueError("the port in the url, not beside it")
        encrypted = self.url is not None and self.url.lower().startswith("https:")
        if not encrypted and (self.ca_file or self.insecure_skip_tls_verify):
            raise ValueError("a url that begins with https: beside ca_file and insecure_skip_tls_verify")
        return self
