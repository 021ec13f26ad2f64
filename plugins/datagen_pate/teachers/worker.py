"""Train the teachers that the command line names: `FOLDER DEVICE ID…`; prints each when done."""

from __future__ import annotations

import sys
from pathlib import Path

from datagen_pate.teachers.training import train_part


def main(arguments: list[str]) -> None:
    """Train one teacher after the other, each in its own file."""
    folder, device, *teachers = arguments
    for teacher in teachers:
        train_part(Path(folder), int(teacher), device)
        sys.stdout.write(f"{teacher}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
