"""One teacher's whole set, beside a plain re-enactment of the original's way: one thread each.

Both are whole processes, with their imports, from the files of decoder, teacher and shard to those
of the set: candidates, labels, all filters of the original's configuration, steering, diversity,
report. Ours is `datagen generate pate_images`; the peer is benchmarks/pate_teacher_plain.py. They
have the same decoder and teacher; ours draws latents from the prior beside the decoder, so that few
classes need steering, and the original has no such thing.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.table import MemoryRow, Row
from datagen_pate.classifier.files import flatten_weights
from datagen_pate.classifier.recipes import TEACHERS
from datagen_pate.classifier.training import train_classifier
from datagen_pate.decoder.artefact import Place, make_decoder
from datagen_pate.decoder.params import PretrainParams
from datagen_pate.public import load_public

POOL, SHARD, TRAINED = 20_000, 240, 3000
AIM, MEMORY = 1 / 4, 1.5 * 2**30
ROUNDS = 2  # at most: the plain way takes more than a minute
PLAIN = "plain re-enactment"


def measure(folder: Path, repeat: int) -> Iterator[Row]:
    """Yield processor time and peak memory of making one teacher's set."""
    _write_inputs(folder)
    costs: dict[str, list[dict[str, float]]] = {"float32": [], "bfloat16": [], PLAIN: []}
    for number in range(min(repeat, ROUNDS)):
        for precision in ("float32", "bfloat16"):
            words = _generate(folder, folder / f"cache{number}", precision)
            costs[precision].append(_run("datagen", *words))
        steps = [
            _run(sys.executable, "-m", "benchmarks.pate_teacher_plain", step, folder)
            for step in ("pool", "select")
        ]
        peak = max(step["peak"] for step in steps)
        costs[PLAIN].append({"cpu": sum(step["cpu"] for step in steps), "peak": peak})
    cpu = {name: min(each["cpu"] for each in found) for name, found in costs.items()}
    what = f"one teacher, {POOL:,} candidates, full configuration"
    yield Row(f"{what} (CPU of processes)", cpu["float32"], PLAIN, cpu[PLAIN], AIM)
    yield Row(f"{what}, precision=bfloat16 (CPU)", cpu["bfloat16"], PLAIN, cpu[PLAIN])
    ours, plain = (max(each["peak"] for each in costs[name]) for name in ("float32", PLAIN))
    yield MemoryRow(f"{what}, peak memory", ours, "allowed", MEMORY, 1)
    yield MemoryRow(f"{what}, peak memory", ours, PLAIN, plain)


def _write_inputs(folder: Path) -> None:
    """Train a decoder on the default public images, and a teacher on its shard of digits."""
    params = PretrainParams(epochs=8, batch_size=32, kl_annealing_epochs=2)
    make_decoder(load_public("mix", TRAINED), params, Place(folder, "cpu", 1))
    shard = load_public("digits", SHARD, seed=1)
    labels = np.asarray(shard.labels)
    teacher = train_classifier(shard.images, labels, TEACHERS["strong"], np.random.SeedSequence(0))
    np.save(folder / "weights.npy", flatten_weights(teacher)[None])
    np.savez(
        folder / "shards.npz",
        images=shard.images,
        labels=labels,
        indices=np.arange(SHARD),
        offsets=np.array([0, SHARD]),
        class_counts=np.bincount(labels, minlength=10)[None],
    )


def _generate(folder: Path, cache: Path, precision: str) -> list[Any]:
    given = {"decoder": folder, "teachers": folder, "pool_size": POOL, "precision": precision}
    words = [word for name, value in given.items() for word in ("-p", f"{name}={value}")]
    return ["--cache", cache, "generate", "pate_images", "-n", 1, *words, "--executor", "inline"]


def _run(*command: Any) -> dict[str, float]:
    """Return what a command used, of which each part has one thread."""
    words = [sys.executable, "-m", "benchmarks.child_usage", *map(str, command)]
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    made = subprocess.run(words, env=env, check=True, capture_output=True, text=True)
    used: dict[str, float] = json.loads(made.stdout)
    return used
