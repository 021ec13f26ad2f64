"""The program `datagen`, which is also `python -m datagen_core`."""

from __future__ import annotations

from datagen_core.interrupts import guard, heed, leave


def main() -> None:
    """Run the command line; Ctrl-C is heeded before anything else is loaded."""
    guard()
    from datagen_core import cli  # slow

    try:
        heed()
        cli.main()
    finally:
        leave()


if __name__ == "__main__":
    main()
