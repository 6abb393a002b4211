"""The contenders on each workload: the function in its formats, the blueprint, and the floor."""

import dataclasses
import sys
from dataclasses import dataclass, field
from pathlib import Path

FUNCTION, JSON, VRL, GZIP = "function", "function, OUTPUT_FORMAT=json", "function, VRL parse_json", "function, gzip"
DEFAULT_PATH, FORMER_DEFAULT = "function, default path", "function, former default"
BLUEPRINT, BLUEPRINT_JSON, FLOOR = "blueprint", "blueprint, json transform", "floor"

COMPRESSION = "OUTPUT_COMPRESSION"
COMPRESSION_SETTINGS = {COMPRESSION, "OUTPUT_COMPRESSION_LEVEL", "OUTPUT_FRAMES"}

JSON_ENVIRONMENT = {"OUTPUT_FORMAT": "json"}
GZIP_ENVIRONMENT = {"OUTPUT_COMPRESSION": "gzip"}
# What the Terraform module sets by default: frames for a whole batch.
DEFAULT_PATH_ENVIRONMENT = {"OUTPUT_FORMAT": "json", "OUTPUT_COMPRESSION": "zstd"}
# What the module set before: a gzip member for each record.
FORMER_DEFAULT_ENVIRONMENT = {
    "OUTPUT_FORMAT": "json",
    "OUTPUT_COMPRESSION": "gzip",
    "OUTPUT_COMPRESSION_LEVEL": "3",
    "OUTPUT_FRAMES": "record",
}
VRL_ENVIRONMENT = {"VRL_PROGRAM": ". = parse_json!(string!(.message))"}
BLUEPRINT_ENVIRONMENT = {"AWS_EXECUTION_ENV": f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}"}


@dataclass(frozen=True)
class Contender:
    """A command, and its environment variables beyond Lambda's own.

    `compared_with` names the other contender of its pair. Its CPU ratio is relative to that one.
    """

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    compared_with: str | None = FUNCTION

    @property
    def compression(self) -> str:
        """How its output is compressed."""
        return self.environment.get(COMPRESSION, "none")

    def uncompressed(self) -> "Contender":
        """The same contender without the settings of compression."""
        environment = {name: value for name, value in self.environment.items() if name not in COMPRESSION_SETTINGS}
        return dataclasses.replace(self, name=f"{self.name}, uncompressed", environment=environment)


@dataclass(frozen=True)
class Programs:
    """The executables of the function and, optionally, of the floor."""

    function: Path
    floor: Path | None

    def on(self, workload: str) -> list[Contender]:
        """The contenders on a workload without the floor: first the function with `message`, second the blueprint."""
        function = [str(self.function)]
        contenders = [
            Contender(FUNCTION, function, compared_with=None),
            Contender(BLUEPRINT, _blueprint("handler"), BLUEPRINT_ENVIRONMENT),
            Contender(JSON, function, JSON_ENVIRONMENT),
            Contender(DEFAULT_PATH, function, DEFAULT_PATH_ENVIRONMENT, compared_with=BLUEPRINT),
        ]
        if workload != "overflow":
            contenders.append(
                Contender(FORMER_DEFAULT, function, FORMER_DEFAULT_ENVIRONMENT, compared_with=DEFAULT_PATH)
            )
        if workload == "json":
            contenders += [
                Contender(VRL, function, VRL_ENVIRONMENT),
                Contender(BLUEPRINT_JSON, _blueprint("json_handler"), BLUEPRINT_ENVIRONMENT, compared_with=VRL),
            ]
        if workload == "overflow":
            contenders.append(Contender(GZIP, function, GZIP_ENVIRONMENT))
        return contenders

    def floor_answering(self, response_bytes: int) -> list[Contender]:
        """The floor, answering with responses of this length; nothing without a floor."""
        if self.floor is None:
            return []
        return [Contender(FLOOR, [str(self.floor)], {"FLOOR_RESPONSE_BYTES": str(response_bytes)})]


def _blueprint(handler: str) -> list[str]:
    return [sys.executable, "-m", "awslambdaric", f"benches.blueprint.{handler}"]
