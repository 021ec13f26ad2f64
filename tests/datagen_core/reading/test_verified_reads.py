"""Reads that verify: where that is asked for, a flipped bit is told of."""

from __future__ import annotations

import os
import subprocess
import sys

import h5py
import pytest

from datagen_core import Cache, generate
from datagen_core.errors import DamagedFileError
from datagen_core.upkeep.preprocess import preprocess
from generators_for_tests import sine, squeezed, walks
from view_parts import WHOLE, published, teams
from view_parts import make as make_parts


def flip_a_bit(path, name):
    """Change a value of a field, as a disk may."""
    with h5py.File(path, "r") as file:
        item = file[name] if isinstance(file[name], h5py.Dataset) else file[name]["values"]
        offset = item.id.get_offset() or item.id.get_chunk_info(0).byte_offset
    content = bytearray(path.read_bytes())
    content[offset + 1] ^= 64
    path.write_bytes(content)


def refuses(path, read):
    with pytest.raises(DamagedFileError, match=f"{path} is damaged"):
        read()


@pytest.mark.parametrize(
    ("generator", "field"), [(sine, "x"), (walks, "path"), (walks, "name"), (squeezed, "y")]
)
def test_a_flipped_bit_is_an_error_of_a_read_that_verifies(tmp_path, generator, field):
    made = generate(generator, 20, executor="inline", cache=tmp_path)
    made.move(10, "train")
    train = made["train"]
    train.get(verify=True)
    train.verify()
    [path] = made.paths.shards.glob("*.h5")
    flip_a_bit(path, field)

    refuses(path, train.verify)
    refuses(path, lambda: train.get(1, verify=True))
    refuses(path, lambda: made.samples.get(verify=True, copy=False))


def test_only_files_of_the_samples_that_are_asked_for_are_checked(tmp_path):
    for _ in range(2):
        made = generate(sine, 10, executor="inline", cache=tmp_path)
    path = sorted(made.paths.shards.glob("*.h5"))[1]
    flip_a_bit(path, "x")

    assert len(made.samples.get(10, verify=True)[0]) == 10
    refuses(path, lambda: made.samples.get(11, verify=True))


def test_what_was_repaired_is_read_anew(tmp_path):
    made = generate(sine, 10, executor="inline", cache=tmp_path)
    samples, [path] = made.samples, made.paths.shards.glob("*.h5")
    good, expected = path.read_bytes(), samples.get()[0]
    flip_a_bit(path, "x")
    samples = made.samples
    samples.get()
    path.rename(path.with_suffix(".damaged"))
    path.write_bytes(good)

    assert samples.get(verify=True)[0].tolist() == expected.tolist()


def test_results_of_preprocessors_are_checked(tmp_path):
    made = generate(sine, 20, executor="inline", cache=tmp_path)
    made.move(10, "train")
    preprocess(made, sine.preprocessors["square_both"], "train", 10)
    squares, [path] = made["train"]["square_both"], made.paths.derived("train").glob("*/*.h5")
    squares.get(verify=True)
    flip_a_bit(path, "x")

    refuses(path, lambda: squares.get(verify=True))


def test_views_check_their_own_files_and_those_of_their_samples(tmp_path):
    team_set = make_parts(tmp_path, teams)
    users = published(team_set, train=WHOLE)["train"]
    users.get(verify=True)
    first, second = sorted(team_set.paths.shards.glob("*.h5"))
    [own] = team_set.paths.views.glob("*/train/*.h5")
    flip_a_bit(second, "at")
    refuses(second, lambda: users.get(1, verify=True))
    flip_a_bit(first, "at")
    flip_a_bit(own, "row")
    refuses(own, users.verify)


SCRIPT = """
import sys
from datagen_core import Cache
from datagen_core.errors import DatagenError
from datagen_core.store import checking
made = Cache(sys.argv[1])[sys.argv[2]][0]
try:
    {read}
    checking._checks._thread.shutdown()
    {again}
except DatagenError as error:
    print(error)
else:
    print("read")
"""


def run(folder, name, read="made.samples.get()", again="made.samples[0]", verify="first"):
    """Read in a process of its own, and wait until its checks are done before reading again."""
    return subprocess.run(
        [sys.executable, "-c", SCRIPT.format(read=read, again=again), str(folder), name],
        capture_output=True, text=True, check=True, env={**os.environ, "DATAGEN_VERIFY": verify},
    )  # fmt: skip


@pytest.mark.parametrize(("generator", "field"), [(sine, "x"), (walks, "name"), (squeezed, "y")])
def test_a_background_check_warns_and_ends_reading(tmp_path, generator, field):
    made = generate(generator, 20, executor="inline", cache=tmp_path)
    assert run(tmp_path, generator.name).stdout == "read\n"
    [path] = made.paths.shards.glob("*.h5")
    flip_a_bit(path, field)
    done = run(tmp_path, generator.name)

    assert done.stdout.startswith(f"{path} is damaged")
    assert done.stderr.startswith(f"datagen: warning: {path} is damaged")
    assert len(done.stderr.splitlines()) == 1


READS = """for way in ["get(1)", "take([0])", "digest", "lengths()", "rows('path')", "__iter__()"]:
        try:
            list(eval(f"made.samples.{way}"))
        except DatagenError as error:
            print(way, error)"""


@pytest.mark.parametrize("first", ["made.samples.get()", "made.samples.digest"])
def test_every_read_is_refused_behind_damage(tmp_path, first):
    made = generate(walks, 20, executor="inline", cache=tmp_path)
    [path] = made.paths.shards.glob("*.h5")
    flip_a_bit(path, "path")

    assert run(tmp_path, "walks", first, READS).stdout.count(f" {path} is damaged") == 6


def test_a_process_that_ends_finishes_its_checks(tmp_path):
    made = generate(sine, 20, executor="inline", cache=tmp_path)
    [path] = made.paths.shards.glob("*.h5")
    flip_a_bit(path, "x")
    done = run(tmp_path, "sine", again="sys.exit(0)", read="made.samples.get(); sys.exit(0)")

    assert done.stderr.startswith(f"datagen: warning: {path} is damaged")


FORK = """made.samples.get(1)
    checking._checks._checked.clear()
    import os
    if os.fork(): sys.exit(os.waitstatus_to_exitcode(os.wait()[1]))
    checking.note_opened(made.paths.shards / "nothing.h5")"""


def test_a_forked_process_checks_what_its_parent_had_not_checked(tmp_path):
    made = generate(sine, 20, executor="inline", cache=tmp_path)
    [path] = made.paths.shards.glob("*.h5")
    flip_a_bit(path, "x")

    assert run(tmp_path, "sine", FORK).stdout.startswith(f"{path} is damaged")


WORKERS = """from torch.utils.data import DataLoader
    for _ in range(30):
        list(DataLoader(made.samples.as_torch(), 5, num_workers=2))
    made.samples.get()"""


def test_workers_of_a_data_loader_check_their_files(tmp_path):
    pytest.importorskip("torch", reason="torch is an extra")
    made = generate(sine, 20, executor="inline", cache=tmp_path)
    [path] = made.paths.shards.glob("*.h5")
    flip_a_bit(path, "x")
    done = run(tmp_path, "sine", WORKERS)

    assert done.stderr.count("datagen: warning: ") > 1


def test_another_value_of_the_variable_is_refused(tmp_path):
    generate(sine, 20, executor="inline", cache=tmp_path)
    done = run(tmp_path, "sine", verify="always")

    assert done.stdout.startswith("DATAGEN_VERIFY is 'always'; set it to 'first'")
    assert Cache(tmp_path)["sine"][0].existing


def test_an_export_verifies(tmp_path, cache, run_cli):
    made = generate(sine, 20, executor="inline", cache=cache)
    words = ("export", "sine", tmp_path / "t.csv", "--format", "csv", "--verify", "--force")
    assert run_cli(*words).code == 0
    [path] = made.paths.shards.glob("*.h5")
    flip_a_bit(path, "x")
    failed = run_cli(*words)

    assert (failed.code, failed.err.startswith(f"datagen: error: {path} is damaged")) == (1, True)
