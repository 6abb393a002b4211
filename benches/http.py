"""The part of HTTP/1.1 that the clients of the Runtime API and of Firehose use; large bodies without extra copies."""

import contextlib
import socket
from dataclasses import dataclass

HEAD_BYTES = 65_536
INITIAL_BODY_BYTES = 8_000_000
TEMPLATE = b"HTTP/1.1 %d %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%s\r\n"
PHRASES = {200: b"OK", 202: b"Accepted", 404: b"Not Found"}


@dataclass(frozen=True)
class Request:
    """A request. `body` is valid until the connection's next request is read."""

    method: str
    path: str
    headers: dict[str, str]
    body: memoryview


class Connection:
    """One client's connection, kept alive."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = sock
        self._head = bytearray()
        self._body = bytearray(INITIAL_BODY_BYTES)

    def read(self) -> Request | None:
        """The next request; None when the client has closed the connection."""
        while (end := self._head.find(b"\r\n\r\n")) < 0:
            piece = self._socket.recv(HEAD_BYTES)
            if not piece:
                return None
            self._head += piece
        first, *lines = self._head[:end].decode("latin-1").split("\r\n")
        rest = self._head[end + 4 :]
        method, path, _ = first.split(" ")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        if "transfer-encoding" in headers:
            raise ValueError(f"{method} {path}: expected a Content-Length, found Transfer-Encoding: chunked")
        length = int(headers.get("content-length", "0"))
        if length > len(self._body):
            self._body = bytearray(length)
        have = min(len(rest), length)
        self._body[:have] = rest[:have]
        self._head = rest[have:]
        if have < length and headers.get("expect", "").lower() == "100-continue":
            self._socket.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        body = memoryview(self._body)[:length]
        while have < length:
            count = self._socket.recv_into(body[have:])
            if not count:
                return None
            have += count
        return Request(method, path, headers, body)

    def answer(self, status: int, body: bytes, headers: bytes = b"") -> None:
        """Sends an answer. `headers` are further header lines, each with its line break."""
        self._socket.sendall(TEMPLATE % (status, PHRASES[status], len(body), headers))
        if body:
            self._socket.sendall(body)

    def close(self) -> None:
        """Ends the connection, even while another thread waits for a request on it."""
        with contextlib.suppress(OSError):  # the client may have closed it already
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
