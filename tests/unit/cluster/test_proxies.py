"""The way through a proxy: the kubeconfig's, or the environment's by the rules that kubectl follows."""

from __future__ import annotations

import pytest
from aiohttp import web

from reconciler.cluster.proxies import bypassed
from reconciler.model.errors import ConfigurationError
from tests.unit.cluster.asking import Open, answers, failure
from tests.unit.cluster.fake_api import FakeApi


async def test_a_proxy_of_the_kubeconfig_is_used(server: FakeApi, connect: Open) -> None:
    client = await connect("http://cluster.invalid", cluster={"proxy-url": server.url})
    assert await client.get("/version") == {"gitVersion": "v1.33.1"}
    assert server.requests[-1].host == "cluster.invalid"


async def test_a_proxy_of_the_environment_is_used_unless_no_proxy_says_otherwise(
    server: FakeApi, connect: Open
) -> None:
    environ = {"HTTP_PROXY": server.url}
    client = await connect("http://cluster.invalid", environ=environ)
    assert await client.get("/version")

    environ["NO_PROXY"] = ".invalid"
    direct = await connect("http://cluster.invalid", environ=environ)
    assert "cannot be" in str(await failure(direct))


async def test_a_proxy_that_is_not_one(connect: Open) -> None:
    with pytest.raises(ConfigurationError, match="not the URL of a proxy") as caught:
        await connect("http://cluster.invalid", cluster={"proxy-url": "ftp://u:pa55@proxy"})
    assert "pa55" not in str(caught.value)


async def test_a_proxy_that_refuses(connect: Open, server: FakeApi) -> None:
    answers(server, lambda: web.Response(status=407))
    error = await failure(await connect("https://cluster.invalid", cluster={"proxy-url": server.url}))
    assert "the proxy refused the way" in str(error)
    assert "proxy-url" in error.next_step


@pytest.mark.parametrize(
    ("server", "no_proxy", "expected"),
    [
        ("https://localhost:6443", "", True),
        ("https://127.0.0.5", "", True),
        ("https://[::1]:6443", "", True),
        ("https://k8s.example.org", "", False),
        ("https://k8s.example.org", "*", True),
        ("https://k8s.example.org", "other.org, example.org", True),
        ("https://k8s.example.org", ".example.org", True),
        ("https://example.org", ".example.org", True),
        ("https://badexample.org", "example.org", False),
        ("https://K8S.Example.org", "k8s.example.ORG", True),
        ("https://k8s.example.org:6443", "k8s.example.org:6443", True),
        ("https://k8s.example.org:6443", "k8s.example.org:443", False),
        ("https://10.1.2.3:6443", "10.0.0.0/8", True),
        ("https://10.1.2.3:6443", "10.1.2.4", False),
        ("https://[fd00::7]", "fd00::/16", True),
    ],
)
def test_no_proxy(server: str, no_proxy: str, expected: bool) -> None:
    assert bypassed(server, no_proxy) is expected
