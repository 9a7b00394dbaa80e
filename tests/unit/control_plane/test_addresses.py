"""Addresses: two ways to write one server are one, and the proxies of the environment are those GKO takes."""

from __future__ import annotations

import pytest

from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.places import canonical_server, name_of
from reconciler.control_plane.proxies import proxy_for
from reconciler.control_plane.refs import API, SUBSCRIPTION, StateRef, automation_path


@pytest.mark.parametrize(
    "url",
    [
        "https://apim.example.org",
        "https://APIM.example.org:443/",
        "https://apim.example.org./management",
        "https://apim.example.org/management/v2/",
        "  https://apim.example.org//automation",
    ],
)
def test_one_server_is_one_however_it_is_written(url: str) -> None:
    server, paths = canonical_server(url, subject="x")
    assert server == "https://apim.example.org"
    assert paths.automation == "/automation"


def test_ports_paths_and_ipv6_addresses_are_kept() -> None:
    assert canonical_server("http://[::1]:8083/apim/management", subject="x")[0] == "http://[::1]:8083/apim"
    assert canonical_server("http://a:80", subject="x")[0] == "http://a"


def test_gravitee_cloud_has_paths_of_its_own() -> None:
    server, paths = canonical_server("https://eu.cloudgate.gravitee.io/apim/rest/v2", subject="x")
    assert server == "https://eu.cloudgate.gravitee.io"
    assert paths.management == "/apim/rest"
    assert (
        canonical_server("https://cloudgate.gravitee.io.evil.org", subject="x")[1].management != "/apim/rest"
    )


@pytest.mark.parametrize("url", ["", "apim", "https://a b", "https://a?x=1", "https://a#b", "http://[::1"])
def test_what_is_no_server_is_refused(url: str) -> None:
    with pytest.raises(ControlPlaneError) as caught:
        canonical_server(url, subject="prod")
    assert caught.value.reason == "configuration"


def test_a_name_leaves_out_what_is_always_the_same() -> None:
    assert name_of("https://apim.example.org", "DEFAULT", "prod") == "apim.example.org/prod"
    assert name_of("https://apim.example.org", "acme", "prod") == "apim.example.org/acme/prod"


PROXY = {"HTTPS_PROXY": "proxy.example.org:3128"}


@pytest.mark.parametrize(
    ("server", "no_proxy", "direct"),
    [
        ("https://apim.example.org", "", False),
        ("https://localhost:8083", "", True),
        ("https://127.0.0.1:8083", "", True),
        ("https://apim.example.org", "*", True),
        ("https://apim.example.org", "example.org", True),
        ("https://apim.example.org", ".example.org", True),
        ("https://notexample.org", "example.org", False),
        ("https://apim.example.org:8443", "apim.example.org:8443", True),
        ("https://apim.example.org:8443", "apim.example.org:443", False),
        ("https://10.1.2.3", "10.0.0.0/8", True),
        ("https://11.1.2.3", "10.0.0.0/8, other", False),
    ],
)
def test_no_proxy_means_what_it_means_to_gko(server: str, no_proxy: str, direct: bool) -> None:
    found = proxy_for(server, {**PROXY, "NO_PROXY": no_proxy})
    assert found == (None if direct else "http://proxy.example.org:3128")


def test_a_proxy_for_http_is_none_for_https_and_a_bad_one_is_told_without_its_password() -> None:
    assert proxy_for("https://a", {"HTTP_PROXY": "http://p"}) is None
    with pytest.raises(ControlPlaneError) as caught:
        proxy_for("https://a", {"HTTPS_PROXY": "socks5://user:s3cret@p"})
    assert "HTTPS_PROXY" in caught.value.sentence()
    assert "s3cret" not in caught.value.sentence()


def test_paths_are_quoted_so_that_no_name_leads_elsewhere() -> None:
    assert automation_path(StateRef(API, "a/../b")) == "/apis/a%2F..%2Fb"
    sub = StateRef(SUBSCRIPTION, "s?x", "p/q")
    assert automation_path(sub) == "/apis/p%2Fq/subscriptions/s%3Fx"
    doc = StateRef("Documentation", "d", "p", parent_kind="Portal")
    assert automation_path(doc) == "/portals/p/documentations/d"
    assert automation_path(StateRef("ManagementContext", "x")) is None
