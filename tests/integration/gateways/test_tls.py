"""Gateways behind a URL that speaks TLS: whose certificate is believed, and what is said of the others."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from reconciler.gateways.opening import access_of
from reconciler.settings.model import GatewaySpec
from tests.integration.control_plane.relay import Relay, pair_of
from tests.integration.gateways.data_plane import data_plane


async def test_the_configured_authority_is_believed(tmp_path: Path) -> None:
    ca_file, pair = pair_of(tmp_path / "ca", "127.0.0.1")
    async with data_plane("gw-0") as plane, Relay(plane.servers["gw-0"].url, pair) as relay:
        plane.poll()
        assert await plane.look(url=relay.url, ca_file=ca_file) == "ready", plane.states["edge"].message


async def test_an_authority_without_key_identifiers_is_believed_by_a_strict_python_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    add, made = x509.CertificateBuilder.add_extension, ssl.create_default_context
    identifiers = (x509.SubjectKeyIdentifier, x509.AuthorityKeyIdentifier)

    def add_some(builder: Any, extension: Any, critical: bool) -> Any:
        return builder if isinstance(extension, identifiers) else add(builder, extension, critical)

    def strict() -> ssl.SSLContext:  # as Python 3.13 makes it
        context = made()
        context.verify_flags |= ssl.VERIFY_X509_STRICT
        return context

    monkeypatch.setattr(x509.CertificateBuilder, "add_extension", add_some)
    monkeypatch.setattr(ssl, "create_default_context", strict)
    ca_file, pair = pair_of(tmp_path / "ca", "127.0.0.1")
    async with data_plane("gw-0") as plane, Relay(plane.servers["gw-0"].url, pair) as relay:
        plane.poll()
        assert await plane.look(url=relay.url, ca_file=ca_file) == "ready", plane.states["edge"].message


@pytest.mark.parametrize(
    ("host", "own_authority", "words"),
    [("127.0.0.1", False, "certificate"), ("gateway.example.org", True, "127.0.0.1")],
    ids=["another authority", "another host"],
)
async def test_another_certificate_is_refused_with_the_reason(
    tmp_path: Path, host: str, own_authority: bool, words: str
) -> None:
    ca_file, pair = pair_of(tmp_path / "ca", host)
    other, _ = pair_of(tmp_path / "other", "127.0.0.1")
    async with data_plane("gw-0") as plane, Relay(plane.servers["gw-0"].url, pair) as relay:
        assert await plane.look(url=relay.url, ca_file=ca_file if own_authority else other) == "failed"
        message = plane.states["edge"].message
        assert "TLS with the technical API failed" in message and words in message
        assert plane.servers["gw-0"].requests == [], "no credentials are sent to whom one cannot believe"


async def test_any_certificate_is_taken_only_where_that_was_asked_for(tmp_path: Path) -> None:
    _, pair = pair_of(tmp_path / "ca", "gateway.example.org")
    async with data_plane("gw-0") as plane, Relay(plane.servers["gw-0"].url, pair) as relay:
        plane.poll()
        assert await plane.look(url=relay.url) == "failed"
        assert await plane.look(url=relay.url, insecure_skip_tls_verify=True) == "ready"


async def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    async with data_plane() as plane:
        phase = await plane.look(url="https://127.0.0.1:1", ca_file=tmp_path / "gone.pem")
        assert phase == "failed"
        assert f"the authority {tmp_path / 'gone.pem'} cannot be used" in plane.states["edge"].message


async def test_an_answer_that_never_ends_is_given_up_in_time() -> None:
    async with data_plane("gw-0") as plane, Relay(plane.servers["gw-0"].url) as relay:
        relay.endless = True
        assert await plane.look(url=relay.url, request_timeout_s=0.3) == "failed"
        assert "did not answer in time (0.3 s)" in plane.states["edge"].message


def test_what_the_way_needs_is_read_off_the_configuration_and_nothing_is_added() -> None:
    bare = access_of(GatewaySpec(name="edge", url="https://gw"))
    assert bare.auth is None and bare.timeout_s == 5 and not bare.insecure_skip_tls_verify
    full = access_of(
        GatewaySpec.model_validate(
            {
                "name": "edge",
                "url": "https://gw",
                "auth": {"username_env": "USER", "password_command": ["pass", "gw"]},
                "ca_file": "/ca.pem",
                "request_timeout_s": 2,
            }
        )
    )
    assert full.auth is not None
    assert (full.auth.username_env, full.auth.password_command) == ("USER", ("pass", "gw"))
    assert (full.ca_file, full.timeout_s) == (Path("/ca.pem"), 2)
