"""Log lines as JSON: one object a line as a service with a structured logger writes them, 250 to 450 bytes each."""

import json
import random
from datetime import timedelta

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
    """`count` lines, the same for the same seed: some Japanese, written out or as \\u escapes, some with a stack trace."""
    chance = random.Random(f"json {seed}")
    time = START + timedelta(seconds=chance.randrange(86_400))
    lines = []
    for _ in range(count):
        time += timedelta(milliseconds=chance.expovariate(1 / 40))
        event = _event(chance, time)
        # Half of the loggers there are escape what is not ASCII.
        lines.append(json.dumps(event, ensure_ascii=chance.random() < 0.5, separators=(",", ":")))
    return lines


def _event(chance: random.Random, time) -> dict:
    kind = chance.random()
    is_failure = kind < FAILURE_SHARE
    is_japanese = FAILURE_SHARE <= kind < FAILURE_SHARE + JAPANESE_SHARE
    event = {
        "time": time.strftime("%Y-%m-%dT%H:%M:%S.") + f"{time.microsecond // 1000:03}Z",
        "level": "ERROR" if is_failure else chance.choices(["INFO", "DEBUG", "WARN"], [80, 15, 5])[0],
        "logger": chance.choice(LOGGERS),
        "thread": f"http-{chance.randrange(32)}",
        "message": "payment refused" if is_failure else chance.choice(JAPANESE if is_japanese else MESSAGES),
        "traceId": f"{chance.getrandbits(128):032x}",
        "user": {"id": chance.randrange(100_000), "tier": chance.choice(["free", "plus", "team"])},
        "request": {
            "method": chance.choice(["GET", "GET", "POST"]),
            "path": f"/v1/orders/{chance.randrange(1_000_000)}",
            "status": 402 if is_failure else chance.choices([200, 304, 404], [90, 6, 4])[0],
            "ms": round(chance.expovariate(1 / 40), 2),
        },
        "retry": chance.random() < 0.02,
        "tenant": chance.choice([None, "north", "south"]),
    }
    if is_failure:
        event["stackTrace"] = FAILURE.format(chance.randrange(20, 300), chance.randrange(20, 300))
    return event
