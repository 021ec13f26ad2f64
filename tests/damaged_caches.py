"""Damaged caches for `fuzzing.py`: every kind of file, every kind of damage, every command.

A cache that has every kind of file is made once. Each input gets a copy of it, in which one file is
damaged: its bytes, or what it says under a checksum that is right.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from damage import BYTES, OTHERS, SAID
from datagen_core import Cache, Ragged, generate
from datagen_core.generators.registry import load_generator
from datagen_core.scheduling.judging import record_verdict
from datagen_core.store.probes import Probe, keep_probe
from datagen_core.store.runs import list_plans
from datagen_core.store.sets import grow_set
from datagen_core.upkeep.preprocess import find_preprocessor, preprocess
from fuzzing import Answer, Input, call

SOURCE = '''
import numpy as np
import datagen_core

@datagen_core.generator(5)
def lines(size, start):
    """Make a ragged field and a fixed one."""
    for index in range(start, start + size):
        yield {"x": np.arange(index % 3 + 1.0), "y": index}

@lines.preprocessor
def doubled(X, y):
    return X, 2 * y

class Given(datagen_core.Params):
    """A parameter of each kind."""

    file: datagen_core.InputFile | None = None
    number: float = 0
    count: int = 1
    text: str = ""
    items: list[int] = []

@datagen_core.generator(5, Given, limit=lambda params: 20)
def pairs(size, start):
    for index in range(start, start + size):
        yield float(index), index

@datagen_core.generator(5)
def names(size, start):
    for index in range(start, start + size):
        yield {"name": f"name {index}"}
'''

SECRET = "secret:x:0:0:of somebody else"
"""What a file outside of the cache holds, which no command shows or changes."""

KINDS = {
    "params": "lines/*/params.json",
    "later": "lines/*/later/0.json",
    "schema": "lines/*/schema.json",
    "number": "lines/numbers/*.json",
    "code": "lines/code/*.json",
    "probe": "lines/*/probes/*.json",
    "run": "lines/*/runs/*.json",
    "plan": "lines/*/runs/1/0.json",
    "receipt": "lines/*/runs/1/workers/0.json",
    "verdict": "lines/*/runs/1/verdicts/0-0.json",
    "journal": "lines/*/runs/*/*.jsonl",
    "log": "lines/*/runs/1/logs/*.log",
    "job log": "lines/jobs/*/logs/*.log",
    "ledger": "lines/*/splits/*.json",
    "frozen": "lines/*/frozen/*.json",
    "view": "lines/*/views/*/view.json",
    "view shard": "lines/*/views/*/*/*.h5",
    "derived": "lines/*/derived/train/*/derived.json",
    "use": "lines/*/derived/train/*/0.json",
    "derived shard": "lines/*/derived/train/*/*.h5",
    "fixed shard": "pairs/*/shards/*.h5",
    "ragged shard": "lines/*/shards/*.h5",
    "text shard": "names/*/shards/*.h5",
    "pack": "names/*/packs/*.h5",
    "input": "inputs/*",
    "litter": "lines/tmp/*.tmp",
    "foreign": "lines/foreign.json",
    "claim": "lines/*/runs/*.claim",
    "lock": "lines/*/splits/move.lock",
}
"""Where the files of each kind lie in a cache."""

PAIRS = ("../made/recipes.py:pairs", "--executor", "inline")
COMMANDS = (
    "list", "list --json", "list lines", "show lines -p 0", "show lines -p 0 --runs",
    "show names -p 0 --json", "status", "status --all --json", "verify", "verify --json",
    "verify lines -p 0 --resample 3", "verify lines --against 0123456789ab",
    "export lines -p 0 out.csv --format csv", "export names -p 0 out.npz --format npz",
    "export pairs -p 0 out.csv --format csv --split test",
    "export lines -p 0 out.parquet --format parquet --view mine",
    "export lines --all-sets out.csv --format csv",
    "export lines -p 0 out.csv --format csv --verify",
    "export names -p 0 out.csv --format csv --verify", "verify --probe",
    "repair lines --executor inline",
    "repair --json --executor inline", "repair --dry-run", "move lines -p 0 1 test -y",
    "move lines -p seed=1 1 test", "freeze lines -p 0 train --note n", "freeze pairs -p 0 test",
    "exclude lines -p 0 --indices 1 --reason bad -y",
    "preprocess ../made/recipes.py:lines doubled train 4 -p 0", "cancel", "cancel lines -p 0",
    "generate ../made/recipes.py:lines -n 5 --executor inline",
    "generate ../made/recipes.py:lines --total 12 --seed 7 --executor inline",
    "generate ../made/recipes.py:pairs -n 1 -p count=1 --executor inline",
    "resume --executor inline", "resume lines -p 0 --executor inline", "compact --grace 0",
    "compact lines -p 0", "rm lines -p 0 -y", "rm lines --all-sets -y",
    "list -p seed=* --sort size", "du", "du --by split --json", "logs lines",
    "logs lines --failed --json", "estimate lines -n 5", "prune --state holes -y",
    "prune --older-than 0h --dry-run --json", "leaf stats lines -p 0",
    "leaf split lines -p 0 --tf 0.5", "publish lines -p 0 public", "publish names public --json",
    "init --shared --json",
)  # fmt: skip
"""What is called."""

VERIFICATIONS = (["verify"], ["verify", "--json"])
"""What reads every file of a cache."""


def make_cache(ground: Path) -> Path:
    """Make a cache that has every kind of file, beside what it is made with."""
    folder = ground / "made"
    folder.mkdir()
    (folder / "recipes.py").write_text(SOURCE)
    (folder / "given.bin").write_bytes(b"given")
    (folder / "secret").write_text(SECRET)
    cache = folder / "cache"
    lines, pairs, names = (
        load_generator(f"{folder / 'recipes.py'}:{name}").generator
        for name in ("lines", "pairs", "names")
    )
    _make_lines(lines, cache)
    generate(pairs, 15, {"file": str(folder / "given.bin")}, executor="inline", cache=cache).move(
        6, "test"
    )
    for _ in range(3):
        generate(names, 5, executor="inline", cache=cache)
    assert call(["compact", "names", "--grace", "0", "--cache", str(cache)]).code == 0
    generate(names, 5, executor="inline", cache=cache)
    _add_rest(cache)
    return cache


def _make_lines(lines: Any, cache: Path) -> None:
    for seed, executor in ((0, "local"), (1, "inline")):
        generate(lines, 10, seed=seed, executor="inline", cache=cache)
        made = generate(lines, 5, seed=seed, executor=executor, cache=cache)
        for _ in range(2):
            made.move(2, "train")
        made["train"].freeze()
    first = Cache(cache)["lines"][0]
    keep_probe(first.paths, Probe("0123456789abcdef", ()))
    grow_set(first.paths, first.record, {"later": 1}, {})
    preprocess(first, find_preprocessor(lines, "doubled"), "train", 3)
    rows = Ragged(np.array([1]), np.array([0, 1]))
    users = {"users": ["u"], "sample": rows, "row": rows}
    first.publish_view("mine", {"by": "hand"}, {"all": users})
    max(first.paths.shards.iterdir()).unlink()
    journal = first.paths.run(1).journal(0, 0)
    journal.write_text("".join(journal.read_text().splitlines(keepends=True)[:-1]))
    record_verdict(list_plans(first.paths.run(1))[0], 0, "node n7 failed")


def _add_rest(cache: Path) -> None:
    """Add what killed processes and strangers leave."""
    first = Cache(cache)["lines"][0].paths
    litter = f"params.json~{socket.gethostname()}~999999999~0123.tmp"
    log = cache / "lines" / "jobs" / "job" / "logs" / "0.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    for path in (first.temporary / litter, cache / "lines/foreign.json", log,
                 first.runs / "2.json.claim", first.lock, first.run(1).log(0, 0)):  # fmt: skip
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("words\n")


def copy_cache(made: Path, folder: Path) -> Path:
    """Return a copy of a cache in a new folder; files that are appended to are copied, too."""

    def copy(source: str, target: str) -> str:
        if source.endswith((".jsonl", ".log", ".lock")):
            return str(shutil.copy2(source, target))
        os.link(source, target)
        return target

    shutil.copytree(made, folder / "cache", copy_function=copy)
    return folder / "cache"


_PLAIN = {"log", "job log", "input", "litter", "foreign", "claim", "lock"}
"""Kinds of files that say nothing, so that only their bytes can be damaged."""

SPACE = [
    (kind, name)
    for kind, name in product(KINDS, {**BYTES, **OTHERS, **SAID})
    if not (kind in _PLAIN and name in SAID)
]
"""Every kind of file with every kind of damage."""


def damaged_inputs(made: Path, rng: random.Random, count: int) -> Iterator[Input]:
    """Yield inputs, each in a copy of the cache that is removed afterwards."""
    for number in range(count):
        if number % len(SPACE) == 0:
            space = rng.sample(SPACE, len(SPACE))
        folder = made.parents[1] / f"damaged-{number}"
        folder.mkdir()
        yield _damage_one(made, folder, space[number % len(SPACE)], rng)
        shutil.rmtree(folder)


def _damage_one(made: Path, folder: Path, chosen: tuple[str, str], rng: random.Random) -> Input:
    kind, damage = chosen
    copied = copy_cache(made, folder)
    path = rng.choice(sorted(filter(Path.is_file, copied.glob(KINDS[kind]))))
    {**BYTES, **OTHERS, **SAID}[damage](path, rng)
    words = rng.choice(COMMANDS).split()

    def check(answer: Answer) -> str:
        if (made.parent / "secret").read_text() != SECRET or SECRET in answer.out + answer.err:
            return "wrong answer: a file outside of the cache is shown or written to"
        if damage not in BYTES or answer.code:
            return ""
        is_data = kind.endswith(("shard", "pack"))
        if is_data and damage != "flipped" and words in VERIFICATIONS:
            return f"wrong answer: verify finds a {kind} good"
        promised = "out.csv" in words and ("--verify" in words or not is_data)
        is_wrong = promised and Path("out.csv").read_text() != _export(made, tuple(words))
        return f"wrong answer: other values because of a {kind}" if is_wrong else ""

    return Input(f"{kind} {damage} ({path.relative_to(copied)})", folder, words, check)


@lru_cache
def _export(made: Path, words: Sequence[str]) -> str:
    """Return what a command exports from the cache that is not damaged."""
    table = made.parent / "out.csv"
    whole = ("--cache", str(made), "--force")
    assert call([each.replace("out.csv", str(table)) for each in (*words, *whole)]).code == 0
    return table.read_text()
