"""Sends each HTTP response in one write: status, headers and body together.

Hypercorn writes the headers first and the body second. When both come before Terraform's AWS provider has finished its
request, the provider sometimes closes the connection between the two writes and repeats the request: "use of closed
network connection", https://github.com/aws/aws-sdk-go-v2/issues/1825. The first request has already created the
resource by then, so the apply fails with "already exists". With a single write the provider has the body when it reads
the headers, and never waits for the rest.
"""

from typing import Any
from weakref import WeakKeyDictionary

import h11
from hypercorn.events import RawData
from hypercorn.protocol.h11 import H11Protocol

# Headers that wait for the first part of their body.
_headers: WeakKeyDictionary[H11Protocol, bytes] = WeakKeyDictionary()


def install() -> None:
    """Replaces the method that sends. Call this once, before the server starts."""
    H11Protocol._send_h11_event = _send  # type: ignore[method-assign]


async def _send(self: H11Protocol, event: Any) -> None:
    try:
        data = self.connection.send(event) or b""
    except h11.LocalProtocolError:
        # After an error on the client's side, the client does not read a response.
        if self.connection.their_state != h11.ERROR:
            raise
        return
    if isinstance(event, h11.Response):
        _headers[self] = data
        return
    await self.send(RawData(data=_headers.pop(self, b"") + data))
