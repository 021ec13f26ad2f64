"""A sample of mutants, and how many of them the tests find: `python tests/mutation.py --help`.

mutmut plants them, in a copy of the code in `mutants/`: an operator, a number, a string or an
argument is another one. It notes once which tests call which function, and runs for each mutant
those that call its function, until one fails. Which tests are asked is in `pyproject.toml`; they
stay in one process. A process that a test starts runs the code as it is.

What is kept in `mutants/` makes the next time faster: it is up to date with the code and the tests.
"""

from __future__ import annotations

import argparse
import random
import shutil
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import attrgetter
from pathlib import Path

import pytest

_COPY = Path("mutants")
_MISSED = {"survived", "no tests", "skipped"}
"""What mutmut calls a mutant that no test failed with. One that ends the process is found."""


def choose(names: Iterable[str], only: Sequence[str], count: int | None, seed: int) -> list[str]:
    """Return the names of some mutants: of folders or modules as `store/ledger`, and at random."""
    parts = tuple(
        f"datagen_core.{each.strip('/').removesuffix('.py').replace('/', '.')}." for each in only
    )
    some = sorted(name for name in names if not parts or name.startswith(parts))
    return sorted(random.Random(seed).sample(some, min(len(some), count or len(some))))


def report(states: Mapping[str, str]) -> str:
    """Return what became of mutants: a line for each one that was missed, and for each module.

    Those that an interrupted run did not come to do not count.
    """
    states = {name: state for name, state in states.items() if state != "not checked"}
    missed = [name for name, state in states.items() if state in _MISSED]
    tried, survivors = Counter(map(_module, states)), Counter(map(_module, missed))
    lines = [f"{states[name]}: {name}" for name in missed]
    lines += [_rate(module, tried[module], survivors[module]) for module in sorted(tried)]
    return "\n".join([*lines, _rate("all", len(states), len(missed))]) + "\n"


def _module(name: str) -> str:
    return name.rpartition(".")[0].removeprefix("datagen_core.").replace(".", "/")


def _rate(what: str, tried: int, missed: int) -> str:
    return f"{what}: {tried - missed} of {tried} found, {1 - missed / tried:.0%}"


def _plant() -> Callable[[], dict[str, int | None]]:
    """Write all mutants, and return a function that says with which code the tests of each end."""
    from mutmut import __main__ as mutmut

    # mutmut 3.8 asks for what pytest 9.2 has no more.
    pytest.Item._nodeid = property(attrgetter("nodeid"))

    def read() -> dict[str, int | None]:
        found = mutmut.collect_source_file_mutation_data(mutant_names=())[0]
        return {name: code for _, name, code in found}

    try:
        mutmut.set_mutant_under_test("mutant_generation")
        mutmut.copy_src_dir()
        mutmut.create_mutants(2)
    except BaseException:
        shutil.rmtree(_COPY, ignore_errors=True)  # half a file would count as written
        raise
    return read


def _try(
    names: Sequence[str], tests: Sequence[str], read: Callable[[], dict[str, int | None]]
) -> dict[str, str]:
    from mutmut.__main__ import _run
    from mutmut.configuration import config
    from mutmut.stats import status_by_exit_code

    if tests:
        config().pytest_add_cli_args_test_selection = list(tests)
    _run(names, max_children=None)
    codes = read()
    return {name: status_by_exit_code[codes[name]] for name in names}


def main() -> None:
    """Try mutants, and print which were missed and the rate of those that were found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", default=(), help="folders or modules: store/ledger")
    parser.add_argument("--tests", nargs="*", default=(), help="instead of those of pyproject.toml")
    parser.add_argument("--sample", type=int, help="how many; all, which takes hours, unless given")
    parser.add_argument("--seed", type=int, default=0, help="which ones")
    given = parser.parse_args()
    read = _plant()
    if not (names := choose(read(), given.only, given.sample, given.seed)):
        parser.error("no mutants of that name; name store, scheduling, or modules of them")
    sys.stdout.write(report(_try(names, given.tests, read)))


if __name__ == "__main__":
    main()
