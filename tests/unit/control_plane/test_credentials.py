"""Credentials: from variables, files and commands, read when needed, renewed after a 401, never shown."""

from __future__ import annotations

import asyncio
import base64
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.control_plane.credentials import Authorization, header_of, login_from_settings
from reconciler.control_plane.failures import ControlPlaneError
from reconciler.control_plane.places import Login, LoginSource
from reconciler.settings.model import ControlPlane

SECRET = "s3cr3t-value"


def declared(environ: dict[str, str] | None = None, **auth: Any) -> Callable[[], Login]:
    spec = ControlPlane.model_validate({"name": "prod", "url": "https://apim", "auth": auth})
    source = login_from_settings(spec, environ or {})

    async def read() -> Login:
        return await source()

    return lambda: asyncio.run(read())


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(ControlPlaneError) as caught:
        act()
    assert caught.value.reason == "credentials"
    assert caught.value.next_step
    sentence = caught.value.sentence()
    assert sentence.startswith("prod: ")
    assert SECRET not in sentence
    return sentence


def test_a_token_comes_from_a_variable_a_file_or_a_command(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"{SECRET}\n")
    printing = (sys.executable, "-c", f"print('{SECRET}')")
    assert declared({"TOKEN": SECRET}, token_env="TOKEN")() == Login(token=SECRET)
    assert declared(token_file=str(file))() == Login(token=SECRET)
    assert declared(token_command=printing)() == Login(token=SECRET)


def test_a_password_comes_from_a_variable_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text(SECRET)
    environ = {"APIM_USER": "gko", "APIM_PASSWORD": SECRET}
    by_name = declared(environ, username_env="APIM_USER", password_env="APIM_PASSWORD")
    assert by_name() == Login(username="gko", password=SECRET)
    assert declared(username="gko", password_file=str(file))() == Login(username="gko", password=SECRET)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    assert "the variable TOKEN is not set" in refused(declared(token_env="TOKEN"))
    assert "cannot be read: No such file" in refused(declared(token_file=str(tmp_path / "no")))
    empty = tmp_path / "empty"
    empty.touch()
    assert f"{empty} is empty" in refused(declared(token_file=str(empty)))
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    assert "it is not text" in refused(declared(token_file=str(binary)))


def test_a_command_that_fails_is_named_and_its_output_is_not_shown() -> None:
    failing = (sys.executable, "-c", f"import sys; print('{SECRET}'); sys.exit(3)")
    assert "ended with code 3" in refused(declared(token_command=failing))
    assert "cannot be started" in refused(declared(token_command=("/no/such/command",)))
    assert "printed nothing" in refused(declared(token_command=(sys.executable, "-c", "pass")))


def test_a_header_is_made_of_a_token_or_of_a_user_and_a_password() -> None:
    pair = base64.b64encode(f"gko:{SECRET}".encode()).decode()
    assert header_of("prod", Login(username="gko", password=SECRET)) == f"Basic {pair}"
    assert header_of("prod", Login(token=SECRET, username="gko", password="x")) == f"Bearer {SECRET}"


@pytest.mark.parametrize(
    "login",
    [
        Login(),
        Login(username="gko"),
        Login(password=SECRET),
        Login(username="g:ko", password=SECRET),
        Login(token=f"{SECRET}\r\nX-Evil: 1"),
        Login(token=f"{SECRET} twice"),
        Login(token=f"{SECRET}é"),
    ],
)
def test_what_no_header_may_hold_is_refused(login: Login) -> None:
    refused(lambda: header_of("prod", login))


def of(*tokens: str) -> LoginSource:
    """A source that gives one token after the other; the last for ever."""
    left = list(tokens)

    async def login() -> Login:
        return Login(token=left.pop(0) if len(left) > 1 else left[0])

    return login


async def nothing() -> Login:
    raise ControlPlaneError("no Secret", control_plane="prod", reason="credentials")


def test_after_a_401_the_same_login_is_read_anew_before_the_next_one_is_tried() -> None:
    async def main() -> list[str]:
        authorization = Authorization("prod", (of("old", "new"), of("other")))
        used = [await authorization.header()]
        while await authorization.renewed(used[-1]):
            used.append(await authorization.header())
        return used

    assert asyncio.run(main()) == ["Bearer old", "Bearer new", "Bearer other"]


def test_when_all_were_refused_the_first_is_tried_again_the_next_time() -> None:
    async def main() -> None:
        authorization = Authorization("prod", (of("one"), of("two")))
        assert await authorization.renewed(await authorization.header())
        assert not await authorization.renewed(await authorization.header())
        assert await authorization.header() == "Bearer one"

    asyncio.run(main())


def test_several_requests_that_were_refused_together_renew_once() -> None:
    async def main() -> None:
        authorization = Authorization("prod", (of("old", "new"),))
        header = await authorization.header()
        assert await asyncio.gather(*(authorization.renewed(header) for _ in range(8))) == [True] * 8
        assert await authorization.header() == "Bearer new"

    asyncio.run(main())


def test_a_login_that_gives_nothing_is_passed_over_and_the_first_error_told_if_none_does() -> None:
    async def main() -> None:
        assert await Authorization("prod", (nothing, of("two"))).header() == "Bearer two"
        with pytest.raises(ControlPlaneError, match="no Secret"):
            await Authorization("prod", (nothing, nothing)).header()
        assert await Authorization("prod", ()).header() == ""

    asyncio.run(main())
