"""Generates log lines that are hard to carry unchanged from PutLogEvents to Athena. Every run gets the same lines."""

import hashlib
import random
from collections.abc import Iterable

AWKWARD = [
    "日本語のログ: 注文を受け付けました",
    "tab\there, \"double\" and 'single' quotes, back\\slash, `tick`, comma,semicolon;",
    "carriage return at the end\r",
    "carriage return\rinside",
    "emoji 🙂 family 👩‍👩‍👧, flag 🇯🇵, combining é",
    '{"level":"warn","message":"a \\"quoted\\" text","n":1}',
    "\x1b[31mred\x1b[0m, bell \x07, and a unit separator \x1f",
    "line separator \u2028 and next line \u0085 are no line feeds",
    "looks escaped: \\n \\u0041 %7B &amp; ${x} {{ y }}",
    " leading and trailing spaces ",
    "null",
    "2025-04-01 00:00:00",
]


def awkward_lines(count: int, seed: int) -> list[str]:
    """`count` lines. Each awkward line occurs many times, a third of the lines are exact repeats, and some are long."""
    chance = random.Random(seed)
    lines = []
    for number in range(count):
        line = AWKWARD[number % len(AWKWARD)]
        if number % 3:
            line = f"{number} {line}"
        if number % 500 == 499:
            line += "".join(chance.choices("0123456789あいうえお ", k=50_000))
        lines.append(line)
    return lines


def repetitive_lines(size: int) -> list[str]:
    """Lines with a total of `size` bytes that compress more than tenfold, as logs do."""
    line = (
        "GET /items/{number} HTTP/1.1 200 served from the cache in the same availability zone, nothing to report here"
    )
    count = size // len(line.encode())
    return [line.format(number=number) for number in range(count)]


def checksum(lines: Iterable[str]) -> str:
    """The MD5 of the lines joined with line feeds, in hexadecimal."""
    return hashlib.md5("\n".join(lines).encode()).hexdigest()
