"""Whether a known_hosts file names a host at all: tells a changed key from an unknown host in an error."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path


def knows_host(files: Iterable[str], host: str, port: int | None) -> bool:
    """Whether any line is about this host, plainly, by pattern or hashed (`|1|salt|digest`)."""
    name = host if port in (None, 22) else f"[{host}]:{port}"
    for file in files:
        try:
            lines = Path(file).read_text("utf-8", "replace").splitlines()
        except OSError:
            continue
        for line in lines:
            words = line.split()
            if (
                words
                and not words[0].startswith(("#", "@"))
                and any(_matches(pattern, name) for pattern in words[0].split(","))
            ):
                return True
    return False


def _matches(pattern: str, name: str) -> bool:
    if not pattern.startswith("|1|"):
        literal = pattern.replace("[", "[[]") if pattern.startswith("[") else pattern
        return fnmatchcase(name, literal)
    try:
        salt, digest = (base64.b64decode(part) for part in pattern[3:].split("|"))
    except (ValueError, binascii.Error):
        return False
    return hmac.compare_digest(hmac.digest(salt, name.encode(), "sha1"), digest)
