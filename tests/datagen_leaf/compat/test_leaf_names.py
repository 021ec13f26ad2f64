import json
from pathlib import Path, PurePosixPath

import pytest

from datagen_leaf.compat.leaf_names import digits, file_names, seed_file, view_name
from datagen_leaf.preprocessing.stages import removal, sampling, splitting

GOLDEN = json.loads((Path(__file__).parents[1] / "golden_preprocess.json").read_text())
RUNS = [(name, run) for name, made in GOLDEN.items() for run in made["runs"]]


@pytest.mark.parametrize(
    ("fraction", "shown"), [(1.0, "0"), (0.1, "1"), (0.05, "05"), (1e-05, "-05"), (1, "0")]
)
def test_a_fraction_is_shown_by_its_digits(fraction, shown):
    assert digits(fraction) == shown


def stages_of(words):
    options = dict(zip(words[::2], words[1::2], strict=True))
    number = {
        key: float(value) for key, value in options.items() if key in {"--sf", "--iu", "--tf"}
    }
    if "-s" in options:
        yield sampling(options["-s"], number.get("--sf", 0.1), number.get("--iu"), 0)
    if "-k" in options:
        yield removal(int(options["-k"]))
    if "-t" in options:
        yield splitting(options["-t"], number.get("--tf", 0.9), 0)


@pytest.mark.parametrize(("name", "run"), RUNS)
def test_files_are_called_as_by_leaf(name, run):
    made = GOLDEN[name]["runs"][run]
    stem, found = "data", []
    for stage in stages_of(made["args"].split()):
        names = file_names(stage, stem)
        found += ["/".join(pair) for pair in names.values()]
        stem = PurePosixPath(found[-1]).stem

    assert sorted(found) == sorted(made["files"])


def test_views_are_called_like_files_and_tell_what_is_split():
    name = None
    for stage in (sampling("iid", 1.0, 0.1, 0), removal(5), splitting("user", 0.6, 0)):
        name = view_name(name, stage)

    assert name == "iid_1_0_keep_5_user_train_6"
    assert view_name(None, splitting("sample", 0.9, 0)) == "train_9"


def test_seeds_are_kept_as_by_leaf():
    name, text = seed_file(sampling("niid", 1.0, None, 7)) or ("", "")

    assert name == "sampling_seed.txt"
    assert text.splitlines()[1:] == ["7"]
    assert "--smplseed" in text
    assert not text.endswith("\n")
    assert seed_file(removal(5)) is None
