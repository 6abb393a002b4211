"""How the emulator's answers leave it."""

import asyncio

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
def installed(monkeypatch):
    """In this process for one test only."""
    monkeypatch.setattr(H11Protocol, "_send_h11_event", H11Protocol._send_h11_event)
    answers.install()


def written(*events) -> list[bytes]:
    """What goes to the socket, write by write, when a request is answered with these."""
    writes = []

    async def send(event):
        if isinstance(event, RawData) and event.data:
            writes.append(event.data)

    async def answer():
        protocol = H11Protocol(None, Config(), WorkerContext(None), None, None, False, None, None, send)
        protocol.connection.receive_data(b"GET / HTTP/1.1\r\nHost: emulator\r\n\r\n")
        assert isinstance(protocol.connection.next_event(), h11.Request)
        for event in events:
            await protocol.stream_send(event)

    asyncio.run(answer())
    return writes


def test_headers_and_body_are_one_write():
    [answer] = written(Response(STREAM, HEADERS, 200), Body(STREAM, b"answer"), EndBody(STREAM))

    assert answer.startswith(b"HTTP/1.1 200") and answer.endswith(b"\r\n\r\nanswer")


def test_headers_without_a_body_are_written_too():
    [answer] = written(Response(STREAM, [(b"content-length", b"0")], 200), EndBody(STREAM))

    assert answer.endswith(b"\r\n\r\n")


def test_a_body_in_parts_is_written_as_it_comes():
    first, second = written(Response(STREAM, HEADERS, 200), Body(STREAM, b"ans"), Body(STREAM, b"wer"), EndBody(STREAM))

    assert first.endswith(b"\r\n\r\nans") and second == b"wer"
