"""What a run prints: a table for each workload, and the targets."""

COLUMNS = ["contender", "CPU ms", "in turn", "wall p50", "wall p99", "peak MiB", "re-ingested", "log events"]
INSTRUCTIONS_COLUMN = "M instructions"


def print_machine(results: dict) -> None:
    """The machine, in a line."""
    machine = results["machine"]
    packages = machine["packages"]
    print(
        f"{machine['cpu']}, {machine['cores']} cores, Linux {machine['kernel']}; {machine['python']}, "
        f"awslambdaric {packages['awslambdaric']}, boto3 {packages['boto3']}"
    )


def print_workload(name: str, workload: dict) -> None:
    """A workload's contenders, in order of measuring."""
    contenders = workload["contenders"]
    print(
        f"\n{name}: {workload['records']} records of {workload['log_events_a_record']} log events, "
        f"{workload['inflated_bytes'] / 1e6:.1f} MB inflated, {workload['compressed_bytes'] / 1e6:.2f} MB compressed"
    )
    has_instructions = any("instructions" in figures for figures in contenders.values())
    rows = [COLUMNS + [INSTRUCTIONS_COLUMN] * has_instructions]
    for contender, figures in contenders.items():
        row = [
            contender,
            f"{figures['cpu_ms']:.2f}",
            f"{figures['cpu_ratio']:.2f} x {figures['beside']}" if "cpu_ratio" in figures else "",
            f"{figures['wall_p50_ms']:.1f}",
            f"{figures['wall_p99_ms']:.1f}",
            f"{figures['peak_mib']:.1f}",
            f"{figures['records_reingested']}",
            "" if figures["log_events_returned"] is None else f"{figures['log_events_returned']:,}",
        ]
        if has_instructions:
            row.append(f"{figures['instructions'] / 1e6:.1f}" if "instructions" in figures else "")
        rows.append(row)
    _print_table(rows)


def print_starts(start_ms: dict[str, float]) -> None:
    """Start to first poll."""
    print("\nstart to first poll, ms (median)")
    _print_table([["contender", "ms"], *([name, f"{value:.1f}"] for name, value in start_ms.items())])


def print_targets(targets: list[dict]) -> None:
    """Each target, its value, and whether it is met."""
    print()
    rows = [["target", "value", "asked for", "met"]]
    for target in targets:
        value = "-" if target["value"] is None else f"{target['value']:.2f} {target['unit']}"
        met = {True: "yes", False: "NO", None: "-"}[target["is_met"]]
        rows.append([target["what"], value, f"{target['sign']} {target['bound']:g}", met])
    _print_table(rows)


def _print_table(rows: list[list[str]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rows.insert(1, ["-" * width for width in widths])
    for first, *others in rows:
        cells = [first.ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(others, widths[1:], strict=True))]
        print("  " + "  ".join(cells).rstrip())
