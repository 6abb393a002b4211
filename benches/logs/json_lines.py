"""Generates JSON log lines as a structured logger writes them: one object a line, 250 to 450 bytes each."""

import json
import random
from datetime import datetime, timedelta

from benches.logs.lines import START

LOGGERS = ["orders.PaymentService", "orders.CartController", "stock.ReservationJob", "mail.Outbox", "web.AccessFilter"]
MESSAGES = [
    "order accepted",
    "payment authorised",
    'template "receipt" rendered',
    "stock reserved",
    "cache miss, read from the replica",
    "retrying after a timeout",
]
JAPANESE = ["注文を受け付けました", "在庫を引き当てました", "決済が完了しました"]
FAILURE = "shop.Refused: card expired\n\tat shop.Gateway.charge(Gateway.java:{})\n\tat shop.Orders.pay(Orders.java:{})"
JAPANESE_SHARE = 0.05
FAILURE_SHARE = 0.04


def json_lines(count: int, seed: int) -> list[str]:
    """`count` lines; the same seed gives the same lines.

    Some are Japanese, as UTF-8 or as \\u escapes, and some have a stack trace.
    """
    rng = random.Random(f"json {seed}")
    time = START + timedelta(seconds=rng.randrange(86_400))
    lines = []
    for _ in range(count):
        time += timedelta(milliseconds=rng.expovariate(1 / 40))
        event = _event(rng, time)
        # About half of all loggers escape non-ASCII characters.
        lines.append(json.dumps(event, ensure_ascii=rng.random() < 0.5, separators=(",", ":")))
    return lines


def _event(rng: random.Random, time: datetime) -> dict[str, object]:
    kind = rng.random()
    is_failure = kind < FAILURE_SHARE
    is_japanese = FAILURE_SHARE <= kind < FAILURE_SHARE + JAPANESE_SHARE
    event: dict[str, object] = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z",
        "level": "ERROR" if is_failure else rng.choices(["INFO", "DEBUG", "WARN"], [80, 15, 5])[0],
        "logger": rng.choice(LOGGERS),
        "thread": f"http-{rng.randrange(32)}",
        "message": "payment refused" if is_failure else rng.choice(JAPANESE if is_japanese else MESSAGES),
        "traceId": f"{rng.getrandbits(128):032x}",
        "user": {"id": rng.randrange(100_000), "tier": rng.choice(["free", "plus", "team"])},
        "request": {
            "method": rng.choice(["GET", "GET", "POST"]),
            "path": f"/v1/orders/{rng.randrange(1_000_000)}",
            "status": 402 if is_failure else rng.choices([200, 304, 404], [90, 6, 4])[0],
            "ms": round(rng.expovariate(1 / 40), 2),
        },
        "retry": rng.random() < 0.02,
        "tenant": rng.choice([None, "north", "south"]),
    }
    if is_failure:
        event["stackTrace"] = FAILURE.format(rng.randrange(20, 300), rng.randrange(20, 300))
    return event
