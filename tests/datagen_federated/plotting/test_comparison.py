"""Parameter sets side by side, called by what they differ in."""

import numpy as np
import pytest

from datagen_federated.plotting import ComparedSet, describe_differences, draw_comparison
from datagen_pictures import GREY, line_colours, ordered_colours


def legend_of(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def compare(sets, metric="accuracy"):
    (axes,) = draw_comparison(sets, metric).axes
    return axes


def test_lines_are_means_of_runs(make_run):
    runs = [make_run(seed=seed).rounds for seed in range(3)]
    axes = compare([ComparedSet({"a": "x"}, tuple(runs[:2])), ComparedSet({"a": "y"}, (runs[2],))])
    first, second = axes.lines

    both = np.stack([run["global_accuracy"] for run in runs[:2]])
    assert np.allclose(first.get_ydata(), both.mean(axis=0))
    assert np.array_equal(second.get_ydata(), runs[2]["global_accuracy"])
    assert legend_of(axes) == ["a=x (2 runs)", "a=y"]
    assert len(axes.collections) == 1, "the band of the two runs"
    assert axes.get_legend().get_title().get_text() == (
        "lines: means of the runs of a set\nbands: from the least to the greatest run"
    )


def test_what_no_band_means_is_not_explained(make_run):
    axes = compare([ComparedSet({"a": text}, (make_run().rounds,)) for text in "xy"])

    assert axes.get_legend().get_title().get_text() == ""


def test_a_sweep_over_a_number_has_ordered_colours(make_run):
    rates = [0.1, 0.001, 0.01]
    axes = compare([ComparedSet({"rate": rate, "n": 3}, (make_run().rounds,)) for rate in rates])
    colours = [line.get_color() for line in axes.lines]

    assert legend_of(axes) == ["rate=0.001", "rate=0.01", "rate=0.1"]
    assert colours == ordered_colours([0, 0.5, 1])
    assert brightness(colours) == sorted(brightness(colours))


@pytest.mark.parametrize(("step", "log"), [(1, "linear"), (3, "log")])
def test_a_long_sweep_has_a_colour_bar(make_run, step, log):
    sets = [
        ComparedSet({"rate": step**n if step > 1 else n}, (make_run().rounds,)) for n in range(20)
    ]
    axes, bar = draw_comparison(sets, "accuracy").axes

    assert axes.get_legend() is None
    assert (bar.get_ylabel(), bar.get_yscale()) == ("rate", log)
    assert len({line.get_color() for line in axes.lines}) == 20
    assert not any("$" in text.get_text() for text in bar.get_yticklabels())


def test_switches_and_missing_values_have_no_order(make_run):
    for values in [(True, False), (None, 1.0), (1, "a")]:
        axes = compare([ComparedSet({"a": value}, (make_run().rounds,)) for value in values])
        assert [line.get_color() for line in axes.lines] == line_colours(2)


def test_data_sets_have_axes_of_their_own(make_run):
    sets = [
        ComparedSet({"dataset": name, "alpha": alpha, "rounds": 3}, (make_run().rounds,))
        for name in ("mnist", "iris")
        for alpha in (0.1, 1)
    ]
    first, second = draw_comparison(sets, "accuracy").axes

    assert [first.get_title(), second.get_title()] == ["dataset=mnist", "dataset=iris"]
    assert legend_of(first) == legend_of(second) == ["alpha=0.1", "alpha=1"]


def brightness(colours):
    return [0.2 * red + 0.7 * green + 0.1 * blue for red, green, blue, _ in colours]


@pytest.mark.parametrize(("metric", "best"), [("accuracy", "name=s24"), ("loss", "name=s0")])
def test_of_many_sets_the_best_have_colours(make_run, metric, best):
    sets = []
    for number in range(25):
        rounds = make_run().rounds
        rounds[f"global_{metric}"][-1] = number
        sets.append(ComparedSet({"name": f"s{number}"}, (rounds,)))
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
    params = [{f"parameter_{n}": text for n in range(20)} for text in "ab"]
    label, _ = legend_of(compare([ComparedSet(each, (make_run().rounds,)) for each in params]))

    assert len(label.splitlines()) == 3
    assert label.endswith("…")
