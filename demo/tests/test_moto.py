"""A second opinion from moto: the module's subscription filter delivers to the module's stream there, too.

moto's Firehose writes each record to the bucket immediately and does not call the function. So this test covers only
the step from the log group to the stream.
"""

import gzip
import json
from pathlib import Path
from typing import Any

from moto.server import ThreadedMotoServer
from werkzeug.serving import WSGIRequestHandler

from demo import log_events
from demo.emulator.server import HOST, Emulator
from demo.infrastructure import Infrastructure
from demo.tests.conftest import failing_package


class Moto(Emulator):
    """The same clients with another server, which is a thread of this process."""

    def start(self) -> None:
        # Sends headers and body in one write, for the reason given in `demo/emulator/answers.py`.
        WSGIRequestHandler.wbufsize = -1
        self._server = ThreadedMotoServer(ip_address=HOST, port=self.port, verbose=False)
        self._server.start()

    def stop(self) -> None:
        self._server.stop()


def test_subscription_filter_of_the_module_delivers_to_its_stream(tmp_path: Path) -> None:
    moto = Moto(tmp_path)
    moto.start()
    try:
        pipeline: dict[str, Any] = {
            "package_file": str(failing_package(tmp_path / "function.zip")),
            "log_group_names": ["/source/app"],
        }
        infrastructure = Infrastructure(moto, {"moto": pipeline}, tmp_path)
        infrastructure.init()
        infrastructure.apply(target='module.pipeline["moto"].aws_cloudwatch_log_subscription_filter.logs')
        log_events.put_lines(moto.client("logs"), "/source/app", "host", ["first", "second"])

        s3 = moto.client("s3")
        [bucket] = [each["Name"] for each in s3.list_buckets()["Buckets"]]
        bodies = [
            s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            for entry in s3.list_objects_v2(Bucket=bucket)["Contents"]
        ]
        [payload] = [json.loads(gzip.decompress(body)) for body in bodies]
        assert (payload["messageType"], payload["logGroup"]) == ("DATA_MESSAGE", "/source/app")
        assert payload["subscriptionFilters"] == ["moto-source-app"]
        assert [event["message"] for event in payload["logEvents"]] == ["first", "second"]
    finally:
        moto.stop()
