"""Real Git servers for one test: smart HTTP around git's own backend, a proxy, OpenSSH. All on loopback."""

from __future__ import annotations

import base64
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from dataclasses import dataclass, field
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

from tests.peers.certificates import Pair
from tests.peers.processes import ServerProcess, free_port


class _Handler(BaseHTTPRequestHandler):
    """CGI for `git http-backend`, with one user's password if the server has one."""

    server: GitHttpServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._backend(b"")

    def do_POST(self) -> None:
        self._backend(self.rfile.read(int(self.headers.get("Content-Length", 0))))

    def _backend(self, body: bytes) -> None:
        self.server.requests.append(self.path)
        self.server.authorizations.append(self.headers.get("Authorization", ""))
        if not self._allowed():
            self.send_response(401)
            self.send_header("WWW-Authenticate", 'Basic realm="git"')
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        parts = urlsplit(self.path)
        env = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.server.root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH_INFO": parts.path,
            "QUERY_STRING": parts.query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
            "REMOTE_USER": "tester",
        }
        done = subprocess.run(["git", "http-backend"], input=body, env=env, capture_output=True, check=False)
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
        status = next((value for name, value in headers if name == "Status"), "200 OK")
        self.send_response(int(status.split()[0]))
        for name, value in headers:
            if name not in ("Status", "Content-Length"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _allowed(self) -> bool:
        wanted = self.server.credentials
        if wanted is None:
            return True
        sent = self.headers.get("Authorization", "")
        return sent == "Basic " + base64.b64encode(":".join(wanted).encode()).decode()

    def log_message(self, format: str, *args: object) -> None:
        """Stay quiet."""


class GitHttpServer(ThreadingHTTPServer):
    """Serves every repository below `root`; TLS with a certificate, a password with credentials."""

    daemon_threads = True

    def __init__(
        self, root: Path, *, tls: Pair | None = None, credentials: tuple[str, str] | None = None
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.root = root
        self.credentials = credentials
        self.requests: list[str] = []
        self.authorizations: list[str] = []
        self.scheme = "http"
        if tls is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(tls.certificate, tls.key)
            self.socket = context.wrap_socket(self.socket, server_side=True)
            self.scheme = "https"
        threading.Thread(target=partial(self.serve_forever, 0.02), daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that refuses the certificate is what some tests want."""

    def url(self, repository: str, host: str = "localhost") -> str:
        """The URL of a repository below the root."""
        return f"{self.scheme}://{host}:{self.server_address[1]}/{repository}"

    def close(self) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()


class RedirectServer(ThreadingHTTPServer):
    """Sends every request on to the same path below another URL."""

    daemon_threads = True

    def __init__(self, target: str) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(302)
                self.send_header("Location", target + self.path)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Stay quiet."""

        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://localhost:{self.server_address[1]}"
        threading.Thread(target=partial(self.serve_forever, 0.02), daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self.shutdown()
        self.server_close()


class SilentServer:
    """Accepts connections and never says a word."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    def close(self) -> None:
        self._socket.close()


@dataclass
class ConnectProxy:
    """A proxy that knows CONNECT only, and remembers whom it was asked for."""

    asked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            head += client.recv(4096)
        target = head.split()[1].decode()
        self.asked.append(target)
        host, _, port = target.rpartition(":")
        upstream = socket.create_connection(("127.0.0.1" if host == "git.test" else host, int(port)))
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        back = threading.Thread(target=_pump, args=(upstream, client), daemon=True)
        back.start()
        _pump(client, upstream)
        back.join()
        upstream.close()
        client.close()

    def close(self) -> None:
        """Stop accepting."""
        self._socket.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def find_sshd() -> Path | None:
    """OpenSSH's server, if this machine has it."""
    found = shutil.which("sshd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin:/sbin")
    return Path(found) if found else None


def make_key(path: Path, *, kind: str = "ed25519", passphrase: str = "") -> Path:
    """Make an SSH key pair; return the private one."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-C", "test", "-f", str(path)], check=True
    )
    return path


class SshServer:
    """OpenSSH on a loopback port, for the user who runs the tests and the keys that are authorized."""

    def __init__(self, folder: Path, sshd: Path) -> None:
        self.folder = folder
        folder.mkdir()
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where a privileged sshd locks itself in
        self.host_key = make_key(folder / "host")
        self.authorized = folder / "authorized_keys"
        self.authorized.touch()
        self.port = free_port()
        config = folder / "sshd_config"
        config.write_text(
            f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {self.host_key}\n"
            f"AuthorizedKeysFile {self.authorized}\nPidFile {folder / 'pid'}\nStrictModes no\nUsePAM no\n"
            "PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n"
            "LogLevel VERBOSE\n"
        )
        log = folder / "log"
        self._process = ServerProcess("sshd", [str(sshd), "-D", "-e", "-f", str(config)], log, grace=0)
        self._wait()

    def _wait(self) -> None:
        for _ in range(200):
            self._process.check()
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0 and probe.recv(4) == b"SSH-":
                    return
            time.sleep(0.02)  # it says nowhere else that it listens
        raise AssertionError("sshd does not answer")

    def authorize(self, key: Path) -> None:
        """Let this key in."""
        with self.authorized.open("a") as file:
            file.write(key.with_suffix(".pub").read_text())

    def known_hosts(self, path: Path, *, key: Path | None = None) -> Path:
        """Write a known_hosts file for this server (with another host's key to lie)."""
        public = (key or self.host_key).with_suffix(".pub").read_text().split()
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"[127.0.0.1]:{self.port} {public[0]} {public[1]}\n")
        return path

    def url(self, repository: Path) -> str:
        """The URL of a repository on this machine."""
        import getpass

        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}{repository}"

    def close(self) -> None:
        """End the server."""
        self._process.stop()


class SshAgent:
    """An SSH agent with a socket of its own."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.socket = folder / "agent.sock"
        self._process = ServerProcess(
            "ssh-agent", ["ssh-agent", "-D", "-a", str(self.socket)], folder / "log", grace=0
        )

    def add(self, key: Path) -> None:
        """Load a key."""
        for _ in range(100):
            self._process.check()
            done = subprocess.run(
                ["ssh-add", "-q", str(key)],
                env={**os.environ, "SSH_AUTH_SOCK": str(self.socket)},
                capture_output=True,
                check=False,
            )
            if done.returncode == 0:
                return
            time.sleep(0.02)
        raise AssertionError(done.stderr.decode())

    def close(self) -> None:
        """End the agent."""
        self._process.stop()
