"""Run the benchmarks and print one table, in Markdown: `python -m benchmarks --help`."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from pkgutil import resolve_name

from benchmarks.table import Row, format_table

SECTIONS = {
    "read": "reading:measure",
    "hand-over": "handing_over:measure",
    "write": "writing:measure",
    "store": "storing:measure",
    "import": "importing:measure",
    "collections": "param_sets:measure",
    "collections-10000": "param_sets:measure_many",
    "bounds": "bounds:measure",
    "startup": "startup:measure",
    "newcomer": "newcomer:measure",
    "engine": "engine:measure",
    "leaf": "leaf:measure",
    "leaf-preprocessing": "leaf_preprocessing:measure",
    "federated": "federated:measure",
    "federation": "federation:measure",
    "pate-selection": "pate_selection:measure",
    "pate-students": "pate_students:measure",
    "pate-teacher": "pate_teacher:measure",
}
"""The functions of sections, which take a folder and a number of repetitions and yield rows."""


def main() -> None:
    """Measure the sections that are asked for, one after another in this process."""
    arguments = _parse()
    rows: list[Row] = []
    for name in arguments.only:
        print(f"measuring: {name} …", file=sys.stderr)
        with tempfile.TemporaryDirectory(prefix="datagen-benchmarks-") as folder:
            measure = resolve_name(f"benchmarks.{SECTIONS[name]}")
            rows += measure(Path(folder), arguments.repeat)
    print(f"{_describe_machine()}; the shortest of {arguments.repeat} interleaved repetitions\n")
    print(format_table(rows))
    missed = sum(row.is_met is False for row in rows)
    print(f"\n{missed} of {sum(row.is_met is not None for row in rows)} aims missed")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--only",
        type=_sections,
        default=list(SECTIONS),
        metavar="NAME,…",
        help=f"some of {','.join(SECTIONS)} (default: all of them)",
    )
    parser.add_argument(
        "--repeat", type=int, default=7, metavar="N", help="repetitions (default: %(default)s)"
    )
    return parser.parse_args()


def _sections(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in SECTIONS]
    if unknown:
        message = f"{unknown[0]!r} is not one of {','.join(SECTIONS)}"
        raise argparse.ArgumentTypeError(message)
    return names


def _describe_machine() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "h5py", "click"))
    cores = len(os.sched_getaffinity(0))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{platform.machine()}, {cores} cores, {memory:.0f} GiB, warm page cache"
    return f"{time.strftime('%Y-%m-%d')}, {machine}; Python {platform.python_version()}, {packages}"


if __name__ == "__main__":
    main()
