"""Runs one credential plugin through the official `kubernetes` package, in a process of its own.

That package waits for plugins without a limit and lets them share the terminal, and importing it costs a
second and 60 MB. In a child process it can be ended together with the plugin, the dashboard keeps its
terminal, and the memory is given back. The request comes as JSON on standard input, the answer goes as JSON
to standard output: credentials touch neither disk nor command line.

This file is started by its path and imports nothing of this project.
"""

from __future__ import annotations

import contextlib
import json
import sys
from typing import Any

MAX_ANSWER = 1024 * 1024
FAILED, MISSING, RUBBISH = "failed", "missing", "rubbish"


def run_exec(request: dict[str, Any]) -> dict[str, Any]:
    """Run an exec plugin; return `{"status": …}` or `{"fault": …, "words": …}`."""
    from kubernetes.config import exec_provider, kube_config
    from kubernetes.config.config_exception import ConfigException

    package: Any = exec_provider  # the package has no types
    node: Any = kube_config.ConfigNode
    try:
        provider = package.ExecProvider(
            node("exec", request["exec"]), None, node("cluster", request["cluster"])
        )
        return {"status": provider.run()}
    except ConfigException as error:
        words = str(error).removeprefix("exec: ")
        rubbish = words.startswith(("failed to decode", "malformed response", "plugin api version"))
        return {"fault": RUBBISH if rubbish else FAILED, "words": words}
    except OSError as error:
        return {"fault": MISSING, "words": error.strerror or "it cannot be started"}
    except Exception as error:  # what the plugin printed is not of the expected form
        return {"fault": RUBBISH, "words": type(error).__name__}


def run_provider(request: dict[str, Any]) -> dict[str, Any]:
    """Get a token of an `auth-provider`, refreshed if it has expired."""
    from kubernetes.client import Configuration
    from kubernetes.config import kube_config

    loader: Any = kube_config.KubeConfigLoader  # the package has no types
    config = {
        "current-context": "only",
        "contexts": [{"name": "only", "context": {"cluster": "only", "user": "only"}}],
        "clusters": [{"name": "only", "cluster": {"server": "https://unused.invalid"}}],
        "users": [{"name": "only", "user": {"auth-provider": request["provider"]}}],
    }
    settings = request["provider"].setdefault("config", {})
    if not any(name.startswith("idp-certificate-authority") for name in settings):
        import certifi  # without an authority the package would not check the provider's certificate

        settings["idp-certificate-authority"] = certifi.where()
    try:
        configuration = Configuration()
        loader(config).load_and_set(configuration)
    except Exception as error:
        return {"fault": FAILED, "words": f"{type(error).__name__}: {error}"}
    authorization = str(configuration.get_api_key_with_prefix("BearerToken") or "")
    return {"status": {"token": authorization.removeprefix("Bearer ")}}


def main() -> None:
    """Answer the one request on standard input."""
    request = json.load(sys.stdin)
    with contextlib.redirect_stdout(sys.stderr):  # nothing but the answer belongs on standard output
        answer = run_exec(request) if request["mode"] == "exec" else run_provider(request)
    text = json.dumps(answer)
    if len(text) > MAX_ANSWER:
        text = json.dumps({"fault": RUBBISH, "words": "it printed more than 1 MiB"})
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
