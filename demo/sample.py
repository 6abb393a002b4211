"""Generates log lines for a demo without a log file. Every run gets the same lines."""

import json
import random

PATHS = ["/", "/cart", "/items/42", "/items/7?colour=blue", "/login", "/検索?q=りんご", "/health"]
AGENTS = ["Mozilla/5.0 (X11; Linux x86_64)", "curl/8.5.0", "shop-app/3.1 (iOS 18)"]
JAPANESE = [
    "注文を受け付けました: 注文番号 {number}",
    "在庫が不足しています (商品 {number}), 入荷予定を確認してください",
    "ERROR 決済に失敗しました: 注文番号 {number}、もう一度お試しください",
]
STACK_TRACE = "\n".join(
    [
        "ERROR order {number}: payment refused",
        "Traceback (most recent call last):",
        '  File "/srv/shop/payment.py", line 88, in charge',
        '    raise Refused(f"card ends in {{card[-4:]}}")',
        "shop.payment.Refused: card ends in 0042",
    ]
)


def log_events(count: int = 3_000, seed: int = 1) -> dict[str, list[str]]:
    """`count` log events by kind. `web` has access lines. `app` has JSON, Japanese text and a few stack traces."""
    chance = random.Random(seed)
    web, app = [], []
    for number in range(1, count + 1):
        kind = chance.random()
        if kind < 0.70:
            web.append(_access_line(chance, number))
        elif kind < 0.85:
            app.append(_json_line(chance, number))
        elif kind < 0.98:
            app.append(chance.choice(JAPANESE).format(number=number))
        else:
            app.append(STACK_TRACE.format(number=number))
    return {"web": web, "app": app}


def _access_line(chance: random.Random, number: int) -> str:
    client = f"192.0.2.{chance.randrange(1, 255)}"
    status = chance.choices([200, 304, 404, 500], [90, 5, 4, 1])[0]
    return (
        f'{client} - - "GET {chance.choice(PATHS)} HTTP/1.1" {status} {chance.randrange(200, 90_000)} "-" '
        f'"{chance.choice(AGENTS)}" request={number}'
    )


def _json_line(chance: random.Random, number: int) -> str:
    event = {
        "level": chance.choice(["info", "info", "info", "warn", "error"]),
        "request": number,
        "user": f"user-{chance.randrange(500)}",
        "message": 'said "yes", then left\ttwice',
        "milliseconds": round(chance.expovariate(1 / 40), 2),
    }
    return json.dumps(event, ensure_ascii=False)
