"""Which score is drawn, and what is said when there is none."""

import numpy as np
import pytest

from datagen_federated.plotting import choose_metric, find_metrics
from datagen_pictures import PictureError


@pytest.mark.parametrize(
    ("regression", "wanted", "chosen"),
    [
        (False, None, "accuracy"),
        (True, None, "rmse"),
        (False, "f1", "f1"),
        (True, "r2", "r2"),
    ],
)
def test_the_score_follows_from_the_task(make_run, regression, wanted, chosen):
    assert choose_metric(wanted, [make_run(regression=regression).rounds], "runs") == chosen


def test_a_score_that_is_not_there_is_refused_in_one_line(make_run):
    with pytest.raises(PictureError) as refused:
        choose_metric("accuracy", [make_run(regression=True).rounds], "the run")

    assert str(refused.value) == "the run has no accuracy; it has loss, rmse, r2"


def test_runs_without_any_number_are_refused(make_run):
    rounds = make_run().rounds
    for metric in find_metrics([rounds]):
        rounds[f"global_{metric}"] = np.nan

    with pytest.raises(PictureError, match=r"diverged in all rounds; .* smaller learning_rate"):
        choose_metric(None, [rounds], "the run")


def test_one_run_with_a_score_is_enough(make_run):
    runs = [make_run(regression=True).rounds, make_run().rounds]

    assert choose_metric(None, runs, "runs") == "accuracy"
