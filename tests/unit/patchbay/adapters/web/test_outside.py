"""A look at a public address: what answers, what does not, and whose certificate is good for how long."""

import socket
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from infra.twin.certs import LEAF_LIFETIME, Certificates, ensure_certificates
from patchbay.adapters.web.outside import look

pytestmark = pytest.mark.enable_socket
OLD = "Wed, 01 Jan 2025 00:00:00 GMT"


class Answering(BaseHTTPRequestHandler):
    """Answers with what the last part of the path says."""

    asked: ClassVar[list[tuple[str, str, dict[str, str]]]] = []

    def do_GET(self) -> None:
        Answering.asked.append((self.command, self.path, dict(self.headers.items())))
        name = self.path.rpartition("/")[2]
        self.send_response_only(int(name) if name.isdigit() else 200)
        if name == "old":
            self.send_header("Date", OLD)
        elif name != "dateless":
            self.send_header("Date", self.date_time_string())
        self.send_header("X-Thing", "yes")
        self.send_header("Content-Length", "2")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(b"{}")

    do_OPTIONS = do_GET  # noqa: N815 - the name that the server looks for

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return ensure_certificates(tmp_path_factory.mktemp("ca"))


@pytest.fixture
def server(certificates: Certificates) -> Iterator[str]:
    made = HTTPServer(("127.0.0.1", 0), Answering)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates.chain, certificates.key)
    made.socket = context.wrap_socket(made.socket, server_side=True)
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    Answering.asked.clear()
    yield f"https://127.0.0.1:{made.server_port}"
    made.shutdown()
    thread.join()
    made.server_close()


def test_what_answers_is_well(server: str, certificates: Certificates) -> None:
    seen = look(f"{server}/health", ca_file=str(certificates.ca))
    assert (seen.trouble, seen.status, seen.body, seen.headers["x-thing"]) == ("", 200, b"{}", "yes")
    assert seen.certificate_days is not None
    assert LEAF_LIFETIME.days - 2 < seen.certificate_days <= LEAF_LIFETIME.days
    assert seen.clock_skew_s is not None
    assert abs(seen.clock_skew_s) < 60


def test_a_certificate_that_nobody_vouches_for_is_told(server: str) -> None:
    seen = look(f"{server}/health")
    assert "certificate is not trusted" in seen.trouble
    assert Answering.asked == [], "nothing is asked of whoever that is"


@pytest.mark.parametrize(("status", "good"), [(200, True), (302, True), (404, True), (503, False)])
def test_only_what_breaks_there_is_trouble_and_nothing_is_followed(
    server: str, certificates: Certificates, status: int, good: bool
) -> None:
    seen = look(f"{server}/{status}", ca_file=str(certificates.ca))
    assert seen.status == status
    assert (seen.trouble == "") is good
    assert len(Answering.asked) == 1


def test_another_clock_shows(server: str, certificates: Certificates) -> None:
    skew_s = look(f"{server}/old", ca_file=str(certificates.ca)).clock_skew_s
    assert skew_s is not None
    assert skew_s < -86400
    assert look(f"{server}/dateless", ca_file=str(certificates.ca)).clock_skew_s is None


def test_a_question_as_browsers_ask_it(server: str, certificates: Certificates) -> None:
    look(f"{server}/x?y=z", ca_file=str(certificates.ca), method="OPTIONS", headers={"origin": "https://a"})
    ((method, path, headers),) = Answering.asked
    assert (method, path, headers["origin"]) == ("OPTIONS", "/x?y=z", "https://a")


@pytest.mark.parametrize("url", ["", "http://example.org", "ftp://x", "https://"])
def test_only_https_is_looked_at(url: str) -> None:
    assert "https" in look(url).trouble


def test_where_nobody_is_nothing_is_found(tmp_path: Path) -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))  # bound and not listening
        assert "no answer" in look(f"https://127.0.0.1:{bound.getsockname()[1]}/health").trouble
