"""Who runs on which workload: the function in its formats, the blueprint, and the floor."""

import sys
from dataclasses import dataclass, field
from pathlib import Path

FUNCTION, JSON, VRL, GZIP = "function", "function, OUTPUT_FORMAT=json", "function, VRL parse_json", "function, gzip"
BLUEPRINT, BLUEPRINT_JSON, FLOOR = "blueprint", "blueprint, json transform", "floor"

VRL_PROGRAM = ". = parse_json!(string!(.message))"
PYTHON_RUNTIME = f"AWS_Lambda_python{sys.version_info.major}.{sys.version_info.minor}"


@dataclass(frozen=True)
class Contender:
    """A command, and what its environment has beside Lambda's own variables.

    `beside` names the contender that it takes turns with, whose CPU its own is a ratio to.
    """

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    beside: str | None = FUNCTION


@dataclass(frozen=True)
class Programs:
    """The executables: the function's, and the floor's if there is one."""

    function: Path
    floor: Path | None

    def on(self, workload: str) -> list[Contender]:
        """The contenders on a workload, but for the floor: the function in its message format first, the blueprint second."""
        function = [str(self.function)]
        contenders = [
            Contender(FUNCTION, function, beside=None),
            Contender(BLUEPRINT, _blueprint("handler"), {"AWS_EXECUTION_ENV": PYTHON_RUNTIME}),
            Contender(JSON, function, {"OUTPUT_FORMAT": "json"}),
        ]
        if workload == "json":
            contenders += [
                Contender(VRL, function, {"VRL_PROGRAM": VRL_PROGRAM}),
                Contender(
                    BLUEPRINT_JSON, _blueprint("json_handler"), {"AWS_EXECUTION_ENV": PYTHON_RUNTIME}, beside=VRL
                ),
            ]
        if workload == "overflow":
            contenders.append(Contender(GZIP, function, {"OUTPUT_COMPRESSION": "gzip"}))
        return contenders

    def floor_answering(self, response_bytes: int) -> list[Contender]:
        """The floor with responses of this length, if there is one."""
        if self.floor is None:
            return []
        return [Contender(FLOOR, [str(self.floor)], {"FLOOR_RESPONSE_BYTES": str(response_bytes)})]


def _blueprint(handler: str) -> list[str]:
    return [sys.executable, "-m", "awslambdaric", f"benches.blueprint.{handler}"]
