"""LEAF's preprocessing done the way of its scripts: whole JSON files in, whole JSON files out.

For tests, which compare ours with it, and for benchmarks, whose peer it is. It was written from a
description of what the scripts do, and keeps what makes them slow: every stage loads all data as
Python lists and writes all of them again, and a split looks each row up in a list.
"""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

Tree = dict[str, Any]


def write_all_data(folder: Path, tasks: Sequence[tuple[np.ndarray, np.ndarray]]) -> None:
    """Write the file that LEAF's generator leaves; user i has the arrays x and y of task i."""
    users = {str(i): {"x": x.tolist(), "y": y.tolist()} for i, (x, y) in enumerate(tasks)}
    _dump(folder / "data" / "all_data" / "data.json", list(users), users)


def sample(
    folder: Path, kind: str, fraction: float, user_fraction: float = 0.01, seed: int = 0
) -> None:
    path, tree = _load(folder, "all_data")
    rng = random.Random(seed)
    wanted = int(fraction * sum(tree["num_samples"]))
    if kind == "iid":
        users = _deal(tree, rng, wanted, max(1, round(user_fraction * len(tree["users"]))))
        tag = f"iid_{str(user_fraction)[2:]}_{str(fraction)[2:]}"
    else:
        users = _take_users(tree, rng, wanted)
        tag = f"niid_{str(fraction)[2:]}"
    _dump(folder / "data" / "sampled_data" / f"{path.stem}_{tag}.json", list(users), users)


def _deal(tree: Tree, rng: random.Random, wanted: int, count: int) -> Tree:
    x = [row for data in tree["user_data"].values() for row in data["x"]]
    y = [row for data in tree["user_data"].values() for row in data["y"]]
    drawn = rng.sample(range(len(y)), wanted)
    sizes = [wanted // count + (user >= count - wanted % count) for user in range(count)]
    places = iter(drawn)
    groups = [[next(places) for _ in range(size)] for size in sizes]
    return {
        str(user): {"x": [x[i] for i in group], "y": [y[i] for i in group]}
        for user, group in enumerate(groups)
    }


def _take_users(tree: Tree, rng: random.Random, wanted: int) -> Tree:
    order = list(tree["users"])
    rng.shuffle(order)
    taken: Tree = {}
    missing = wanted
    for user in order:
        if missing <= 0:
            break
        data = tree["user_data"][user]
        if len(data["y"]) > missing:
            picks = rng.sample(range(missing), missing)
            data = {key: [rows[i] for i in picks] for key, rows in data.items()}
        taken[user] = data
        missing -= len(data["y"])
    return taken


def remove_users(folder: Path, least: int) -> None:
    path, tree = _load(folder, "sampled_data", "all_data")
    sizes = dict(zip(tree["users"], tree["num_samples"], strict=True))
    kept = {user: tree["user_data"][user] for user in tree["users"] if sizes[user] >= least}
    _dump(folder / "data" / "rem_user_data" / f"{path.stem}_keep_{least}.json", list(kept), kept)


def split(folder: Path, by: str, fraction: float, seed: int) -> None:
    source = ("rem_user_data", "sampled_data", "all_data")
    _load(folder, *source)  # a first time, only to look for hierarchies
    path, tree = _load(folder, *source)
    sides = (_split_users if by == "user" else _split_samples)(tree, random.Random(seed), fraction)
    words = path.stem.split("_")
    stem = "_".join(["data", "0", *words[2:]]) if by == "user" else path.stem
    for part, users in zip(("train", "test"), sides, strict=True):
        name = f"{stem}_{part}_{str(fraction)[2:]}.json"
        _dump(folder / "data" / part / name, list(users), users)


def _split_users(tree: Tree, rng: random.Random, fraction: float) -> tuple[Tree, Tree]:
    users = tree["users"]
    chosen = rng.sample(range(len(users)), int(fraction * len(users)))
    train = {user: tree["user_data"][user] for i, user in enumerate(users) if i in chosen}
    test = {user: tree["user_data"][user] for user in users if user not in train}
    return train, test


def _split_samples(tree: Tree, rng: random.Random, fraction: float) -> tuple[Tree, Tree]:
    sides: tuple[Tree, Tree] = ({}, {})
    for user in tree["users"]:
        data = tree["user_data"][user]
        size = len(data["y"])
        if size < 2:
            continue
        count = 1 if size == 2 else max(1, int(fraction * size))
        train = rng.sample(range(size), count)
        test = [i for i in range(size) if i not in train]
        for side, places in zip(sides, (sorted(train), test), strict=True):
            side[user] = {key: [rows[i] for i in places] for key, rows in data.items()}
    return sides


def _load(folder: Path, *names: str) -> tuple[Path, Tree]:
    """Return the file of the first of these folders that has any."""
    path = next(path for name in names for path in (folder / "data" / name).glob("*.json"))
    with path.open() as file:
        return path, json.load(file)


def _dump(path: Path, users: list[str], data: Tree) -> None:
    path.parent.mkdir(parents=True)
    sizes = [len(data[user]["y"]) for user in users]
    with path.open("w") as file:
        json.dump({"users": users, "num_samples": sizes, "user_data": data}, file)
