import gzip
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from django.test import override_settings

from opsboard.core import net

HERE = override_settings(OUTBOUND_ALLOW_PRIVATE=["127.0.0.1"])


class Pages(BaseHTTPRequestHandler):
    """A small web server with good and bad manners."""

    asked: list[tuple[str, str, dict[str, str], bytes]] = []

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.asked.append((self.command, self.path, dict(self.headers), body))
        answer: Callable[[], None] = getattr(self, f"answer_{self.path.strip('/').split('?')[0]}", self.answer_missing)
        answer()

    do_POST = do_GET

    def _give(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def answer_missing(self) -> None:
        self._give(404, b"no such page")

    def answer_hello(self) -> None:
        self._give(200, '{"text": "你好"}'.encode(), Content_Type="application/json; charset=utf-8")

    def answer_large(self) -> None:
        self._give(200, b"x" * 200_000)

    def answer_packed(self) -> None:
        self._give(200, gzip.compress(b"hello"), Content_Encoding="gzip")

    def answer_bomb(self) -> None:
        self._give(200, gzip.compress(b"\0" * 50_000_000), Content_Encoding="gzip")

    def answer_brotli(self) -> None:
        self._give(200, b"\x0b\x02\x80hello\x03", Content_Encoding="br")

    def answer_moved(self) -> None:
        self._give(302, Location="/hello")

    def answer_circle(self) -> None:
        self._give(302, Location="/circle")

    def answer_inwards(self) -> None:
        self._give(302, Location="http://127.0.0.2:1/secret")

    def answer_file(self) -> None:
        self._give(302, Location="file:///etc/passwd")

    def answer_elsewhere(self) -> None:
        port = self.connection.getsockname()[1]
        self._give(302, Location=f"http://other.example:{port}/hello")

    def answer_slow(self) -> None:
        time.sleep(1.5)
        self._give(200, b"late")

    def answer_drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        for _ in range(30):
            try:
                self.wfile.write(b".")
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.1)

    def answer_dripping_header(self) -> None:
        self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        for _ in range(30):
            try:
                self.wfile.write(b".")
                self.wfile.flush()
            except OSError:
                return
            time.sleep(0.1)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Pages) as httpd:
        httpd.daemon_threads = True
        thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{httpd.server_address[1]}"
        httpd.shutdown()


def resolve_to(*answers: list[str]) -> Callable[..., list[Any]]:
    """A name server that gives the first answer, then the second, and so on."""
    left = list(answers)

    def getaddrinfo(host: str, port: int, *_rest: Any, **_more: Any) -> list[Any]:
        try:
            addresses = [str(ipaddress.ip_address(host))]
        except ValueError:
            addresses = left.pop(0) if len(left) > 1 else left[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    return getaddrinfo


@HERE
def test_a_page_is_fetched(server: str) -> None:
    answer = net.fetch(f"{server}/hello")
    assert (answer.status, answer.ok, answer.json()) == (200, True, {"text": "你好"})
    assert "你好" in answer.text


@HERE
def test_any_status_is_an_answer(server: str) -> None:
    answer = net.fetch(f"{server}/nowhere")
    assert (answer.status, answer.ok, answer.body) == (404, False, b"no such page")
    with pytest.raises(net.BadAnswer):
        answer.json()


@HERE
def test_json_and_headers_are_posted(server: str) -> None:
    Pages.asked.clear()
    net.post(f"{server}/hello", json={"text": "hi"}, headers={"X-Signature": "abc"})
    method, _path, headers, body = Pages.asked[-1]
    assert (method, body, headers["X-Signature"]) == ("POST", b'{"text":"hi"}', "abc")
    assert headers["User-Agent"] == "Opsboard"


@override_settings(OUTBOUND_ALLOW_PRIVATE=[])
def test_this_machine_is_refused(server: str) -> None:
    with pytest.raises(net.Refused, match="private network"):
        net.fetch(f"{server}/hello")


@override_settings(OUTBOUND_ALLOW_PRIVATE=[])
@pytest.mark.parametrize(
    "host", ["localhost", "2130706433", "0x7f.1", "0.0.0.0", "[::1]", "[::ffff:127.0.0.1]", "[::]"]
)
def test_this_machine_is_refused_under_each_of_its_names(server: str, host: str) -> None:
    with pytest.raises(net.OutboundError) as refused:
        net.fetch(f"http://{host}:{server.rpartition(':')[2]}/hello", deadline=3)
    assert isinstance(refused.value, net.Refused | net.BadAddress | net.Unreachable)


@override_settings(OUTBOUND_ALLOW_PRIVATE=[])
@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
     "255.255.255.255", "240.0.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "64:ff9b::a00:1",
     "2002:0a00:0001::", "::10.0.0.1", "2001:db8::1", "198.18.0.1"],
)  # fmt: skip
def test_addresses_that_are_not_of_the_open_internet(address: str) -> None:
    assert not net.is_public(ipaddress.ip_address(address))
    with pytest.raises(net.Refused):
        net.check_url(f"http://[{address}]/" if ":" in address else f"http://{address}/")


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700::1111", "64:ff9b::808:808", "::ffff:8.8.8.8"])
def test_addresses_of_the_open_internet(address: str) -> None:
    assert net.is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://example.com/", "gopher://x/", "example.com", "", "http://", "http:///x", "//x"]
)
def test_only_web_addresses_are_asked(url: str) -> None:
    with pytest.raises(net.BadAddress):
        net.fetch(url)
    with pytest.raises(net.BadAddress):
        net.check_url(url)


@override_settings(OUTBOUND_ALLOW_PRIVATE=[])
def test_names_of_this_machine_are_refused_in_forms() -> None:
    for url in ("http://localhost/", "http://x.localhost/", "http://printer.local/"):
        with pytest.raises(net.Refused):
            net.check_url(url)
    net.check_url("https://example.com/hook")


@override_settings(OUTBOUND_ALLOW_PRIVATE=[])
def test_a_name_that_leads_inwards_is_refused(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolve_to(["127.0.0.1"]))
    with pytest.raises(net.Refused):
        net.fetch(f"http://friendly.example:{server.rpartition(':')[2]}/hello")


def test_a_name_that_changes_its_mind_is_connected_to_where_it_was_checked(
    server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = server.rpartition(":")[2]
    connected: list[str] = []
    original = socket.create_connection

    def create_connection(address: tuple[str, int], *args: Any, **settings: Any) -> socket.socket:
        connected.append(address[0])
        return original(("127.0.0.1", address[1]), *args, **settings)

    # First a public address, on every later question this machine's own.
    monkeypatch.setattr(socket, "getaddrinfo", resolve_to(["93.184.216.34"], ["127.0.0.1"]))
    monkeypatch.setattr(socket, "create_connection", create_connection)
    with override_settings(OUTBOUND_ALLOW_PRIVATE=[]):
        net.fetch(f"http://rebinding.example:{port}/hello")
    assert connected == ["93.184.216.34"]


@HERE
def test_a_redirect_is_followed_and_checked(server: str) -> None:
    assert net.fetch(f"{server}/moved").url == f"{server}/hello"
    assert net.fetch(f"{server}/moved", follow=False).status == 302
    with pytest.raises(net.Refused):
        net.fetch(f"{server}/inwards")
    with pytest.raises(net.OutboundError):
        net.fetch(f"{server}/file")
    with pytest.raises(net.BadAnswer):
        net.fetch(f"{server}/circle")


def test_a_redirect_takes_no_keys_to_another_host(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", resolve_to(["127.0.0.1"]))
    Pages.asked.clear()
    with override_settings(OUTBOUND_ALLOW_PRIVATE=["127.0.0.1"]):
        net.fetch(f"{server}/elsewhere", headers={"X-Api-Key": "secret", "Authorization": "Bearer x", "Accept": "a/b"})
    first, second = Pages.asked[-2:]
    assert first[2]["X-Api-Key"] == "secret"
    assert "X-Api-Key" not in second[2]
    assert "Authorization" not in second[2]
    assert second[2]["Accept"] == "a/b"


@HERE
def test_an_answer_that_is_too_large_is_cut_off(server: str) -> None:
    with pytest.raises(net.TooLarge, match="larger than 1000 bytes"):
        net.fetch(f"{server}/large", max_bytes=1000)
    assert len(net.fetch(f"{server}/large", max_bytes=200_000).body) == 200_000


@HERE
def test_a_packed_answer_is_unpacked_up_to_the_limit(server: str) -> None:
    assert net.fetch(f"{server}/packed").body == b"hello"
    with pytest.raises(net.TooLarge):
        net.fetch(f"{server}/bomb", max_bytes=1_000_000)
    with pytest.raises(net.BadAnswer):
        net.fetch(f"{server}/brotli")


@HERE
@pytest.mark.parametrize("page", ["slow", "drip", "dripping_header"])
def test_an_answer_that_takes_too_long_is_given_up(server: str, page: str) -> None:
    began = time.monotonic()
    with pytest.raises(net.TimedOut) as late:
        net.fetch(f"{server}/{page}", timeout=0.4 if page == "slow" else 5, deadline=0.6)
    assert time.monotonic() - began < 1.3
    assert late.value.unknown


@HERE
def test_a_closed_port_is_unreachable_and_nothing_was_sent() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(net.Unreachable) as closed:
        net.fetch(f"http://127.0.0.1:{port}/")
    assert not closed.value.unknown


def test_a_name_server_that_hangs_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_settings: time.sleep(1))
    began = time.monotonic()
    with pytest.raises(net.TimedOut) as late:
        net.fetch("http://slow.example/", timeout=0.2)
    assert time.monotonic() - began < 0.8
    assert not late.value.unknown


@override_settings(OUTBOUND_ALLOW_PRIVATE=["erp.example.lan", ".plant.lan", "10.0.0.0/8"])
def test_what_the_host_of_opsboard_allows_is_allowed() -> None:
    for url in ("http://erp.example.lan/", "http://a.plant.lan/", "http://10.9.9.9/"):
        net.check_url(url)
    with pytest.raises(net.Refused):
        net.check_url("http://192.168.0.1/")


def test_messages_hold_no_passwords() -> None:
    assert net.shown("https://user:secret@example.com/path?key=secret#x") == "https://example.com/path"


def test_https_is_spoken_with_servers_whose_certificate_is_trusted_only(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Pages)
    papers = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    papers.load_cert_chain(certificate(tmp_path / "server.pem"))
    server.socket = papers.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"https://127.0.0.1:{server.server_port}/hello"
    try:
        with HERE, pytest.raises(net.OutboundError, match="certificate"):
            net.fetch(address)
        trusting = ssl.create_default_context(cafile=tmp_path / "server.pem")
        monkeypatch.setattr("opsboard.core.net.transport.tls", lambda: trusting)
        with HERE:
            assert net.fetch(address).json() == {"text": "你好"}
    finally:
        server.shutdown()
        server.server_close()


def certificate(path: Path) -> Path:
    """A key and a certificate that it signs itself, for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return path
