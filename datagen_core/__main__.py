"""The program `datagen`, which is also `python -m datagen_core`."""

# What `signal` wraps is there already, and Ctrl-C may come at once.
import _signal  # type: ignore[import-not-found]  # which typeshed lacks

if _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler:
    _signal.signal(_signal.SIGINT, _signal.SIG_DFL)  # which ends the process without a traceback

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
