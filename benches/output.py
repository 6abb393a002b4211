"""What Firehose would deliver: the data of all Ok rows, one after the other."""

import base64
import gzip
import io
import json
import zlib
from typing import NotRequired, TypedDict

import zstandard

from benches.contenders import Contender
from benches.lambda_api import FunctionError
from benches.packing import Event
from benches.process import MeasuredProcess

# The level of Firehose's own GZIP is not documented; 6 is zlib's default.
FIREHOSE_GZIP_LEVEL = 6
GZIP_WINDOW_BITS = 16 + zlib.MAX_WBITS


class Row(TypedDict):
    """A record's entry in the response."""

    recordId: str
    result: str
    data: NotRequired[str]


def rows(response: bytes) -> dict[str, Row]:
    """The rows of a response by recordId."""
    return {row["recordId"]: row for row in json.loads(response)["records"]}


def delivered(response: bytes) -> bytes:
    """The data of all Ok rows, before base64."""
    return b"".join(base64.b64decode(row["data"]) for row in rows(response).values() if row["result"] == "Ok")


def decompressed(data: bytes, compression: str) -> bytes:
    """The data of all frames, one after the other."""
    if compression == "gzip":
        return gzip.decompress(data)
    if compression == "zstd":
        return zstandard.ZstdDecompressor().stream_reader(io.BytesIO(data), read_across_frames=True).read()
    return data


def in_one_gzip_stream(data: bytes) -> int:
    """The size of everything in one gzip stream: the best that Firehose's own GZIP could do."""
    compressor = zlib.compressobj(FIREHOSE_GZIP_LEVEL, zlib.DEFLATED, GZIP_WINDOW_BITS)
    return len(compressor.compress(data)) + len(compressor.flush())


def whole(contender: Contender, event: Event) -> bytes:
    """The uncompressed output of all records. What does not fit one response is sent again, until nothing is left."""
    contender = contender.uncompressed()
    content = json.loads(event.body)
    records = pending = content["records"]
    found: dict[str, bytes] = {}
    with MeasuredProcess(contender.command, contender.environment) as process:
        process.start()
        while pending:
            body = json.dumps(content | {"records": pending}).encode()
            ok = {key: row for key, row in rows(process.invoke(body).response).items() if row["result"] == "Ok"}
            if not ok:
                raise FunctionError(f"{contender.name}: expected the output of {len(pending)} records, found none")
            found |= {key: base64.b64decode(row["data"]) for key, row in ok.items()}
            pending = [record for record in pending if record["recordId"] not in found]
    return b"".join(found[record["recordId"]] for record in records)
