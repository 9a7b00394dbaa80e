"""Which fields hold credentials: by the kind's paths, by names, by what stands beside them.

Plugin configurations are free-form, so names must decide there. Never by looking for text inside values:
that hides what is harmless and shows what is not. In doubt a value is hidden; the price is a diff that says
"changed" without saying to what.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from reconciler.model.changes import KeyPath, KeyStep

AnyPath = tuple[object, ...]
"""A path whose steps into lists are all the same."""
ANY = 0

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_ALONE = _words(
    """
    apikey apikeys authorization bearer cookie credential credentials jaas keytab passcode passphrase
    passphrases passwd password passwords pin privatekey pwd sas secret secretkey secrets token tokens
    """
)
"""Words that make a name a credential's wherever they stand in it, unless its last word says otherwise."""

_WHOLE = _words("auth")
"""Names that are a credential's only by themselves (a header `auth`, not `authMode`)."""

_KEY_OF = _words(
    """
    access account api client encryption hmac license master private secret session shared sharedaccess
    signature signing storage subscription symmetric
    """
)
"""`key` is a credential's after one of these words (`apiKey`, `X-Api-Key`, `signingKeys`)."""

_JOINED = ("apikey", "apikeys", "secretkey", "privatekey", "accesskey", "sharedkey")

_HARMLESS_END = _words(
    """
    alg algorithm alias attribute audience claim class condition count definition description duration
    enabled encoding endpoint endpoints exchange expiration expired expires expiry format header headers hint
    introspection issuer kind length lifetime location method methods mode name names namespace param
    parameter path paths pattern period placement policy prefix provider realm ref reference refs renewal
    resource resources scope scopes size source strategy timeout ttl type types unit uri uris url urls usage
    user username users validation validity version
    """
)
"""A name that ends so speaks about a credential and does not hold one (`tokenUrl`, `secretRef`)."""

_KEYSTORES = frozenset({"keystore", "keystores", "keystoreconfiguration"})
_KEYSTORE_HARMLESS = frozenset({"type", "path", "certpath", "keypath", "alias", "certcontent", "enabled"})
_PAIR_NAMES = ("name", "key", "headerName", "header")
_URLS = _words(
    """
    url uri urls uris target targets targeturl baseurl href endpoint endpoints location host server serverurl
    """
)

_REFERENCE = re.compile(r"\[\[-?\s*(?:secret|configmap)\s+[`\"'][\w./-]+[`\"']\s*-?\]\]")
_FROM_SECRET = re.compile(r"\[\[-?\s*secret\s")
_SCHEMES = frozenset({"", "basic", "bearer"})

MAPS_BY_NAME = frozenset({"plans", "pages", "responseTemplates", "response_templates", "labels"})
"""Maps whose keys are names that people gave (a plan `API_KEY`), not names of fields."""

KIND_PATHS: dict[str, tuple[tuple[str, ...], ...]] = {
    "Secret": (("data",), ("stringData",)),
    "ManagementContext": (
        ("spec", "auth", "bearerToken"),
        ("spec", "auth", "credentials", "password"),
        ("spec", "cloud", "token"),
    ),
    "Subscription": (("spec", "apiKeys", "*", "key"),),
    "ApiDefinition": (("spec", "plans", "*", "securityDefinition"),),
}
"""Paths whose values, and all below them, are credentials; `*` is any element or map key."""

ANNOTATIONS_WITH_COPIES = frozenset({"kubectl.kubernetes.io/last-applied-configuration"})
"""Annotations that hold a copy of the whole object."""


@lru_cache(maxsize=16_384)
def names_credential(name: str) -> bool:
    """Whether a field, header or property of this name holds a credential."""
    words = [word.lower() for word in _WORD.findall(name)]
    if not words or words[-1] in _HARMLESS_END:
        return False
    joined = "".join(words)
    return (
        joined in _WHOLE
        or any(word in _ALONE for word in words)
        or joined.endswith(_JOINED)
        or any(part in joined for part in ("password", "passphrase"))
        or (len(words) > 1 and words[-1] in ("key", "keys") and words[-2] in _KEY_OF)
    )


def is_container_name(name: str) -> bool:
    """Whether everything inside a field of this name is taken for a credential (`credentials: {…}`)."""
    return name.lower() not in _WHOLE and names_credential(name)


def on_kind_path(kind: str, path: KeyPath) -> bool:
    """Whether a path is at or below one of the kind's credential paths."""
    return any(_starts(path, pattern) for pattern in KIND_PATHS.get(kind, ()))


@lru_cache(maxsize=4_096)
def is_keystore(name: str) -> bool:
    """Whether a field of this name is a key store: what is in it is hidden, its type and paths aside."""
    return name.lower() in _KEYSTORES


@lru_cache(maxsize=4_096)
def hidden_in_keystore(name: str) -> bool:
    """Whether a field inside a key store is a credential."""
    return name.lower() not in _KEYSTORE_HARMLESS


def beside(siblings: Any, name: str) -> bool:
    """Whether the fields beside one make it a credential.

    `value` beside a name that is a credential's (a header, a property), or beside `encrypted: true`; the
    verification key of a JWT plan, unless it is the address of one.
    """
    if not isinstance(siblings, dict):
        return False
    if name in ("value", "defaultValue"):
        if siblings.get("encrypted") is True or siblings.get("encryptable") is True:
            return True
        return any(
            isinstance(siblings.get(key), str) and names_credential(siblings[key]) for key in _PAIR_NAMES
        )
    return name == "resolverParameter" and siblings.get("publicKeyResolver") != "JWKS_URL"


def has_userinfo(path: KeyPath, value: object) -> bool:
    """Whether an address, by the name of its field, carries a user name and password in it."""
    if not isinstance(value, str) or "@" not in value:
        return False
    named = next((step for step in reversed(path) if isinstance(step, str)), "")
    if named.lower() not in _URLS:
        return False
    try:
        return bool(urlsplit(value).username or urlsplit(value).password)
    except ValueError:
        return True  # not an address at all: in doubt, hidden


def is_reference(value: object) -> bool:
    """Whether a text only refers to a Secret or ConfigMap by GKO's template, so that it is none itself."""
    if not isinstance(value, str) or "[[" not in value:
        return False
    return _REFERENCE.sub("", value).strip().lower() in _SCHEMES


def secret_places(document: dict[str, Any]) -> Iterator[AnyPath]:
    """Where a document takes a text from a Secret by GKO's template, in whole or in part."""
    yield from _secret_places(document, ())


def any_element(path: KeyPath) -> AnyPath:
    """A path that does not tell the elements of a list apart."""
    return tuple(step if isinstance(step, str) and not isinstance(step, KeyStep) else ANY for step in path)


def _secret_places(node: Any, path: AnyPath) -> Iterator[AnyPath]:
    if isinstance(node, dict):
        for name, item in node.items():
            yield from _secret_places(item, (*path, name))
    elif isinstance(node, list):
        for item in node:
            yield from _secret_places(item, (*path, ANY))
    elif isinstance(node, str) and "[[" in node and _FROM_SECRET.search(node) is not None:
        yield path


def _starts(path: KeyPath, pattern: tuple[str, ...]) -> bool:
    return len(path) >= len(pattern) and all(
        part in ("*", step) for step, part in zip(path, pattern, strict=False)
    )
