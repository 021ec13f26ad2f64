"""A newcomer's first data set, from a function that draws samples to arrays of a split.

Each tool does it as its own introduction says: 1,000 points of a noisy sine are made and kept, 700
of them become the training part, and these are read. Each command or script is a process of its
own, and all of them count, imports included. datasets and signac are those of this environment.
`DATAGEN_TFDS_PYTHON` names a Python with tensorflow-datasets (without TensorFlow), and
`DATAGEN_FLOWER_DATASETS_PYTHON` one with flwr-datasets.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path

from benchmarks.storing import DATAGEN
from benchmarks.table import CostRow, compare_costs
from benchmarks.timing import Action, cheapest, run_command

_DRAW = """
import numpy as np

def draw(n, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.uniform(-1, 1, n)
    return x, np.sin(x) + rng.normal(scale=0.1, size=n)
"""

_GENERATOR = """
import datagen_core
import numpy as np

class NoisySineParams(datagen_core.Params):
    left: float = -1
    right: float = 1
    std_dev: float = 0.1

@datagen_core.generator(50, NoisySineParams)
def noisy_sine(size, params, rng):
    for x in rng.uniform(params.left, params.right, size):
        yield x, np.sin(x) + rng.normal(scale=params.std_dev)
"""
_READ = """
from datagen_core import Cache
x, y = Cache("datagen-cache")["noisy_sine"][0]["train"].get(700)
assert len(x) == len(y) == 700
"""

_DATASETS = f"""{_DRAW}
from datasets import Dataset, load_from_disk

def samples():
    for x, y in zip(*draw(1000)):
        yield {{"x": x, "y": y}}

made = Dataset.from_generator(samples, cache_dir="cache")
made.train_test_split(train_size=700, seed=0).save_to_disk("made")
train = load_from_disk("made")["train"].with_format("numpy")
assert len(train["x"][:]) == 700
"""

_SIGNAC = f"""{_DRAW}
import signac
project = signac.init_project()
job = project.open_job({{"left": -1, "right": 1, "std_dev": 0.1}}).init()
with job.data:
    job.data["x"], job.data["y"] = draw(1000)
job.doc["train"] = list(range(700))
"""
_SIGNAC_READ = """
import signac
job, = signac.get_project().find_jobs({"left": -1})
with job.data:
    assert len(job.data["x"][job.doc["train"]]) == 700
"""

_TFDS = f"""{_DRAW}
import tensorflow_datasets as tfds

class Builder(tfds.core.GeneratorBasedBuilder):
    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        return self.dataset_info_from_configs(
            features=tfds.features.FeaturesDict({{"x": np.float64, "y": np.float64}})
        )

    def _split_generators(self, dl_manager):
        parts = {{"train": (0, 700), "test": (700, 1000)}}
        return {{name: self._generate_examples(*part) for name, part in parts.items()}}

    def _generate_examples(self, start, stop):
        x, y = draw(1000)
        for place in range(start, stop):
            yield place, {{"x": x[place], "y": y[place]}}
"""
_TFDS_READ = """
from noisy_sine.noisy_sine_dataset_builder import Builder
builder = Builder(data_dir="made", file_format="array_record")
builder.download_and_prepare()
assert len([each["x"] for each in builder.as_data_source("train")]) == 700
"""

_TFDS_FILES = {
    "noisy_sine/__init__.py": "",
    "noisy_sine/noisy_sine_dataset_builder.py": _TFDS,
    "first.py": _TFDS_READ,
}

_FLOWER = f"""{_DRAW}
from datasets import Dataset
from flwr_datasets.partitioner import SizePartitioner
x, y = draw(1000)
partitioner = SizePartitioner(partition_sizes=[700, 300])
partitioner.dataset = Dataset.from_dict({{"x": x, "y": y}})
train = partitioner.load_partition(0)
train.save_to_disk("made")
assert len(train.with_format("numpy")["x"][:]) == 700
"""

_FIRST = "first.py"
_OURS = "datagen: generate, list, move, a script"


def measure(folder: Path, repeat: int) -> Iterator[CostRow]:
    """Yield what the first data set costs with datagen beside each peer that is here."""
    paths = {_OURS: _datagen(folder / "datagen"), **_peers(folder)}
    costs = cheapest(paths, max(2, repeat // 2))
    peers = {name: cost for name, cost in costs.items() if name != _OURS}
    yield from compare_costs("first data set, 4 processes", costs[_OURS], peers)


def _datagen(folder: Path) -> Action:
    options = "-n", "1000", "--executor", "inline"
    return partial(
        _follow,
        folder,
        {"generators.py": _GENERATOR, "read.py": _READ},
        [
            (DATAGEN, "generate", "noisy_sine", *options),
            (DATAGEN, "list"),
            (DATAGEN, "move", "noisy_sine", "700", "train"),
            (sys.executable, "read.py"),
        ],
    )


def _peers(folder: Path) -> dict[str, Action]:
    found: dict[str, Action] = {}
    if find_spec("datasets"):
        commands = [(sys.executable, _FIRST)]
        files = {_FIRST: _DATASETS}
        found["datasets: a script"] = partial(_follow, folder / "datasets", files, commands)
    if find_spec("signac"):
        files = {"make.py": _SIGNAC, "read.py": _SIGNAC_READ}
        commands = [(sys.executable, "make.py"), (sys.executable, "read.py")]
        found["signac: two scripts"] = partial(_follow, folder / "signac", files, commands)
    for name, variable, files in (
        ("TFDS: a builder, a script", "DATAGEN_TFDS_PYTHON", _TFDS_FILES),
        ("flwr-datasets: a script", "DATAGEN_FLOWER_DATASETS_PYTHON", {_FIRST: _FLOWER}),
    ):
        if python := os.environ.get(variable):
            found[name] = partial(_follow, folder / variable, files, [(python, _FIRST)])
        else:
            print(f"{name}: left out, since {variable} names no Python", file=sys.stderr)
    return found


def _follow(folder: Path, files: Mapping[str, str], commands: Sequence[Sequence[str]]) -> None:
    """Write the files into an empty folder, and run the commands there."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, text in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    for command in commands:
        run_command(*command, cwd=folder)()
