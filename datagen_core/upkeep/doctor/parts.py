"""The process in which a part of the checks runs; see the package."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any

from datagen_core.errors import DatagenError, in_one_line
from datagen_core.executors.base import Executor, Finding, Resources
from datagen_core.executors.choice import (
    BUILT_IN,
    choose_executor,
    fallback_reason,
    find_executor,
    why_not,
)
from datagen_core.generators.installed import installed_executors
from datagen_core.store.access import explain
from datagen_core.streams import StdoutDiversion
from datagen_core.upkeep.doctor.cache import checks_of_cache
from datagen_core.upkeep.doctor.installation import (
    Checks,
    check_torch,
    checks_of_machine,
    checks_of_plugins,
)

PARTS: Mapping[str, Callable[[Mapping[str, Any]], Checks]] = {
    "machine": lambda _: checks_of_machine(),
    "plugins": lambda _: checks_of_plugins(),
    "torch": lambda _: iter([("torch", check_torch)]),
    "cache": lambda terms: checks_of_cache(Path(terms["path"])),
    "executors": lambda terms: _checks_of_executors(terms["asked"], terms["resources"]),
}
"""The parts by name. Each makes its checks, one after another, from what it is to look at."""


def _checks_of_executors(asked: str | None, resources: Mapping[str, Any]) -> Checks:
    choose = cache(choose_executor)  # which may take a scheduler seconds
    yield "executor", partial(_check_choice, choose, asked)
    chosen = asked
    with suppress(DatagenError):
        chosen = choose(asked).name
    for name in (*BUILT_IN, *installed_executors()):
        full = Resources(**{**resources, "setup": tuple(resources["setup"])})
        yield name, partial(_examine, name, full if name == chosen else Resources())


def _check_choice(choose: Callable[[str | None], Executor], asked: str | None) -> Iterator[Finding]:
    try:
        executor = choose(asked)
    except DatagenError as error:
        yield Finding("executor", "error", str(error))
        return
    if why := fallback_reason(asked, executor):
        yield Finding("executor", "warning", why)
    else:
        yield Finding("executor", "ok", f"{executor.name} runs jobs")


def _examine(name: str, resources: Resources) -> Iterator[Finding]:
    executor = find_executor(name)
    if reason := why_not(executor):
        yield Finding(name, "absent", f"cannot be used here: {reason}")
    else:
        yield from executor.examine(resources)


def run(part: str, terms: Mapping[str, Any], write: Callable[[list[str]], object]) -> None:
    """Run the checks of a part; write the name of each before it begins, and what it finds.

    What goes wrong between them has the name of the part. A check that fails in a way that nobody
    thought of is a finding itself.
    """
    checks = PARTS[part](terms)
    while True:
        name = part
        try:
            write([name])
            name, check = next(checks)
            write([name])
            for finding in check():
                write([*finding])
        except StopIteration:
            return
        except DatagenError as error:
            write([name, "error", str(error)])
        except OSError as error:
            write([name, "error", str(explain(error))])
        except (Exception, SystemExit) as error:
            write([name, "error", f"the check itself fails: {in_one_line(error)}"])


def main() -> None:
    """Run the part that the first argument names; its terms are the second one, as JSON."""
    answer = StdoutDiversion()  # what packages print as they are imported goes elsewhere
    with suppress(BrokenPipeError):
        run(
            sys.argv[1], json.loads(sys.argv[2]), lambda told: answer.write(f"{json.dumps(told)}\n")
        )


if __name__ == "__main__":
    main()
