"""The emulator sends each response in one write."""

import asyncio
from typing import Any

import h11
import pytest
from hypercorn.asyncio.worker_context import WorkerContext
from hypercorn.config import Config
from hypercorn.events import RawData
from hypercorn.protocol.events import Body, EndBody, Response
from hypercorn.protocol.h11 import H11Protocol

from demo.emulator import answers

STREAM = 1
HEADERS = [(b"content-length", b"6")]


@pytest.fixture(autouse=True)
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Installs the replacement in this process, for one test only."""
    monkeypatch.setattr(H11Protocol, "_send_h11_event", H11Protocol._send_h11_event)
    answers.install()


def writes_of(*events: Any) -> list[bytes]:
    """Each write to the socket when these events answer a request."""
    writes: list[bytes] = []

    async def send(event: Any) -> None:
        if isinstance(event, RawData) and event.data:
            writes.append(event.data)

    async def answer() -> None:
        unused: Any = None
        protocol = H11Protocol(unused, Config(), WorkerContext(None), unused, unused, False, unused, unused, send)
        protocol.connection.receive_data(b"GET / HTTP/1.1\r\nHost: emulator\r\n\r\n")
        assert isinstance(protocol.connection.next_event(), h11.Request)
        for event in events:
            await protocol.stream_send(event)

    asyncio.run(answer())
    return writes


def test_headers_and_body_are_one_write() -> None:
    [answer] = writes_of(Response(STREAM, HEADERS, 200), Body(STREAM, b"answer"), EndBody(STREAM))

    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"\r\n\r\nanswer")


def test_headers_without_a_body_are_written() -> None:
    [answer] = writes_of(Response(STREAM, [(b"content-length", b"0")], 200), EndBody(STREAM))

    assert answer.endswith(b"\r\n\r\n")


def test_each_further_part_of_a_body_is_one_write() -> None:
    first, second = writes_of(
        Response(STREAM, HEADERS, 200), Body(STREAM, b"ans"), Body(STREAM, b"wer"), EndBody(STREAM)
    )

    assert first.endswith(b"\r\n\r\nans") and second == b"wer"
