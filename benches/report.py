"""What a run prints: a table for each workload, and the targets."""

from collections.abc import Sequence

from benches.results import Results, TargetResult, WorkloadResults

COLUMNS = ["contender", "CPU ms", "CPU ratio", "wall p50", "wall p99", "peak MiB", "re-ingested", "log events", "bytes"]
INSTRUCTIONS_COLUMN = "M instructions"
MET = {True: "yes", False: "NO", None: "-"}


def print_machine(results: Results) -> None:
    """The machine, in one line."""
    machine = results["machine"]
    packages = machine["packages"]
    print(
        f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; {machine['python']}, "
        f"awslambdaric {packages['awslambdaric']}, boto3 {packages['boto3']}"
    )


def print_workload(name: str, workload: WorkloadResults) -> None:
    """The contenders of a workload, in the order of measuring."""
    contenders = workload["contenders"]
    print(
        f"\n{name}: {workload['records']:,} records, {workload['log_events']:,} log events, "
        f"{workload['inflated_bytes'] / 1e6:.1f} MB inflated, {workload['compressed_bytes'] / 1e6:.2f} MB compressed; "
        f"json output in one gzip stream {workload['json_gzip_bytes']:,} bytes"
    )
    has_instructions = any("instructions" in figures for figures in contenders.values())
    rows = [COLUMNS + [INSTRUCTIONS_COLUMN] * has_instructions]
    for contender, figures in contenders.items():
        row = [
            contender,
            f"{figures['cpu_ms']:.2f}",
            f"{figures['cpu_ratio']:.2f} x {figures['compared_with']}" if "cpu_ratio" in figures else "",
            f"{figures['wall_p50_ms']:.1f}",
            f"{figures['wall_p99_ms']:.1f}",
            f"{figures['peak_mib']:.1f}",
            f"{figures['records_reingested']}",
            "" if figures["log_events_returned"] is None else f"{figures['log_events_returned']:,}",
            "" if figures["output_bytes"] is None else f"{figures['output_bytes']:,}",
        ]
        if has_instructions:
            row.append(f"{figures['instructions'] / 1e6:.1f}" if "instructions" in figures else "")
        rows.append(row)
    print_table(rows)


def print_starts(start_ms: dict[str, float]) -> None:
    """The start of each contender."""
    print("\nstart to first poll, ms (median)")
    print_table([["contender", "ms"], *([name, f"{value:.1f}"] for name, value in start_ms.items())])


def print_targets(targets: list[TargetResult]) -> None:
    """Each target, its value, and whether it is met."""
    print()
    rows = [["target", "value", "target value", "met"]]
    for target in targets:
        value = "-" if target["value"] is None else f"{target['value']:.2f} {target['unit']}"
        rows.append([target["what"], value, f"{target['sign']} {target['bound']:g}", MET[target["is_met"]]])
    print_table(rows)


def print_table(rows: Sequence[Sequence[str]]) -> None:
    """Rows as aligned columns; the first row is the header."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    header, *body = rows
    for first, *others in [header, ["-" * width for width in widths], *body]:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        print("  " + "  ".join(cells).rstrip())
