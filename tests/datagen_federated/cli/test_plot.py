"""`datagen federated plot`: real runs become pictures, and mistakes one line."""

import json

import pytest
from click.testing import CliRunner
from PIL import Image

import datagen_core
from datagen_core import Cache, DatagenError
from datagen_federated.cli import federated
from datagen_federated.cli.plot import plot

QUICK = {"model_type": "LogReg", "clients": 3, "rounds": 2, "epochs_per_round": 1}
SETS = (
    {"dataset": "iris"},
    {"dataset": "iris", "strategy": "dirichlet", "alpha": 5, "learning_rate": 0.1},
    {"dataset": "diabetes"},
)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Return a cache with three sets of federated runs, and one of something else."""
    cache = tmp_path_factory.mktemp("plots") / "cache"
    making = {"executor": "inline", "cache": cache}
    for params in SETS:
        datagen_core.generate("federated_metrics", 3, {**QUICK, **params}, **making)
    datagen_core.generate("leaf_synthetic", 1, {"num_dim": 3, "max_samples": 200}, **making)
    return cache


@pytest.fixture
def draw(cache, tmp_path):
    """Return `draw("-p", 0)`: what the command says as JSON, of the file `run.png`."""

    def draw(*words, output="run.png"):
        path = tmp_path / output
        words = [*map(str, words), "--cache", str(cache), "-o", str(path), "--json"]
        result = CliRunner().invoke(plot, words, catch_exceptions=False)
        assert result.exit_code == 0, result.output
        assert path.stat().st_size > 1000
        return json.loads(result.stdout) | {"stderr": result.stderr}

    return draw


def refused(cache, tmp_path, *words, output="run.png"):
    """Return the one line that a refused command says; it leaves no file."""
    words = [*map(str, words), "--cache", str(cache), "-o", str(tmp_path / output)]
    result = CliRunner().invoke(plot, words)
    assert result.exit_code
    assert not list(tmp_path.iterdir())
    if isinstance(result.exception, DatagenError):
        assert "\n" not in str(result.exception)
        return str(result.exception)
    return result.output


def test_a_run_is_drawn(draw, tmp_path):
    told = draw("-p", 0)

    assert {name: told[name] for name in ("set", "samples", "kind", "metric")} == {
        "set": 0, "samples": [0], "kind": "all", "metric": "accuracy",
    }  # fmt: skip
    assert (told["clients"], told["rounds"]) == (3, 2)
    assert told["output"] == str(tmp_path / "run.png")
    with Image.open(tmp_path / "run.png") as picture:
        assert picture.width == 1950


@pytest.mark.parametrize("kind", ["curves", "bars", "heatmap", "all"])
@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_every_kind_is_drawn_in_every_format(draw, kind, form):
    told = draw("-p", 0, "--kind", kind, output=f"run.{form}")

    assert told["kind"] == kind
    assert (told["metric"] is None) == (kind in {"bars", "heatmap"})


@pytest.mark.parametrize(
    ("words", "samples"),
    [
        ((), [0]),
        (("--sample", 2), [2]),
        (("--sample", 2, "--sample", 0), [0, 2]),
        (("--sample", "1-2"), [1, 2]),
        (("--sample", "0-1", "--sample", 1), [0, 1]),
        (("--sample", "all"), [0, 1, 2]),
    ],
)
def test_samples_are_chosen_by_index(draw, words, samples):
    assert draw("-p", 0, "--kind", "curves", *words)["samples"] == samples


def test_a_set_is_chosen_by_its_parameters(draw):
    assert draw("-p", "strategy=dirichlet")["set"] == 1
    assert draw("-p", "dataset=iris", "-p", "strategy=iid")["set"] == 0


def test_a_regression_is_drawn_by_its_rmse(draw):
    assert draw("-p", 2)["metric"] == "rmse"
    assert draw("-p", 2, "--metric", "r2")["metric"] == "r2"


def test_sets_are_compared(draw):
    told = draw("--compare")

    assert [(one["set"], one["label"], one["runs"]) for one in told["sets"]] == [
        (0, "strategy=iid learning_rate=0.01", 3),
        (1, "strategy=dirichlet alpha=5 learning_rate=0.1", 3),
    ]
    assert [one["why"] for one in told["left_out"]] == ["federated_metrics 2 has no accuracy"]
    assert told["stderr"] == "left out: federated_metrics 2 has no accuracy\n"


def test_chosen_sets_and_samples_are_compared(draw):
    told = draw("--compare", "-p", 2, "-p", 0, "-p", 2, "--metric", "loss", "--sample", 1)

    assert [(one["set"], one["runs"]) for one in told["sets"]] == [(2, 1), (0, 1)]


def test_sets_are_drawn_against_a_parameter(draw):
    told = draw("--against", "learning_rate")

    assert [one["set"] for one in told["sets"]] == [0, 1]
    assert told["against"] == "learning_rate"


def test_samples_of_other_splits_are_drawn(cache, draw, tmp_path):
    Cache(cache)["federated_metrics"][2].move(1, "seen")

    assert draw("-p", 2, "--split", "seen")["samples"] == [0]
    assert draw("-p", 2)["samples"] == [1]
    (tmp_path / "run.png").unlink()
    said = refused(cache, tmp_path, "-p", 2, "--sample", "0-1")
    assert said == "federated_metrics 2 raw has no sample 0; it has 2 samples, 1 to 2"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "federated_metrics has 3 parameter sets: 0 ("),
        (("-p", 9), "federated_metrics has no parameter set number 9"),
        (("nothing", "-p", 0), "there is no data set 'nothing'"),
        (
            ("leaf_synthetic",),
            "leaf_synthetic 0 raw does not hold federated runs: its samples have no",
        ),
        (
            ("leaf_synthetic", "--compare"),
            "there is nothing to compare: leaf_synthetic 0 raw does not hold",
        ),
        (("-p", 0, "--split", "test"), "has no split 'test'"),
        (("-p", 0, "--sample", 7), "federated_metrics 0 raw has no sample 7; it has 3 samples, 0"),
        (("-p", 0, "--sample", "1-9999999999"), "has no sample 3; it has 3 samples, 0 to 2"),
        (("-p", 0, "--sample", "2-1"), "--sample takes an index, a range such as 0-9, or all"),
        (("-p", 0, "--sample", "x"), "not 'x'"),
        (("-p", 0, "--metric", "rmse"), "federated_metrics 0 has no rmse; it has accuracy, loss"),
        (("-p", 2, "--metric", "accuracy"), "has no accuracy; it has loss, rmse, r2"),
        (("-p", 0, "--metric", "auc"), "'auc' is not one of 'accuracy', 'loss', 'f1'"),
        (("-p", 0, "--kind", "bars", "--metric", "f1"), "--metric does nothing with --kind bars"),
        (("-p", 0, "--kind", "heatmap", "--sample", "all"), "--kind heatmap draws one run, not 3"),
        (("--compare", "--kind", "bars"), "--compare draws learning curves; leave --kind bars out"),
        (("--against", "alpha", "--compare"), "and --against points; leave one of them out"),
        (("--against", "alpha", "--kind", "curves"), "--against draws points; leave --kind curves"),
        (("--against", "rounds"), "the parameter sets do not differ in 'rounds'; they differ in s"),
        (("--compare", "-p", 0, "--metric", "rmse"), "federated_metrics has no rmse; it has acc"),
        (("--compare", "--sample", 7), "there is nothing to compare: federated_metrics 0 raw has"),
    ],
)
def test_mistakes_are_one_line(cache, tmp_path, words, message):
    assert message in refused(cache, tmp_path, *words)


@pytest.mark.parametrize("name", ["run.jpg", "run"])
def test_the_name_of_the_file_is_checked_first(cache, tmp_path, name):
    said = refused(cache, tmp_path, "nothing", output=name)

    assert said.endswith("is not a picture; give it a name that ends in .png, .svg or .pdf")


def test_the_command_is_found_in_its_group():
    result = CliRunner().invoke(federated, ["plot", "--help"])

    assert result.exit_code == 0
    assert "datagen federated plot --compare -o strategies.pdf" in result.output
