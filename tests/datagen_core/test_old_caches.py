"""Caches of earlier versions: this version reads them, adds to them and goes on with their jobs.

tests/old_caches.py makes one, and says what is in it.
"""

from __future__ import annotations

import csv
import hashlib
import json
import pickle
import shutil
import socket
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from datagen_core import Cache
from datagen_core.generators.inputs import look_in
from datagen_core.generators.registry import load_generator
from datagen_core.store.layout import inputs_folder
from datagen_core.store.probes import read_probes
from old_caches import CACHES, HOST, STABLE, describe_cache, describe_samples

VERSIONS = sorted(path.parent.name for path in CACHES.glob("*/expected.json"))

CHEAP = ["noisy_sine", "walks", "scans", "squeezed", "leaf_synthetic"]
"""Generators of which more samples can be made at once; others need torch, or are at their end."""

DIGESTS = {
    "0.1": {
        ("noisy_sine", "train"): "475a6019f1c94cfd0531c13d8f037abfb1a2d3f03c85d43b65e17c05b1a77c4a",
        ("walks", "hold-out"): "5c3cdfcc007787db898a3776e8bf281578934c8fb8adf5f516e45ee88dfc30ab",
    }
}
"""What papers may name, by version."""


class OldCache(NamedTuple):
    """A copy of a kept cache beside its generators, and what its version read from it."""

    folder: Path
    expected: dict[str, Any]
    version: str

    @property
    def path(self) -> Path:
        return self.folder / "cache"

    def read(self) -> dict[str, Any]:
        return describe_cache(self.path)

    def sets(self, *names: str) -> list[dict[str, Any]]:
        """Return what `list --json` said of the sets of these generators."""
        return [each for each in self.expected["list"] if each["generator"] in names]


@pytest.fixture(params=VERSIONS)
def old(request, tmp_path, cache, monkeypatch):
    kept = CACHES / request.param
    shutil.copytree(kept / "cache", cache)
    shutil.copy(CACHES / "datasets.py", tmp_path)
    # Only where they ran can be told that processes of this machine are gone.
    monkeypatch.setattr(socket, "gethostname", lambda: HOST)
    expected = json.loads((kept / "expected.json").read_text())
    return OldCache(tmp_path, expected, request.param)


def stable(listed):
    return [{name: each[name] for name in STABLE} for each in listed]


def chosen(each):
    return each["generator"], "-p", each["digest"]


def move_source(old, name):
    """Let the runs of a generator find the copy of its file, as if the cache had been made here.

    Written out, so that a changed form of documents shows.
    """
    for path in old.path.glob(f"{name}/*/runs/*.json"):
        content = json.loads(path.read_text())
        del content["checksum"]
        content["source"] = f"{old.folder / 'datasets.py'}:{name}"
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        checksum = hashlib.sha256(text.encode()).hexdigest()
        path.write_text(json.dumps(content | {"checksum": checksum}))


def test_a_cache_is_kept_for_each_version():
    assert VERSIONS[0] == "0.1"


def test_sets_are_listed(old, run_cli):
    listed = {each["digest"]: each for each in run_cli("list", "--json").json}

    found = [listed[each["digest"]] for each in old.expected["list"]]
    assert stable(found) == old.expected["list"]


def test_parameters_are_what_they_were(old):
    """Checks plugins that no sample is made with here, too: names, values and digests."""
    look_in(inputs_folder(old.path))
    for each in old.expected["list"]:
        generator = load_generator(each["generator"], old.folder).generator
        bound = generator.params_type.bind(each["params"], each["generator"])

        # As text: 1 and 1.0 are equal but have different digests, and folders follow the order.
        assert json.dumps(bound.canonical()) == json.dumps(each["params"])
        assert generator.digest_of(bound, each["seed"]) == each["digest"]


def test_splits_have_the_same_digests(old, run_cli):
    for (name, split), digest in DIGESTS.get(old.version, {}).items():
        assert run_cli("freeze", name, split, "-p", 0, "--json").json["digest"] == digest


def test_runs_have_the_same_states(old, run_cli):
    found = {each["id"]: each["state"] for each in run_cli("status", "--all", "--json").json}

    assert found | old.expected["states"] == found


def test_splits_derived_data_and_views_hold_the_same_bytes(old):
    assert old.read() == old.expected["sets"]


def test_every_file_is_sound(old, run_cli):
    answer = run_cli("verify", "--json")

    assert answer.code == 0, answer.out
    assert sum(each["files"] for each in answer.json) >= 20


@pytest.mark.parametrize("name", [*CHEAP, "image_partition"])
def test_samples_made_anew_are_the_same(old, run_cli, name):
    answer = run_cli("verify", name, "--resample", 100, "--generators", old.folder, "--json")

    assert answer.code == 0, answer.out
    assert all(each["resampled"] for each in answer.json if each["files"])


@pytest.mark.parametrize("name", CHEAP)
def test_samples_are_added_to_the_same_set(old, run_cli, name):
    folders = {path.name for path in (old.path / name).iterdir()} | {"tmp", "code"}

    for each in old.sets(name):
        asked = ("--params", json.dumps(each["params"]), "--seed", each["seed"])
        how = ("--executor", "inline", "--generators", old.folder)
        assert run_cli("generate", name, "-n", 3, *asked, *how).code == 0
        found = Cache(old.path)[name][each["number"]]
        assert found.record.digest == each["digest"]
        assert len(found.existing) == each["samples"] + 3
        # Nobody knew by which code its samples were made.
        [probe] = read_probes(found.paths)
        assert (probe.against, probe.accepted, bool(probe.samples)) == (("",), False, True)
        assert run_cli("verify", *chosen(each), "--resample", 9, *how[2:]).code == 0

    assert {path.name for path in (old.path / name).iterdir()} == folders


def test_clients_of_files_are_all_there(old, run_cli):
    for each in old.sets("image_partition"):
        asked = ("--params", json.dumps(each["params"]), "--executor", "inline", "--json")
        answer = run_cli("generate", "image_partition", "--total", each["samples"], *asked)
        assert answer.code == 0, answer.err

    assert old.read() == old.expected["sets"]


def test_samples_move_on(old, run_cli):
    before = old.expected["sets"]

    assert run_cli("move", "noisy_sine", 15, "late", "-p", 0, "-y").code == 0
    found = Cache(old.path)["noisy_sine"][0]
    assert found.counts == {"raw": 5, "train": 30, "test": 10, "late": 15}
    splits = before[f"noisy_sine/{found.paths.root.name}"]["splits"]
    assert {name: describe_samples(found[name]) for name in ("train", "test")} == {
        name: splits[name] for name in ("train", "test")
    }


def test_derived_data_are_kept_and_added_to(old, run_cli):
    run_cli("move", "noisy_sine", 5, "train", "-p", 0, "-y")
    words = ("preprocess", "noisy_sine", "square_both", "train", 35, "-p", 0)

    answer = run_cli(*words, "--generators", old.folder)

    assert "5 of them new" in answer.out
    train = Cache(old.path)["noisy_sine"][0]["train"]
    assert (train["square_both"].get()[0] == train.get()[0] ** 2).all()


def test_a_view_and_all_sets_are_exported(old, run_cli):
    view = ("leaf_synthetic", "-p", 0, "--view", "niid_5_train_6")
    assert run_cli("export", *view, "--format", "leaf", old.folder / "leaf").code == 0
    rows = ("noisy_sine", "--all-sets", "--format", "csv", old.folder / "a.csv")
    assert run_cli("export", *rows).code == 0

    users = json.loads(next((old.folder / "leaf").rglob("train/*.json")).read_text())["users"]
    parts = next(each["views"] for each in old.expected["sets"].values() if each["views"])
    assert users == next(part["users"] for name, part in parts.items() if name.endswith("/train"))
    with (old.folder / "a.csv").open() as file:
        assert len(list(csv.reader(file))) == 1 + sum(x["samples"] for x in old.sets("noisy_sine"))


def test_holes_are_filled(old, run_cli):
    move_source(old, "troubled")

    assert run_cli("resume", "troubled", "--executor", "inline", "--trust").code == 0

    dataset = Cache(old.path)["troubled"]
    assert [len(each.existing) for each in dataset.values()] == [20, 20]
    how = ("--resample", 20, "--generators", old.folder)
    assert run_cli("verify", "troubled", *how).code == 0


def test_what_is_compacted_reads_the_same(old, run_cli):
    for name in ("noisy_sine", "walks", "leaf_synthetic"):
        assert run_cli("compact", name, "--grace", 0).code == 0

    assert not list(old.path.glob("walks/*/shards/*.h5"))
    assert old.read() == old.expected["sets"]


def test_a_process_that_was_to_start_does_its_task(old):
    move_source(old, "troubled")
    dataset = Cache(old.path)["troubled"]
    holes = [each.paths for each in dataset.values()]
    places = [json.dumps([str(paths.root), 0, 0, [0, 1]]) for paths in holes]

    subprocess.run([sys.executable, "-m", "datagen_core.worker", *places], check=True)

    assert [len(each.existing) for each in dataset.values()] == [20, 20]


def queued_jobs(old):
    """Load what tasks of Slurm begin with, and say where the cache is now."""
    for path in sorted(old.path.glob("*/*/runs/*/submitit/*/*_submitted.pkl")):
        job = pickle.loads(path.read_bytes())
        (work,) = job.function.args
        ((((root, run, attempt), tasks),),) = work.args
        here = old.path.joinpath(*Path(root).parts[-2:])
        work = partial(work.func, [((str(here), run, attempt), tasks)])
        yield partial(job.function.func, work, *job.args)


@pytest.mark.parametrize(
    "name", ["datagen_core.worker run_job", "datagen_core.executors.slurm.executor _run_task",
             "datagen_core.execution.slurm _run_task"],
)  # fmt: skip
def test_what_pickles_of_queued_jobs_name_is_there(name):
    """Until version 0.2 a job was a pickle of these functions and the addresses of its plans."""
    module, function = name.split()

    assert callable(pickle.loads(f"c{module}\n{function}\n.".encode()))


def test_jobs_in_the_queue_of_slurm_find_their_worker(old, run_cli, monkeypatch):
    # As the executor does: submitit, imported by the pickles, is not to configure all logging.
    monkeypatch.setenv("SUBMITIT_LOG_LEVEL", "NOCONFIG")
    for job in queued_jobs(old):
        with pytest.raises(SystemExit) as end:
            job()
        assert not end.value.code

    queued = Cache(old.path)["leaf_synthetic"][{"seed": 5, "num_dim": 3, "max_samples": 20}]
    assert len(queued.existing) == 40
    assert run_cli("verify", "leaf_synthetic", "-p", 1, "--resample", 10).code == 0
