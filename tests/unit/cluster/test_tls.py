"""TLS as clusters have it: own authorities, other names, client certificates, and none that fits."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from reconciler.cluster.credentials import Credential
from reconciler.cluster.endpoint import ClientCertificate
from reconciler.model.errors import ConfigurationError
from tests.peers.certificates import Authority
from tests.peers.kubeconfig import inline
from tests.unit.cluster.asking import Open, failure
from tests.unit.cluster.fake_api import FakeApi


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    folder = tmp_path / "authority"
    folder.mkdir()
    return Authority(folder)


def server_side(authority: Authority, *hosts: str, demand_client: bool = False) -> ssl.SSLContext:
    pair = authority.server("server", list(hosts))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    if demand_client:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.ca_file)
    return context


async def test_tls_with_the_kubeconfigs_authority(authority: Authority, connect: Open) -> None:
    server = await FakeApi().start(server_side(authority, "127.0.0.1"))
    by_data = await connect(server.url, cluster={"certificate-authority-data": inline(authority.ca_file)})
    assert await by_data.get("/version") == {"gitVersion": "v1.33.1"}
    by_file = await connect(server.url, cluster={"certificate-authority": str(authority.ca_file)})
    assert await by_file.get("/version")
    await server.stop()


async def test_a_certificate_of_an_unknown_authority(authority: Authority, connect: Open) -> None:
    server = await FakeApi().start(server_side(authority, "127.0.0.1"))
    error = await failure(await connect(server.url))
    assert error.reason == "tls"
    assert "is not valid:" in str(error)
    assert "certificate-authority-data" in error.next_step

    insecure = await connect(server.url, cluster={"insecure-skip-tls-verify": True})
    assert await insecure.get("/version")
    await server.stop()


async def test_a_certificate_for_another_name_and_tls_server_name(
    authority: Authority, connect: Open
) -> None:
    server = await FakeApi().start(server_side(authority, "kubernetes.default.svc"))
    ca = {"certificate-authority-data": inline(authority.ca_file)}
    error = await failure(await connect(server.url, cluster=ca))
    assert error.reason == "tls"
    named = await connect(server.url, cluster={**ca, "tls-server-name": "kubernetes.default.svc"})
    assert await named.get("/version")
    wrong = await failure(await connect(server.url, cluster={**ca, "tls-server-name": "other.svc"}))
    assert wrong.reason == "tls"
    await server.stop()


async def test_a_client_certificate_is_presented(authority: Authority, connect: Open) -> None:
    server = await FakeApi().start(server_side(authority, "127.0.0.1", demand_client=True))
    ca = {"certificate-authority-data": inline(authority.ca_file)}
    pair = authority.client("sre", "sre")
    user = {"client-certificate": str(pair.certificate), "client-key-data": inline(pair.key)}
    assert await (await connect(server.url, user=user, cluster=ca)).get("/version")

    assert (await failure(await connect(server.url, cluster=ca))).reason in ("tls", "refused")
    await server.stop()


async def test_a_certificate_and_a_key_that_do_not_belong_together(
    authority: Authority, connect: Open
) -> None:
    one, other = authority.client("one", "one"), authority.client("other", "other")
    user = {"client-certificate-data": inline(one.certificate), "client-key-data": inline(other.key)}
    client = await connect("https://127.0.0.1:1", user=user)
    with pytest.raises(ConfigurationError, match="client certificate or its key cannot be used"):
        await client.get("/version")


async def test_https_to_a_server_that_speaks_http(server: FakeApi, connect: Open) -> None:
    error = await failure(await connect(server.url.replace("http:", "https:")))
    assert error.reason == "tls"
    assert "does not speak TLS" in str(error)


async def test_a_new_client_certificate_does_not_break_what_is_under_way(
    server: FakeApi, connect: Open
) -> None:
    class Rotating:
        advice = ""
        number = 0

        async def current(self) -> Credential:
            self.number += 1
            return Credential("", ClientCertificate(b"", b"%d" % self.number))

        async def refresh(self, refused: Credential) -> bool:
            return True

    client = await connect(server.url)
    plain_pool = client._connect
    client._credentials = Rotating()
    client._connect = lambda _: plain_pool(None)
    lines = client.stream_lines("/apis/gravitee.io/v1alpha1/apiv4definitions", {"watch": True})
    assert await anext(lines) == b""
    assert await client.get("/version") == {"gitVersion": "v1.33.1"}
    watch = await server.watch()
    watch.write(b"{}\n")
    assert await anext(lines) == b"{}"
    await lines.aclose()
