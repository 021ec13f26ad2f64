"""Parameter sets side by side, called by what they differ in."""

import numpy as np
import pytest

from datagen_federated.plotting import ComparedSet, describe_differences, draw_comparison
from datagen_pictures import GREY


def legend_of(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def compare(sets, metric="accuracy"):
    (axes,) = draw_comparison(sets, metric).axes
    return axes


def test_lines_are_means_of_runs(make_run):
    runs = [make_run(seed=seed).rounds for seed in range(3)]
    axes = compare([ComparedSet("a=1", tuple(runs[:2])), ComparedSet("a=2", (runs[2],))])
    first, second = axes.lines

    both = np.stack([run["global_accuracy"] for run in runs[:2]])
    assert np.allclose(first.get_ydata(), both.mean(axis=0))
    assert np.array_equal(second.get_ydata(), runs[2]["global_accuracy"])
    assert legend_of(axes) == ["a=1 (2 runs)", "a=2"]
    assert len(axes.collections) == 1, "the band of the two runs"


@pytest.mark.parametrize(("metric", "best"), [("accuracy", "s24"), ("loss", "s0")])
def test_of_many_sets_the_best_have_colours(make_run, metric, best):
    sets = []
    for number in range(25):
        rounds = make_run().rounds
        rounds[f"global_{metric}"][-1] = number
        sets.append(ComparedSet(f"s{number}", (rounds,)))
    axes = compare(sets, metric)

    assert [line.get_color() for line in axes.lines].count(GREY) == 5
    assert len(legend_of(axes)) == 21
    assert legend_of(axes)[0] == "5 others"
    assert best in legend_of(axes)


def test_sets_are_called_by_what_differs():
    first = {"rounds": 5, "clients": 10, "strategy": "iid", "alpha": None, "seed": 0}
    second = first | {"strategy": "dirichlet", "alpha": 0.50, "clients": 20}

    assert describe_differences([first, second]) == [
        "strategy=iid clients=10",
        "strategy=dirichlet alpha=0.5 clients=20",
    ]


def test_long_values_are_shortened():
    told = describe_differences([{"sizes": list(range(1000))}, {"sizes": [1, 2]}])

    assert len(told[0]) < 40
    assert told[1] == "sizes=[1,2]"


def test_values_that_look_alike_when_shortened_still_differ():
    first = list(range(100))
    told = describe_differences([{"sizes": [*first, 1]}, {"sizes": [*first, 2]}])

    assert [text.partition("=")[0] for text in told] == ["sizes", "sizes"]


def test_a_set_alone_differs_in_nothing():
    assert describe_differences([{"a": 1}]) == ["the only parameter set"]


def test_sets_that_differ_in_nothing_say_so():
    assert describe_differences([{"a": None}, {"a": 1}])[0] == "all parameters as in the others"


def test_long_labels_are_wrapped(make_run):
    (label,) = legend_of(compare([ComparedSet("key=value " * 50, (make_run().rounds,))]))

    assert len(label.splitlines()) == 3
    assert label.endswith("…")
