"""The table that `make table` wrote, taken into the docs.

    make table ARGS="--report"
    .venv/bin/python benchmarks/table_docs.py runs/table

Writes docs/table.md and its pictures, and the rows between the marks in docs/results.md.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from adaptive_control.files import write_text

_DOCS = Path(__file__).parent.parent / "docs"
_PICTURES = {"returns": "returns", "recovery": "recovery", "model_error": "model-error"}
_BEGIN, _END = "<!-- at a glance -->\n", "<!-- end -->"


def table_page(page: str, table: str) -> str:
    """docs/table.md: its own head, then what the command wrote below its title."""
    end_of_head = page.index("\n", page.rindex("](table-")) + 1
    return page[:end_of_head] + "\n" + table.split("\n\n", 1)[1]


def results_page(page: str, table: str) -> str:
    """docs/results.md with the rows of the table's first section."""
    section = table.split("## At a glance", 1)[1].split("\n## ", 1)[0]
    rows = "".join(f"{line}\n" for line in section.splitlines() if line.startswith("|"))
    before, rest = page.split(_BEGIN, 1)
    return before + _BEGIN + rows + _END + rest.split(_END, 1)[1]


def main() -> None:
    """Take the table of a folder into the docs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="OUT of the evaluation")
    folder = parser.parse_args().folder
    table = (folder / "table.md").read_text()
    for name, change in (("table.md", table_page), ("results.md", results_page)):
        path = _DOCS / name
        write_text(path, change(path.read_text(), table))
    for name, called in _PICTURES.items():
        shutil.copyfile(folder / f"{name}.png", _DOCS / f"table-{called}.png")


if __name__ == "__main__":
    main()
