"""The TLS side of a connection to an API server: authorities, client certificate, the name to check.

kubectl's behaviour is followed where Python's defaults differ, so that what works there works here.
"""

from __future__ import annotations

import os
import ssl
import tempfile
from pathlib import Path

from reconciler.cluster.endpoint import ClientCertificate, Endpoint
from reconciler.model.errors import ConfigurationError


class _NamedContext(ssl.SSLContext):
    """A context that asks for, and checks, another name than the URL's (`tls-server-name`).

    httpx can name another server per request, but not through a proxy; this holds on every way.
    """

    server_name: str = ""

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        name = self.server_name or server_hostname
        return super().wrap_bio(incoming, outgoing, server_side, name, session)


def tls_context(endpoint: Endpoint, certificate: ClientCertificate | None) -> ssl.SSLContext:
    """Build the context for one endpoint and, if there is one, a client certificate.

    Raises:
        ConfigurationError: the authority or the certificate and its key cannot be used.
    """
    context = _NamedContext(ssl.PROTOCOL_TLS_CLIENT)
    context.server_name = endpoint.tls_server_name
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # Python 3.13 refuses authorities without key identifiers, which many clusters have; Go does not.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if endpoint.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    elif endpoint.ca is not None:
        _trust(context, endpoint)
    else:
        _trust_system(context)
    if certificate is not None:
        _present(context, endpoint, certificate)
    return context


def _trust(context: ssl.SSLContext, endpoint: Endpoint) -> None:
    try:
        context.load_verify_locations(cadata=endpoint.ca)
    except (ssl.SSLError, ValueError) as error:
        why = getattr(error, "reason", None) or "it is not a certificate"
        raise ConfigurationError(
            f"the certificate authority cannot be used: {why}",
            subject=endpoint.subject,
            next_step="correct `certificate-authority` or `certificate-authority-data`",
        ) from None


def _trust_system(context: ssl.SSLContext) -> None:
    paths = ssl.get_default_verify_paths()
    if paths.cafile or paths.capath:
        context.load_default_certs()
    else:  # a Python that knows no system store
        import certifi

        context.load_verify_locations(certifi.where())


def _present(context: ssl.SSLContext, endpoint: Endpoint, certificate: ClientCertificate) -> None:
    """Load a certificate and key; OpenSSL reads files only, so they lie in a private one for a moment."""
    handle, name = tempfile.mkstemp(prefix="gko-tui-", suffix=".pem")  # mode 0600
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(certificate.certificate.rstrip() + b"\n" + certificate.key)
        context.load_cert_chain(name, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise ConfigurationError(
            f"the client certificate or its key cannot be used: {getattr(error, 'reason', None) or error}",
            subject=endpoint.subject,
            next_step="check that they belong together and that the key has no password",
        ) from None
    finally:
        Path(name).unlink(missing_ok=True)


def _no_password() -> str:
    """Stand where OpenSSL would otherwise ask on the terminal, which is the dashboard's."""
    raise ValueError("the key is protected by a password")
