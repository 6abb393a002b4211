"""The demo's output: steps with their times, and tables."""

import shutil
import sys
import time
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

INDENT = "    "
MIN_WIDTH = 120  # for a terminal that is narrower or does not tell its width, because object keys are long


@contextmanager
def step(title: str) -> Iterator[None]:
    """Prints the title, and how many seconds the block took."""
    started = time.monotonic()
    print(f"  {title} ", end="", flush=True)
    try:
        yield
    except BaseException:
        print(f"- failed after {time.monotonic() - started:.1f} s", flush=True)
        raise
    print(f"- {time.monotonic() - started:.1f} s", flush=True)


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Prints rows under their column names. Lines that are too long are cut."""
    cells = [[_on_one_line(value) for value in row] for row in [columns, *rows]]
    widths = [max(map(_width, column)) for column in zip(*cells, strict=True)]
    cells.insert(1, ["-" * width for width in widths])
    for row in cells:
        line = "  ".join(text + " " * (width - _width(text)) for text, width in zip(row, widths, strict=True))
        print(_cut(INDENT + line.rstrip()))


def print_lines(text: str) -> None:
    """Prints text with the indentation of tables."""
    for line in text.splitlines():
        print(INDENT + line)


def fail(message: object) -> None:
    """Prints an error message."""
    print(f"demo: {message}", file=sys.stderr)


def _on_one_line(value: object) -> str:
    return str(value).replace("\n", "\\n").replace("\r", "\\r").replace("\t", "\\t")


def _cut(line: str) -> str:
    limit = max(MIN_WIDTH, shutil.get_terminal_size().columns)
    if _width(line) <= limit:
        return line
    line = line[:limit]
    while _width(line) >= limit:
        line = line[:-1]
    return line + "…"


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
