"""The workloads: the shapes of the events that every contender is measured on."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """An event of `records` records with `log_events` log events each.

    A record of more than 1,000,000 bytes of log lines is packed as two, with half of the log events each.
    """

    name: str
    records: int
    log_events: int
    description: str


WORKLOADS = [
    Workload("quiet", 2_000, 3, "very many tiny records, as from very quiet log streams"),
    Workload("small", 500, 10, "many small records, as from quiet log streams"),
    Workload("full", 5, 4_000, "about 5 MB of payloads; all of the output fits one response"),
    Workload("json", 4, 2_600, "log events that are JSON objects themselves"),
    Workload("overflow", 12, 4_500, "far more than fits one response: about half is re-ingested"),
]
