"""Who sends a request: HTTP Basic, or a personal access token."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping

from reconciler.simulator.apim.platform import Apim
from reconciler.simulator.apim.records import User
from reconciler.simulator.apim.serving.calls import Answer

REALM = 'Basic realm="Gravitee.io Management API"'


def user_of(apim: Apim, headers: Mapping[str, str]) -> User | None:
    """The user whose credentials these are; None where they are missing or wrong."""
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        name = apim.tokens.get(value.strip())
    else:
        name = _basic(apim.passwords, value) if scheme.lower() == "basic" else None
    user = apim.user(name) if name is not None else None
    if user is not None:
        user.connections.noted(apim.sources.now())
    return user


def unauthorized(headers: Mapping[str, str], url: str) -> Answer:
    """What is answered to wrong or missing credentials: only those without a token are asked for some."""
    bearer = headers.get("Authorization", "").lower().startswith("bearer")
    body = {"message": "Unauthorized", "url": url, "status": "401"}
    return Answer(401, body, {} if bearer else {"WWW-Authenticate": REALM})


def fits(credentials: tuple[str, str], headers: Mapping[str, str]) -> bool:
    """Whether a request carries this name and password."""
    name, password = credentials
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    return scheme.lower() == "basic" and _basic({name: password}, value) == name


def _basic(passwords: Mapping[str, str], value: str) -> str | None:
    try:
        name, _, password = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return name if passwords.get(name) == password else None
