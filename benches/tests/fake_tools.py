"""Stand-ins for valgrind and vgdb, and for the binary that valgrind runs.

The binary has JSON in its second line: the instructions of each invocation, and the response. The fake valgrind answers
the Runtime API with that response, and the fake vgdb has it write the count since the last dump, as callgrind does. Run
by itself, the binary packs: each file becomes one record.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

VALGRIND = """#!{python}
import json, os, sys, urllib.request

path = sys.argv[2].removeprefix("--callgrind-out-file=")
assert sys.argv[1] == "--tool=callgrind" and path != sys.argv[2]
binary = json.loads(open(sys.argv[3]).read().splitlines()[1].removeprefix("# "))
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

BINARY = """#!{python}
# {settings}
import base64, gzip, json, os, sys

command, *arguments = sys.argv[1:]
assert command == "pack"
settings = json.loads(open(__file__).read().splitlines()[1].removeprefix("# "))
options = {{}}
while arguments[0].startswith("--"):
    options[arguments[0]], arguments = arguments[1], arguments[2:]
most = int(options["--events-per-record"])
records = []
for number, path in enumerate(arguments[settings.get("omitted_files", 0):]):
    lines = open(path, newline="").read().split("\\n")[:-1]
    assert len(lines) <= most
    log_events = [{{"timestamp": int(options["--timestamp"]), "message": line}} for line in lines]
    payload = {{"logGroup": "/pack/" + os.path.basename(path), "logEvents": log_events}}
    data = base64.b64encode(gzip.compress(json.dumps(payload).encode(), mtime=0)).decode()
    records.append({{"recordId": str(number), "data": data}})
for _ in range(settings.get("events", 1)):
    print(json.dumps({{"records": records}}))
if settings.get("exit_code"):
    sys.stderr.write("cannot pack")
sys.exit(settings.get("exit_code", 0))
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
    return _executable(path, {"counts": counts, "response": response})


def packer(path: Path, **settings: int) -> Path:
    """A binary that packs, with these deviations from what it should do."""
    return _executable(path, settings)


def _executable(path: Path, settings: Mapping[str, object]) -> Path:
    path.write_text(BINARY.format(python=sys.executable, settings=json.dumps(settings)))
    path.chmod(0o755)
    return path
