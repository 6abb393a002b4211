"""A Lambda Runtime API and a Firehose endpoint for one process, on one port of 127.0.0.1. The benchmark drives both.

Sources: "Using the Lambda runtime API for custom runtimes",
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html, and PutRecordBatch,
https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html
"""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from benches.http import Connection, Request

HOST = "127.0.0.1"
RUNTIME = "/2018-06-01/runtime/"
PUT_RECORD_BATCH = "Firehose_20150804.PutRecordBatch"
FUNCTION_TIMEOUT_SECONDS = 300  # Firehose waits as long
CHECK_SECONDS = 0.2
T = TypeVar("T")


class FunctionError(Exception):
    """The process failed at its start or in an invocation. The message is the process's own."""


@dataclass(frozen=True)
class Invocation:
    """A finished invocation. `wall_seconds` runs from sending the event until the whole response has arrived."""

    response: bytes
    wall_seconds: float
    records_reingested: int


class LambdaApi:
    """Both endpoints. `check` is called while waiting. It raises when waiting is pointless."""

    def __init__(self, check: Callable[[], None] = lambda: None) -> None:
        self._check = check
        self._listener = socket.create_server((HOST, 0))
        self.address = f"{HOST}:{self._listener.getsockname()[1]}"
        self._changed = threading.Condition()
        self._connections: list[Connection] = []
        self._event: bytes | None = None
        self._polled_at: float | None = None
        self._response: tuple[bytes, float] | None = None
        self._error: str | None = None
        self._sent_at = 0.0
        self._records_reingested = 0
        self._invocations = 0
        self._is_closed = False
        threading.Thread(target=self._accept, daemon=True).start()

    def wait_for_poll(self, timeout_seconds: float = 60) -> float:
        """The time.monotonic() at which the process polled for the next event."""
        return self._wait(lambda: self._polled_at, "a poll for the next event", timeout_seconds)

    def invoke(self, event: bytes, timeout_seconds: float = FUNCTION_TIMEOUT_SECONDS) -> Invocation:
        """Sends an event. Returns when the process has responded and polls for the next event."""
        self.wait_for_poll(timeout_seconds)
        with self._changed:
            self._polled_at = self._response = None
            self._records_reingested = 0
            self._event = event
            self._changed.notify_all()
        response, at = self._wait(
            lambda: self._response if self._polled_at is not None else None, "a response", timeout_seconds
        )
        return Invocation(response, at - self._sent_at, self._records_reingested)

    def close(self) -> None:
        """Closes the port and every connection. A second call does nothing."""
        with self._changed:
            if self._is_closed:
                return
            self._is_closed = True
            self._changed.notify_all()
            connections = list(self._connections)
        # Closing alone does not wake the accepting thread.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in connections:
            connection.close()

    def _wait(self, found: Callable[[], T | None], what: str, timeout_seconds: float) -> T:
        deadline = time.monotonic() + timeout_seconds
        with self._changed:
            while (value := found()) is None:
                if self._error:
                    raise FunctionError(self._error)
                if time.monotonic() > deadline:
                    raise FunctionError(f"expected {what} within {timeout_seconds:.0f} s, found none")
                if not self._changed.wait(CHECK_SECONDS) and found() is None:
                    self._check()
        return value

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return  # closed
            connection = Connection(sock)
            with self._changed:
                self._connections.append(connection)
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        try:
            while request := connection.read():
                self._answer(connection, request)
        except OSError:
            pass  # the process has ended, or the API is closed: `check` tells the waiting thread
        except Exception as error:
            self._fail(f"the Runtime API cannot read a request: {error!r}")
        finally:
            with self._changed:
                self._connections.remove(connection)
            connection.close()

    def _answer(self, connection: Connection, request: Request) -> None:
        if request.path == f"{RUNTIME}invocation/next":
            self._send_event(connection)
        elif request.path.startswith(RUNTIME) and request.path.endswith("/response"):
            at = time.monotonic()
            with self._changed:
                self._response = (bytes(request.body), at)
                self._changed.notify_all()
            connection.answer(202, b'{"status":"OK"}')
        elif request.path.startswith(RUNTIME) and request.path.endswith("/error"):
            self._fail(bytes(request.body).decode(errors="replace"))
            connection.answer(202, b'{"status":"OK"}')
        elif request.headers.get("x-amz-target") == PUT_RECORD_BATCH:
            body = bytes(request.body)
            # Base64 contains no quotation mark, so this counts each record's one member and nothing else. Parsing
            # megabytes would keep the process waiting.
            count = body.count(b'"Data"')
            self._records_reingested += count
            connection.answer(200, _accepted(count))
        else:
            found = f"{request.method} {request.path}"
            self._fail(f"expected a request of the Runtime API, or PutRecordBatch, found {found}")
            connection.answer(404, b"{}")

    def _send_event(self, connection: Connection) -> None:
        at = time.monotonic()
        with self._changed:
            self._polled_at = at
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._event is not None or self._is_closed)
            event, self._event = self._event, None
        if event is None:
            return
        self._invocations += 1
        headers = (
            f"Lambda-Runtime-Aws-Request-Id: 8476a536-e9f4-11e8-9739-{self._invocations:012}\r\n"
            f"Lambda-Runtime-Deadline-Ms: {int((time.time() + FUNCTION_TIMEOUT_SECONDS) * 1000)}\r\n"
            "Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:ap-northeast-1:123456789012:function:transform\r\n"
            "Lambda-Runtime-Trace-Id: Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Parent=9a9197af755a6419;Sampled=0\r\n"
        )
        self._sent_at = time.monotonic()
        connection.answer(200, event, headers.encode())

    def _fail(self, message: str) -> None:
        with self._changed:
            self._error = message
            self._changed.notify_all()


def _accepted(count: int) -> bytes:
    """The answer that accepts `count` records."""
    entries = ",".join(f'{{"RecordId":"{number}"}}' for number in range(count))
    return f'{{"FailedPutCount":0,"Encrypted":false,"RequestResponses":[{entries}]}}'.encode()
