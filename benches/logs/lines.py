"""Generates lines as programs log them.

How well the lines compress matters more than what they say. benches/README.md compares their ratio with real logs.
"""

import random
from datetime import UTC, datetime, timedelta

from benches.logs.programs import PROGRAMS, Draw

START = datetime(2026, 3, 2, 1, 0, 0, tzinfo=UTC)
JAPANESE_SHARE = 0.03
JAPANESE = [
    "{time:%Y-%m-%d %H:%M:%S} INFO  注文を受け付けました: 注文番号 {number}、明細 {count} 件",
    "{time:%Y-%m-%d %H:%M:%S} WARN  在庫が不足しています (商品 {number})、入荷予定日を確認してください",
    "{time:%Y-%m-%d %H:%M:%S} ERROR 決済に失敗しました: 注文番号 {number}、理由「カードの有効期限切れ」",
]
JAPANESE_FIELDS: dict[str, Draw] = {
    "number": lambda rng: rng.randint(100_000, 999_999),
    "count": lambda rng: rng.randint(1, 9),
}


class _Fields(dict[str, object]):
    """The fields of a line. Each is drawn once, when a template first uses it."""

    def __init__(self, draws: dict[str, Draw], rng: random.Random, time: datetime) -> None:
        super().__init__(time=time, ms=f"{time.microsecond // 1000:03}")
        self._draws = draws
        self._chance = rng

    def __missing__(self, name: str) -> object:
        value = self[name] = self._draws[name.rstrip("2")](self._chance)
        return value


def plain_lines(program: str, count: int, seed: int) -> list[str]:
    """`count` lines of one of PROGRAMS, some in Japanese. The same seed gives the same lines."""
    rng = random.Random(f"{program} {seed}")
    shape = PROGRAMS[program]
    time = START + timedelta(seconds=rng.randrange(86_400))
    lines = []
    for template in rng.choices(list(shape.templates), list(shape.templates.values()), k=count):
        time += timedelta(seconds=rng.expovariate(1 / shape.gap_seconds))
        draws = shape.fields
        if rng.random() < JAPANESE_SHARE:
            template, draws = rng.choice(JAPANESE), JAPANESE_FIELDS
        lines.append(template.format_map(_Fields(draws, rng, time)))
    return lines
