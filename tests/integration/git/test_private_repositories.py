"""Private Git: tokens, authorities, proxies, keys, agents, host keys, each against a real server."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest

from reconciler.git import remote
from reconciler.git.source import GitSource
from reconciler.model.errors import SourceError
from reconciler.settings.model import YamlRender
from tests.integration.git.servers import (
    ConnectProxy,
    GitHttpServer,
    RedirectServer,
    SilentServer,
    SshAgent,
    SshServer,
    make_key,
)
from tests.peers.certificates import Authority
from tests.peers.processes import free_port
from tests.unit.git.repository import Repo, manifest

TOKEN = "ghp_Very-Secret+Token/42"
MakeSource = Callable[..., GitSource]
StartHttp = Callable[..., GitHttpServer]


def _head(repo: Repo) -> str:
    return str(repo.git.head.target)


def _everything_below(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.rglob("*") if file.is_file())


def test_a_public_repository_is_mirrored_and_read(
    repo: Repo, http_server: StartHttp, make_source: MakeSource, tmp_path: Path
) -> None:
    source = make_source(http_server().url("apis.git"))
    revision = source.refresh()
    assert revision == _head(repo)
    rendering = source.render(revision, "apis", YamlRender(), recursive=True)
    assert [str(document.key) for document in rendering.documents] == ["ApiV4Definition/one"]
    mirrors = tmp_path / "state" / "mirrors"
    assert {path.stat().st_mode & 0o777 for path in (mirrors, *mirrors.glob("*.git"))} == {0o700}


def test_a_token_behind_an_own_authority_lets_in_and_is_written_nowhere(
    repo: Repo, http_server: StartHttp, authority: Authority, make_source: MakeSource, tmp_path: Path
) -> None:
    server = http_server(secure=True, credentials=("bot", TOKEN))
    source = make_source(
        server.url("apis.git"),
        environ={"GIT_TOKEN": TOKEN},
        username="bot",
        token_env="GIT_TOKEN",
        ca_file=authority.ca_file,
    )
    assert source.refresh() == _head(repo)
    assert TOKEN.encode() not in _everything_below(tmp_path / "state")


@pytest.mark.parametrize("way", ["token_file", "token_command"])
def test_a_token_may_come_from_a_file_or_a_command(
    way: str, repo: Repo, http_server: StartHttp, make_source: MakeSource, tmp_path: Path
) -> None:
    server = http_server(credentials=("x-access-token", TOKEN))
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    auth = {"token_file": file} if way == "token_file" else {"token_command": ("cat", str(file))}
    assert make_source(server.url("apis.git"), **auth).refresh() == _head(repo)


def test_a_wrong_token_is_refused_without_being_shown(
    http_server: StartHttp, make_source: MakeSource
) -> None:
    server = http_server(credentials=("bot", TOKEN))
    source = make_source(
        server.url("apis.git"),
        environ={"GIT_TOKEN": "wrong-but-secret"},
        username="bot",
        token_env="GIT_TOKEN",
    )
    with pytest.raises(SourceError, match="refused the token in GIT_TOKEN") as caught:
        source.refresh()
    assert "wrong-but-secret" not in str(caught.value)
    assert caught.value.next_step


def test_a_token_does_not_follow_a_redirect_to_another_host(
    repo: Repo, http_server: StartHttp, make_source: MakeSource, closing: ExitStack
) -> None:
    elsewhere = http_server(credentials=("bot", TOKEN))
    redirecting = RedirectServer(elsewhere.url("", host="127.0.0.1").rstrip("/"))
    closing.callback(redirecting.close)
    source = make_source(
        f"{redirecting.url}/apis.git", environ={"GIT_TOKEN": TOKEN}, username="bot", token_env="GIT_TOKEN"
    )
    with pytest.raises(SourceError, match=r"localhost redirects to http://127\.0\.0\.1"):
        source.refresh()
    assert set(elsewhere.authorizations) == {""}

    same_host = RedirectServer(elsewhere.url("", host="localhost").rstrip("/"))
    closing.callback(same_host.close)
    allowed = make_source(
        f"{same_host.url}/apis.git", environ={"GIT_TOKEN": TOKEN}, username="bot", token_env="GIT_TOKEN"
    )
    assert allowed.refresh() == _head(repo)


def test_a_server_that_asks_finds_no_credentials(http_server: StartHttp, make_source: MakeSource) -> None:
    server = http_server(credentials=("bot", TOKEN))
    with pytest.raises(SourceError, match="asks for credentials") as caught:
        make_source(server.url("apis.git")).refresh()
    assert "token_env" in caught.value.next_step


def test_an_unset_variable_is_named(http_server: StartHttp, make_source: MakeSource) -> None:
    with pytest.raises(SourceError, match="GIT_TOKEN is not set"):
        make_source(http_server().url("apis.git"), token_env="GIT_TOKEN").refresh()


def test_a_token_command_that_fails_is_named_and_its_token_hidden(
    http_server: StartHttp, make_source: MakeSource
) -> None:
    command = ("sh", "-c", f"echo {TOKEN}; echo leaked {TOKEN} >&2; exit 3")
    with pytest.raises(SourceError, match=r"gave no token \(exit code 3\)") as caught:
        make_source(http_server().url("apis.git"), token_command=command).refresh()
    assert TOKEN not in str(caught.value)


def test_an_unknown_authority_is_refused_unless_told_otherwise(
    repo: Repo, http_server: StartHttp, make_source: MakeSource
) -> None:
    server = http_server(secure=True)
    with pytest.raises(SourceError, match="certificate of localhost is not trusted") as caught:
        make_source(server.url("apis.git")).refresh()
    assert "ca_file" in caught.value.next_step
    trusting = make_source(server.url("apis.git"), insecure_skip_tls_verify=True)
    assert trusting.refresh() == _head(repo)


def test_an_authority_of_one_source_is_not_trusted_for_another(
    repo: Repo, http_server: StartHttp, authority: Authority, make_source: MakeSource
) -> None:
    server = http_server(secure=True)
    assert make_source(server.url("apis.git"), ca_file=authority.ca_file).refresh() == _head(repo)
    with pytest.raises(SourceError, match="not trusted"):
        make_source(server.url("apis.git")).refresh()


def test_a_certificate_for_another_name_is_refused(
    repo: Repo, authority: Authority, make_source: MakeSource
) -> None:
    server = GitHttpServer(repo.path.parent, tls=authority.server("other", ["other.test"]))
    try:
        with pytest.raises(SourceError, match="not trusted"):
            make_source(server.url("apis.git"), ca_file=authority.ca_file).refresh()
    finally:
        server.close()


def test_a_proxy_of_the_settings_leads_to_a_host_that_only_it_knows(
    repo: Repo, http_server: StartHttp, authority: Authority, proxy: ConnectProxy, make_source: MakeSource
) -> None:
    server = http_server(secure=True, credentials=("bot", TOKEN))
    source = make_source(
        server.url("apis.git", host="git.test"),
        environ={"GIT_TOKEN": TOKEN},
        username="bot",
        token_env="GIT_TOKEN",
        ca_file=authority.ca_file,
        proxy=proxy.url,
    )
    assert source.refresh() == _head(repo)
    assert {asked.partition(":")[0] for asked in proxy.asked} == {"git.test"}


def test_a_proxy_of_the_environment_is_used(
    repo: Repo, http_server: StartHttp, authority: Authority, proxy: ConnectProxy, make_source: MakeSource
) -> None:
    server = http_server(secure=True)
    source = make_source(
        server.url("apis.git", host="git.test"),
        environ={"HTTPS_PROXY": proxy.url},
        ca_file=authority.ca_file,
    )
    assert source.refresh() == _head(repo)
    assert proxy.asked


def test_a_refused_connection_and_an_unknown_host_say_so(make_source: MakeSource) -> None:
    with pytest.raises(SourceError, match="cannot be reached"):
        make_source(f"http://127.0.0.1:{free_port()}/apis.git").refresh()
    with pytest.raises(SourceError, match="has no address"):
        make_source("https://no-such-host.invalid/apis.git").refresh()


def test_an_absent_repository_says_so(http_server: StartHttp, make_source: MakeSource) -> None:
    with pytest.raises(SourceError, match="no such repository"):
        make_source(http_server().url("other.git")).refresh()


def test_a_silent_server_is_left_in_time(make_source: MakeSource, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "STALL_S", 0.5)
    silent = SilentServer()
    try:
        with pytest.raises(SourceError, match="does not answer in time"):
            make_source(f"http://127.0.0.1:{silent.port}/apis.git").refresh()
    finally:
        silent.close()


def test_a_password_in_a_url_is_used_and_never_shown(
    repo: Repo, http_server: StartHttp, make_source: MakeSource, tmp_path: Path
) -> None:
    server = http_server(credentials=("bot", "pass-word"))
    url = server.url("apis.git", host="127.0.0.1")
    address = remote.Address(url.replace("://", "://bot:pass-word@"))
    assert (address.url, address.username, address.password) == (url, "bot", "pass-word")
    assert "pass-word" not in address.shown


def test_when_fetching_fails_the_last_known_revision_can_still_be_read(
    repo: Repo, http_server: StartHttp, make_source: MakeSource
) -> None:
    server = http_server()
    source = make_source(server.url("apis.git"))
    assert source.last_known() is None
    revision = source.refresh()
    server.close()
    with pytest.raises(SourceError, match="cannot be reached"):
        source.refresh()
    assert source.last_known() == revision
    assert source.render(revision, "", YamlRender(), recursive=True).complete


def test_the_mirror_follows_a_forced_push_and_keeps_what_it_replaced(
    repo: Repo, http_server: StartHttp, make_source: MakeSource
) -> None:
    first = _head(repo)
    second = repo.commit({"apis/two.yaml": manifest("two")})
    source = make_source(http_server().url("apis.git"))
    assert source.refresh() == second
    repo.force("main", repo.commit({"apis/three.yaml": manifest("three")}, parents=[first], branch="aside"))
    forced = source.refresh()
    assert forced == _head(repo) != second
    old = source.render(second, "apis", YamlRender(), recursive=True)
    assert {document.key.name for document in old.documents} == {"one", "two"}


def test_a_branch_that_is_deleted_on_the_server_is_gone_here(
    repo: Repo, http_server: StartHttp, make_source: MakeSource
) -> None:
    repo.commit({"a.yaml": manifest("a")}, branch="feature")
    source = make_source(http_server().url("apis.git"), ref="feature")
    source.refresh()
    repo.git.references.delete("refs/heads/feature")
    with pytest.raises(SourceError, match="no branch, tag or commit 'feature'"):
        source.refresh()


def test_the_default_branch_follows_the_server(
    repo: Repo, http_server: StartHttp, make_source: MakeSource
) -> None:
    source = make_source(http_server().url("apis.git"))
    source.refresh()
    other = repo.commit({"a.yaml": manifest("a")}, branch="trunk")
    repo.git.set_head("refs/heads/trunk")
    assert source.refresh() == other


def test_an_empty_remote_has_no_commits(repo: Repo, http_server: StartHttp, make_source: MakeSource) -> None:
    Repo(repo.path.parent / "empty.git")
    with pytest.raises(SourceError, match="has no commits"):
        make_source(http_server().url("empty.git")).refresh()


def test_a_key_lets_in_where_the_host_is_known(
    repo: Repo, ssh_server: SshServer, make_source: MakeSource, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "key")
    ssh_server.authorize(key)
    hosts = ssh_server.known_hosts(tmp_path / "hosts")
    source = make_source(ssh_server.url(repo.path), ssh_key=key, known_hosts=hosts)
    assert source.refresh() == _head(repo)


def test_a_key_with_a_passphrase_lets_in(
    repo: Repo, ssh_server: SshServer, make_source: MakeSource, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "key", kind="ecdsa", passphrase="open sesame")
    ssh_server.authorize(key)
    hosts = ssh_server.known_hosts(tmp_path / "hosts")
    good = make_source(
        ssh_server.url(repo.path),
        environ={"PASS": "open sesame"},
        ssh_key=key,
        ssh_passphrase_env="PASS",
        known_hosts=hosts,
    )
    assert good.refresh() == _head(repo)
    bad = make_source(
        ssh_server.url(repo.path),
        environ={"PASS": "wrong words"},
        ssh_key=key,
        ssh_passphrase_env="PASS",
        known_hosts=hosts,
    )
    with pytest.raises(SourceError, match="refused the key") as caught:
        bad.refresh()
    assert "wrong words" not in str(caught.value)


def test_an_agent_lets_in_and_the_home_knows_the_host(
    repo: Repo, ssh_server: SshServer, ssh_agent: SshAgent, make_source: MakeSource, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "key")
    ssh_server.authorize(key)
    ssh_agent.add(key)
    home = tmp_path / "someone"
    hosts = ssh_server.known_hosts(home / ".ssh" / "known_hosts")
    # Lines that libssh2 cannot read stand in most real files.
    hosts.write_text(
        "@cert-authority *.example.org ssh-ed25519 AAAA\n"
        "h sk-ssh-ed25519@openssh.com AAAA\n# words\n\n" + hosts.read_text()
    )
    env = {"HOME": str(home), "SSH_AUTH_SOCK": str(ssh_agent.socket)}
    assert make_source(ssh_server.url(repo.path), environ=env).refresh() == _head(repo)
    assert make_source(ssh_server.url(repo.path), environ=env, ssh_agent=True).refresh() == _head(repo)


def test_hashed_known_hosts_are_understood(
    repo: Repo, ssh_server: SshServer, make_source: MakeSource, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "key")
    ssh_server.authorize(key)
    hosts = ssh_server.known_hosts(tmp_path / "hosts")
    subprocess.run(["ssh-keygen", "-q", "-H", "-f", str(hosts)], check=True, capture_output=True)
    assert hosts.read_text().startswith("|1|")
    source = make_source(ssh_server.url(repo.path), ssh_key=key, known_hosts=hosts)
    assert source.refresh() == _head(repo)


def test_an_unknown_host_is_refused(
    repo: Repo, ssh_server: SshServer, make_source: MakeSource, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "key")
    ssh_server.authorize(key)
    with pytest.raises(SourceError, match=r"host key of 127\.0\.0\.1 is unknown") as caught:
        make_source(ssh_server.url(repo.path), ssh_key=key).refresh()
    assert f"ssh-keyscan -p {ssh_server.port} 127.0.0.1" in caught.value.next_step


def test_a_changed_host_key_is_refused_with_other_words(
    repo: Repo, ssh_server: SshServer, make_source: MakeSource, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "key")
    ssh_server.authorize(key)
    hosts = ssh_server.known_hosts(tmp_path / "hosts", key=make_key(tmp_path / "imposter"))
    with pytest.raises(SourceError, match="is not the one in"):
        make_source(ssh_server.url(repo.path), ssh_key=key, known_hosts=hosts).refresh()


def test_a_key_that_the_server_does_not_know_is_refused(
    repo: Repo, ssh_server: SshServer, make_source: MakeSource, tmp_path: Path
) -> None:
    key = make_key(tmp_path / "key")
    hosts = ssh_server.known_hosts(tmp_path / "hosts")
    with pytest.raises(SourceError, match="refused the key"):
        make_source(ssh_server.url(repo.path), ssh_key=key, known_hosts=hosts).refresh()


def test_an_agent_that_does_not_run_is_named(repo: Repo, make_source: MakeSource) -> None:
    with pytest.raises(SourceError, match="no SSH agent runs"):
        make_source("ssh://git@127.0.0.1/x.git", ssh_agent=True).refresh()
