#!/usr/bin/env python3
"""Writes the tables of inputs and outputs in terraform/README.md from variables.tf and outputs.tf.

With --check, writes nothing and fails if the tables are out of date.
"""

import difflib
import re
import sys
from pathlib import Path

MODULE = Path(__file__).parents[1] / "terraform"
README = MODULE / "README.md"
# The end of the README is generated, from this line on.
START = "<!-- scripts/terraform_docs.py writes the rest of this file from variables.tf and outputs.tf. -->\n"

_HEADING_OR_BLOCK = re.compile(
    r'^# (?P<heading>[^\n]+)$|^(?:variable|output) "(?P<name>\w+)" \{\n(?P<body>.*?)^\}', re.M | re.S
)
_ARGUMENT = re.compile(r"^  (?P<name>\w+) += (?P<value>.*?)(?=\n  \w|\n\n|\Z)", re.M | re.S)


def blocks(text: str) -> list[tuple[str, str, dict[str, str]]]:
    """Heading, name and arguments of each variable or output. A heading is a comment that stands by itself."""
    heading, found = "General", []
    for match in _HEADING_OR_BLOCK.finditer(text):
        if match["heading"]:
            heading = match["heading"]
        else:
            arguments = {argument["name"]: argument["value"] for argument in _ARGUMENT.finditer(match["body"].rstrip())}
            found.append((heading, match["name"], arguments))
    return found


def one_line(expression: str) -> str:
    """A type or a default without its line breaks, as in `object({name = string, type = string})`."""
    expression = re.sub(r"\s*#.*", "", expression)
    expression = re.sub(r"(?<=[{\[(])\s*\n\s*|\s*\n\s*(?=[}\])])", "", expression)
    return re.sub(r",?\s*\n\s*", ", ", re.sub(r" +=", " =", expression))


def description(arguments: dict[str, str]) -> str:
    """The text of a description, for a cell of a table."""
    text = arguments["description"]
    if text.startswith("<<"):
        text = "<br>".join(line.strip() for line in text.splitlines()[1:] if line.strip() != "EOT")
    else:
        text = text.removeprefix('"').removesuffix('"').replace('\\"', '"')
    return text.replace("$${", "${").replace("|", "\\|")


def inputs(text: str) -> str:
    """Tables of the variables, one for each heading of the file."""
    lines, current = ["## Inputs\n"], ""
    for heading, name, arguments in blocks(text):
        if heading != current:
            lines += [
                f"\n### {heading}\n",
                "\n| name | type | default | description |\n",
                "| --- | --- | --- | --- |\n",
            ]
            current = heading
        default = f"`{one_line(arguments['default'])}`" if "default" in arguments else "required"
        lines.append(f"| `{name}` | `{one_line(arguments['type'])}` | {default} | {description(arguments)} |\n")
    return "".join(lines)


def outputs(text: str) -> str:
    """The table of the outputs."""
    rows = [f"| `{name}` | {description(arguments)} |\n" for _, name, arguments in blocks(text)]
    return "".join(["## Outputs\n\n| name | description |\n| --- | --- |\n", *rows])


def generated(readme: str) -> str:
    """The README with tables that match the files."""
    prose, marker, _ = readme.partition(START)
    if not marker:
        raise SystemExit(f"terraform_docs: {README} lacks the line {START}")
    tables = [inputs((MODULE / "variables.tf").read_text(encoding="utf-8"))]
    tables.append(outputs((MODULE / "outputs.tf").read_text(encoding="utf-8")))
    return prose + marker + "\n" + "\n".join(tables)


def main() -> None:
    """Writes the tables, or checks them."""
    old = README.read_text(encoding="utf-8")
    new = generated(old)
    if sys.argv[1:] == ["--check"]:
        if new != old:
            sys.stderr.writelines(
                difflib.unified_diff(old.splitlines(True), new.splitlines(True), "README.md", "generated")
            )
            raise SystemExit(
                "terraform_docs: the tables of terraform/README.md are out of date: run scripts/terraform_docs.py"
            )
        print("terraform_docs: the tables match variables.tf and outputs.tf")
    else:
        README.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main()
