"""Asks a server something and looks at the failure: what the tests of the way to a cluster share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from reconciler.cluster.client import KubeClient
from reconciler.model.errors import ClusterError
from tests.unit.cluster.fake_api import FakeApi

Open = Callable[..., Awaitable[KubeClient]]


def answers(server: FakeApi, response: Callable[[], web.Response]) -> None:
    async def every(_: web.Request) -> web.StreamResponse:
        return response()

    server.every = every


async def failure(client: KubeClient, path: str = "/version") -> ClusterError:
    with pytest.raises(ClusterError) as caught:
        await client.get(path)
    assert caught.value.subject == "prod"
    assert caught.value.next_step
    return caught.value
