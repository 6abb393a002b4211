"""Draws the chart of a run: `python -m benches.chart results.json chart.svg`."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from xml.sax.saxutils import escape

from benches.contenders import BLUEPRINT, DEFAULT_PATH, FLOOR, FORMER_DEFAULT, FUNCTION
from benches.results import Results, WorkloadResults

WIDTH = 960
LABEL_WIDTH = 84
CPU_BAR_WIDTH, CPU_VALUE_WIDTH = 260, 220  # the longest bar, and the space for the text after it
BYTES_X = LABEL_WIDTH + CPU_BAR_WIDTH + CPU_VALUE_WIDTH
BYTES_BAR_WIDTH = 300
BAR_HEIGHT, BAR_GAP, GROUP_GAP = 16, 3, 18
HEADER_HEIGHT, FOOTER_HEIGHT = 92, 40
GZIP_STREAM = "one gzip 6 stream"
BARS = {  # the contender, and the class of its colour
    BLUEPRINT: "blueprint",
    FUNCTION: "function",
    DEFAULT_PATH: "default",
    FORMER_DEFAULT: "former",
    GZIP_STREAM: "stream",
    FLOOR: "floor",
}

TIMES = "\N{MULTIPLICATION SIGN}"
STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.small { font-size: 12px; fill: #59636e }
.group { font-weight: 600 }
.blueprint { fill: #afb8c1 } .function { fill: #0969da } .default { fill: #8250df }
.former { fill: #d4a72c } .stream { fill: #bc4c00 } .floor { fill: #4ac26b }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .small { fill: #9198a1 }
  .blueprint { fill: #656c76 } .function { fill: #4493f8 } .default { fill: #ab7df8 }
  .former { fill: #9e6a03 } .stream { fill: #db6d28 } .floor { fill: #2ea043 }
}
"""


@dataclass(frozen=True)
class Row:
    """A contender: CPU time of an invocation, and delivered bytes of a log event. Either may be missing."""

    cpu_ms: float | None
    cpu_text: str
    bytes_per_log_event: float | None

    def in_words(self) -> str:
        """Both figures."""
        size = "" if self.bytes_per_log_event is None else _bytes_text(self.bytes_per_log_event)
        return ", ".join(filter(None, [self.cpu_text, size]))


def svg(results: Results) -> str:
    """The CPU time of an invocation and the delivered bytes of a log event as bars, in one group per workload."""
    groups = {name: _rows(workload) for name, workload in results["workloads"].items()}
    rows = [row for group in groups.values() for row in group.values()]
    cpu_scale = CPU_BAR_WIDTH / max(row.cpu_ms or 0 for row in rows)
    bytes_scale = BYTES_BAR_WIDTH / max(row.bytes_per_log_event or 0 for row in rows)
    parts, y = [], HEADER_HEIGHT
    for name, group in groups.items():
        cpu_y = bytes_y = y
        for bar, row in group.items():
            if row.cpu_ms is not None:
                parts.append(_bar(bar, LABEL_WIDTH, cpu_y, row.cpu_ms * cpu_scale, row.cpu_text))
                cpu_y += BAR_HEIGHT + BAR_GAP
            if row.bytes_per_log_event is not None:
                size = row.bytes_per_log_event
                parts.append(_bar(bar, BYTES_X, bytes_y, size * bytes_scale, _bytes_text(size)))
                bytes_y += BAR_HEIGHT + BAR_GAP
        end = max(cpu_y, bytes_y)
        parts.append(_text(LABEL_WIDTH - 12, (y + end - BAR_GAP) / 2, name, "group", "end"))
        y = end + GROUP_GAP
    height = y - GROUP_GAP + FOOTER_HEIGHT
    description = "; ".join(
        f"{name}: " + ", ".join(f"{bar} {row.in_words()}" for bar, row in group.items())
        for name, group in groups.items()
    )
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title description" '
            f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
            '<title id="title">CPU time of an invocation, and delivered bytes of a log event</title>',
            f'<desc id="description">{escape(description)}</desc>',
            f"<style>{STYLE}</style>",
            *_legend({bar for group in groups.values() for bar in group}),
            _text(LABEL_WIDTH, 70, "CPU time of an invocation, ms", "title"),
            _text(BYTES_X, 70, "Delivered bytes of a log event", "title"),
            *parts,
            _text(12, height - 16, _footer(results), "small"),
            "</svg>",
            "",
        ]
    )


def _rows(workload: WorkloadResults) -> dict[str, Row]:
    rows = {}
    for bar in BARS:
        if bar == GZIP_STREAM:
            rows[bar] = Row(None, "", workload["json_gzip_bytes"] / workload["log_events"])
        elif figures := workload["contenders"].get(bar):
            cpu_text = f"{figures['cpu_ms']:.1f} ms"
            if bar == BLUEPRINT:
                cpu_text += f", {figures['cpu_ratio']:.1f} {TIMES} the function"
            size, log_events = figures["output_bytes"], figures["log_events_returned"]
            rows[bar] = Row(figures["cpu_ms"], cpu_text, size / log_events if size and log_events else None)
    return rows


def _bar(bar: str, x: float, y: float, width: float, value: str) -> str:
    width = max(width, 1)
    rectangle = (
        f'<rect class="{BARS[bar]}" x="{x}" y="{y}" width="{width:.1f}" height="{BAR_HEIGHT}" rx="2">'
        f"<title>{bar}: {value}</title></rect>"
    )
    return rectangle + _text(x + width + 8, y + BAR_HEIGHT / 2, value)


def _bytes_text(size: float) -> str:
    return f"{size:.0f} bytes"


def _legend(present: set[str]) -> list[str]:
    parts, x = [], 12
    for bar in (bar for bar in BARS if bar in present):
        parts.append(f'<rect class="{BARS[bar]}" x="{x}" y="18" width="12" height="12" rx="2"/>')
        parts.append(_text(x + 18, 24, bar, "small"))
        x += 46 + 7 * len(bar)
    return parts


def _footer(results: Results) -> str:
    machine = results["machine"]
    run = f"{machine['cpu']}, {machine['python']}, {results['date'][:10]}"
    return f"{run}. Medians of one run, measured in turn. Less is better."


def _text(x: float, y: float, text: str, name: str = "", anchor: str = "start") -> str:
    attributes = f' class="{name}"' if name else ""
    place = f'x="{x:.1f}" y="{y:.1f}" dominant-baseline="central" text-anchor="{anchor}"'
    return f"<text{attributes} {place}>{escape(text)}</text>"


def main(arguments: list[str]) -> int:
    """Reads the results and writes the chart. Returns the exit code."""
    if len(arguments) != 2:
        print("usage: python -m benches.chart results.json chart.svg", file=sys.stderr)
        return 2
    results, chart = map(Path, arguments)
    chart.write_text(svg(json.loads(results.read_text(encoding="utf-8"))), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
