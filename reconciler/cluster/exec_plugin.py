"""Credentials that a program gives: exec plugins (how EKS, GKE and AKS users log in) and OIDC providers.

They are kept until shortly before they expire, or until the server refuses them. The program runs in a
process group of its own that is ended when it takes too long. What it prints on standard output is never
shown; its standard error is shown bounded, with whatever looks like a credential taken out.

https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Self

import orjson

from reconciler.cluster.credentials import Credential
from reconciler.cluster.endpoint import ClientCertificate, Endpoint
from reconciler.cluster.exec_child import MISSING, RUBBISH
from reconciler.cluster.failures import plain
from reconciler.cluster.trace import instant
from reconciler.model.errors import ClusterError, ConfigurationError

LIMIT_S = 30.0
"""How long a plugin may take: `aws` and `az` need seconds, a person at a browser is not waited for."""
EARLY_S = 30.0
"""Credentials are renewed this long before they expire."""
_CHILD = Path(__file__).with_name("exec_child.py")
_VERSIONS = ("client.authentication.k8s.io/v1", "client.authentication.k8s.io/v1beta1")
_SECRET = re.compile(
    r"eyJ[\w-]+(?:\.[\w-]*)*"  # a JSON Web Token
    r"|(?<![\w+/=-])(?=[\w+/=-]*\d)(?=[\w+/=-]*[A-Za-z])[\w+=-]{24,}"  # a key, an opaque token
    r"|(?<![\w+/=-])(?=[\w+/=-]*\d)(?=[\w+/=-]*[a-z])(?=[\w+/=-]*[A-Z])[\w+=][\w+/=-]{39,}"  # base64
    r"|k8s-aws-v1\.\S+"
)


class ExecCredentials:
    """Credentials of one program, run when they are first needed and again when they are used up.

    Args:
        subject: the cluster's name.
        program: how messages call the program.
        request: what `exec_child` is asked.
        environ: the program's environment, before what the kubeconfig adds.
        clock: seconds since the epoch.
        install_hint: the kubeconfig's advice for where the program is missing.
        fixed: a client certificate that goes along with a token.
        limit_s: seconds that the program may take.
    """

    def __init__(
        self,
        subject: str,
        program: str,
        request: Mapping[str, Any],
        environ: Mapping[str, str],
        clock: Callable[[], float],
        *,
        install_hint: str = "",
        fixed: ClientCertificate | None = None,
        limit_s: float = LIMIT_S,
    ) -> None:
        self.subject = subject
        self.program = program
        self.advice = f"log in again with the tool behind {program}, then it is asked anew"
        self._request = request
        self._environ = environ
        self._clock = clock
        self._install_hint = install_hint
        self._fixed = fixed
        self._limit_s = limit_s
        self._held: Credential | None = None
        self._one_at_a_time = asyncio.Lock()

    @classmethod
    def configured(
        cls, subject: str, endpoint: Endpoint, environ: Mapping[str, str], clock: Callable[[], float]
    ) -> Self:
        """Take an `exec` section of a kubeconfig.

        Raises:
            ConfigurationError: the section is not one that can work here.
        """
        section = endpoint.user.exec_plugin or {}
        command = _checked(section, endpoint.subject)
        if os.sep in command:
            command = str(endpoint.user.folder / command)  # an absolute one stays as it is
        request = {
            "mode": "exec",
            "exec": {**section, "command": command},
            "cluster": dict(endpoint.cluster_info),
        }
        return cls(
            subject,
            f"exec plugin {plain(Path(command).name, 60)}",
            request,
            environ,
            clock,
            install_hint=plain(section.get("installHint") or ""),
            fixed=endpoint.user.certificate,
        )

    @classmethod
    def with_provider(
        cls, subject: str, endpoint: Endpoint, environ: Mapping[str, str], clock: Callable[[], float]
    ) -> Self:
        """Take an `auth-provider` section of a kubeconfig; only `oidc` is still served by Kubernetes.

        Raises:
            ConfigurationError: it is another one.
        """
        section = endpoint.user.auth_provider or {}
        name = plain(section.get("name") or "without a name", 60)
        if name != "oidc" or not isinstance(section.get("config"), dict):
            raise ConfigurationError(
                f"the auth-provider {name} is no longer supported by Kubernetes clients",
                subject=endpoint.subject,
                next_step="write the context anew with your cloud's tool, which uses an exec plugin",
            )
        request = {"mode": "provider", "provider": dict(section)}
        return cls(subject, "auth-provider oidc", request, environ, clock, fixed=endpoint.user.certificate)

    async def current(self) -> Credential:
        """Return what the program gave, running it if need be; many callers wait for one run.

        Raises:
            ClusterError: reason `credentials`: it is missing, fails, hangs, or prints something else.
        """
        async with self._one_at_a_time:
            held = self._held
            expired = held is not None and held.expires_at is not None
            if held is None or (expired and self._clock() >= (held.expires_at or 0.0) - EARLY_S):
                self._held = held = await self._run()
            return held

    async def refresh(self, refused: Credential) -> bool:
        """Run the program again, unless another caller has done so since `refused` was given."""
        async with self._one_at_a_time:
            if self._held is refused or self._held is None:
                self._held = None
                self._held = await self._run()
        return True

    async def _run(self) -> Credential:
        self._look_for_program()
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # nothing is imported from the folder of that file
            str(_CHILD),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=dict(self._environ),
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(self._limit_s):
                output, _ = await child.communicate(orjson.dumps(self._request))
        except TimeoutError:
            raise self._failure(
                f"did not answer within {self._limit_s:g} s",
                "run it in a shell: it may wait for a browser, a password or the network",
            ) from None
        finally:
            # The plugin may have children that hold the pipes open: the whole group goes.
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(child.pid, signal.SIGKILL)
            await child.wait()
        return self._credential(output)

    def _look_for_program(self) -> None:
        if self._request["mode"] != "exec":
            return
        command = self._request["exec"]["command"]
        if shutil.which(command, path=self._environ.get("PATH", os.defpath)) is None:
            where = "does not exist or is not executable" if os.sep in command else "is not on PATH"
            raise self._failure(where, self._install_hint or "install it, or correct `exec.command`")

    def _credential(self, output: bytes) -> Credential:
        try:
            answer = orjson.loads(output)
        except orjson.JSONDecodeError:
            raise self._failure("could not be run", "check that this Python installation is whole") from None
        fault = answer.get("fault")
        if fault is not None:
            words = without_secrets(str(answer.get("words", "")))
            if fault == MISSING:
                raise self._failure(f"cannot be started: {words}", self._install_hint or "install it")
            if fault == RUBBISH:
                raise self._failure(
                    f"printed something else than an ExecCredential: {words}", "run it in a shell"
                )
            raise self._failure(f"failed: {words}", "run it in a shell, or log in again with its tool")
        return self._understood(answer.get("status"))

    def _understood(self, status: object) -> Credential:
        given = status if isinstance(status, dict) else {}
        token, pem, key = (given.get(n) or "" for n in ("token", "clientCertificateData", "clientKeyData"))
        usable = all(isinstance(text, str) for text in (token, pem, key)) and str(token).isprintable()
        if not usable or not (token or (pem and key)):
            raise self._failure("gave neither a token nor a certificate with its key", self.advice)
        certificate = ClientCertificate(pem.encode(), key.encode()) if pem and key else self._fixed
        return Credential(
            f"Bearer {token}" if token else "",
            certificate,
            instant(given.get("expirationTimestamp")) or None,
        )

    def _failure(self, what: str, next_step: str) -> ClusterError:
        return ClusterError(
            f"{self.program} {what}", subject=self.subject, next_step=next_step, reason="credentials"
        )


def without_secrets(text: str, limit: int = 300) -> str:
    """Make what a plugin said safe to show: one bounded line without anything that may be a credential."""
    return plain(_SECRET.sub("‹hidden›", text), limit)


def _checked(section: Mapping[str, Any], subject: str) -> str:
    """The command of a valid `exec` section."""
    command, version = section.get("command"), section.get("apiVersion")
    args, env = section.get("args") or [], section.get("env") or []
    fault = ""
    if not isinstance(command, str) or not command:
        fault = "has no `command`"
    elif version not in _VERSIONS:
        fault = f"has the apiVersion {plain(version, 80)}; known are {' and '.join(_VERSIONS)}"
    elif not isinstance(args, list) or not all(isinstance(arg, str) for arg in args):
        fault = "has `args` that are not a list of strings"
    elif not isinstance(env, list) or not all(
        isinstance(e, dict) and isinstance(e.get("name"), str) and isinstance(e.get("value"), str)
        for e in env
    ):
        fault = "has an `env` that is not a list of {name, value} strings"
    elif section.get("interactiveMode") == "Always":
        fault = "asks for a terminal (interactiveMode: Always), which gko-tui keeps for itself"
    if fault:
        raise ConfigurationError(
            f"the user's exec plugin {fault}",
            subject=subject,
            next_step="write the context anew with a current version of your login tool",
        )
    return str(command)
