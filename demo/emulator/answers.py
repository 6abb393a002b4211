"""Answers in one write: status, headers and body together.

Hypercorn writes the headers, then the body. Terraform's AWS provider now and then closes the connection between the two
when they come faster than it has finished with its request, and asks again: "use of closed network connection",
https://github.com/aws/aws-sdk-go-v2/issues/1825. What it asked for is there by then, and the apply ends with "already
exists". With the body in hand when it reads the headers, it has nothing left to wait for.
"""

import h11
from hypercorn.events import RawData
from hypercorn.protocol.h11 import H11Protocol


def install() -> None:
    """Replaces the method that sends; call it once, before the server starts."""
    H11Protocol._send_h11_event = _send


async def _send(self: H11Protocol, event) -> None:
    try:
        data = self.connection.send(event)
    except h11.LocalProtocolError:
        # The client broke off, or broke the protocol: nobody is there to answer.
        if self.connection.their_state != h11.ERROR:
            raise
        return
    headers = getattr(self, "_headers", b"")
    if isinstance(event, h11.Response):
        self._headers = data
        return
    self._headers = b""
    await self.send(RawData(data=headers + data))
