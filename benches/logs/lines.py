"""Lines as programs log them.

How well they compress matters more than what they say: benches/README.md has the ratios beside those of real logs.
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
    "number": lambda chance: chance.randint(100_000, 999_999),
    "count": lambda chance: chance.randint(1, 9),
}


class _Fields(dict):
    """Draws each field of a line once."""

    def __init__(self, draws: dict[str, Draw], chance: random.Random, time: datetime):
        super().__init__(time=time, ms=f"{time.microsecond // 1000:03}")
        self._draws = draws
        self._chance = chance

    def __missing__(self, name: str) -> object:
        value = self[name] = self._draws[name.rstrip("2")](self._chance)
        return value


def plain_lines(program: str, count: int, seed: int) -> list[str]:
    """`count` lines of one of PROGRAMS, the same for the same seed; some of them Japanese."""
    chance = random.Random(f"{program} {seed}")
    shape = PROGRAMS[program]
    time = START + timedelta(seconds=chance.randrange(86_400))
    lines = []
    for template in chance.choices(list(shape.templates), list(shape.templates.values()), k=count):
        time += timedelta(seconds=chance.expovariate(1 / shape.gap_seconds))
        draws = shape.fields
        if chance.random() < JAPANESE_SHARE:
            template, draws = chance.choice(JAPANESE), JAPANESE_FIELDS
        lines.append(template.format_map(_Fields(draws, chance, time)))
    return lines
