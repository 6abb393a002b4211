"""Stand-ins for valgrind and vgdb, and for the binary that valgrind runs.

The binary is a JSON file: the instructions of each invocation, and the response. The fake valgrind answers the Runtime
API with that response, and the fake vgdb has it write the count since the last dump, as callgrind does.
"""

import json
import sys
from pathlib import Path

import pytest

VALGRIND = """#!{python}
import json, os, sys, urllib.request

path = sys.argv[2].removeprefix("--callgrind-out-file=")
assert sys.argv[1] == "--tool=callgrind" and path != sys.argv[2]
binary = json.load(open(sys.argv[3]))
base = f"http://{{os.environ['AWS_LAMBDA_RUNTIME_API']}}/2018-06-01/runtime/invocation/"
pending = 0
for number, count in enumerate(binary["counts"], 1):
    with urllib.request.urlopen(base + "next") as event:
        request_id = event.headers["Lambda-Runtime-Aws-Request-Id"]
        event.read()
    with open(f"{{path}}.undumped", "w") as out:
        out.write(f"events: Ir\\nsummary: {{count}}\\ntotals: {{count}}\\n")
    response = os.environ.get("OUTPUT_FORMAT", binary["response"]).encode()
    urllib.request.urlopen(base + request_id + "/response", data=response).close()
urllib.request.urlopen(base + "next")
"""

VGDB = """#!{python}
import os, sys

pid = sys.argv[1].removeprefix("--pid=")
assert sys.argv[2:] == ["dump"]
arguments = open(f"/proc/{{pid}}/cmdline").read().split("\\0")
prefix = "--callgrind-out-file="
path = next(each for each in arguments if each.startswith(prefix)).removeprefix(prefix)
number = sum(name.startswith(os.path.basename(path)) for name in os.listdir(os.path.dirname(path)))
os.rename(f"{{path}}.undumped", f"{{path}}.{{number}}")
"""


def install(directory: Path, monkeypatch: pytest.MonkeyPatch, vgdb: str = VGDB) -> None:
    """Puts the stand-ins on the PATH, and nothing else."""
    for name, source in (("valgrind", VALGRIND), ("vgdb", vgdb)):
        path = directory / name
        path.write_text(source.format(python=sys.executable))
        path.chmod(0o755)
    monkeypatch.setenv("PATH", str(directory))


def binary(path: Path, counts: list[int], response: str = "{}") -> Path:
    """A binary for the fake valgrind."""
    path.write_text(json.dumps({"counts": counts, "response": response}))
    return path
