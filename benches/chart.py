"""Draws the chart of a run: `python -m benches.chart results.json chart.svg`."""

import json
import sys
from pathlib import Path
from xml.sax.saxutils import escape

from benches.contenders import BLUEPRINT, FLOOR, FUNCTION
from benches.results import Figures, Results

WIDTH = 800
LABEL_WIDTH = 96
VALUE_WIDTH = 210  # space for the text after the longest bar
BAR_HEIGHT, BAR_GAP, GROUP_GAP = 20, 4, 18
HEADER_HEIGHT, FOOTER_HEIGHT = 64, 40
BARS = {BLUEPRINT: "blueprint", FUNCTION: "function", FLOOR: "floor"}  # the contender, and the class of its colour

TIMES = "\N{MULTIPLICATION SIGN}"
STYLE = """
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: #1f2328 }
.title { font-size: 16px; font-weight: 600 }
.small { font-size: 12px; fill: #59636e }
.group { font-weight: 600 }
.blueprint { fill: #afb8c1 } .function { fill: #0969da } .floor { fill: #4ac26b }
@media (prefers-color-scheme: dark) {
  text { fill: #f0f6fc } .small { fill: #9198a1 }
  .blueprint { fill: #656c76 } .function { fill: #4493f8 } .floor { fill: #2ea043 }
}
"""


def svg(results: Results) -> str:
    """The CPU time of an invocation as bars, in one group per workload."""
    workloads = {
        name: {bar: workload["contenders"][bar] for bar in BARS if bar in workload["contenders"]}
        for name, workload in results["workloads"].items()
    }
    longest = max(figures["cpu_ms"] for bars in workloads.values() for figures in bars.values())
    scale = (WIDTH - LABEL_WIDTH - VALUE_WIDTH) / longest
    parts, y = [], HEADER_HEIGHT
    for name, bars in workloads.items():
        middle = y + (len(bars) * (BAR_HEIGHT + BAR_GAP) - BAR_GAP) / 2
        parts.append(_text(LABEL_WIDTH - 12, middle, name, "group", "end"))
        for bar, figures in bars.items():
            parts.append(_bar(bar, figures, scale, y))
            y += BAR_HEIGHT + BAR_GAP
        y += GROUP_GAP
    height = y - GROUP_GAP + FOOTER_HEIGHT
    description = "; ".join(f"{name}: {_in_words(bars)}" for name, bars in workloads.items())
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="title description" '
            f'viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
            '<title id="title">CPU time of an invocation, in milliseconds</title>',
            f'<desc id="description">{escape(description)}</desc>',
            f"<style>{STYLE}</style>",
            _text(12, 22, "CPU time of an invocation, ms (less is better)", "title"),
            *_legend({bar for bars in workloads.values() for bar in bars}),
            *parts,
            _text(12, height - 16, _footer(results), "small"),
            "</svg>",
            "",
        ]
    )


def _bar(bar: str, figures: Figures, scale: float, y: float) -> str:
    width = max(figures["cpu_ms"] * scale, 1)
    value = f"{figures['cpu_ms']:.1f} ms"
    if bar == BLUEPRINT:
        value += f", {figures['cpu_ratio']:.1f} {TIMES} the function"
    rectangle = (
        f'<rect class="{BARS[bar]}" x="{LABEL_WIDTH}" y="{y}" width="{width:.1f}" height="{BAR_HEIGHT}" rx="2">'
        f"<title>{bar}: {value}</title></rect>"
    )
    return rectangle + _text(LABEL_WIDTH + width + 8, y + BAR_HEIGHT / 2, value)


def _legend(present: set[str]) -> list[str]:
    parts, x = [], 12
    for bar in (bar for bar in BARS if bar in present):
        parts.append(f'<rect class="{BARS[bar]}" x="{x}" y="38" width="12" height="12" rx="2"/>')
        parts.append(_text(x + 18, 44, bar, "small"))
        x += 100
    return parts


def _footer(results: Results) -> str:
    machine = results["machine"]
    return f"{machine['cpu']}, {machine['python']}, {results['date'][:10]}. Medians of one run, measured in turn."


def _in_words(bars: dict[str, Figures]) -> str:
    return ", ".join(f"{bar} {figures['cpu_ms']:.1f} ms" for bar, figures in bars.items())


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
