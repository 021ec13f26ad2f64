import json
import math

import numpy as np
import pytest

from datagen_leaf.compat.legacy import LegacyStream
from datagen_leaf.preprocessing.statistics import (
    bins_of,
    describe_sizes,
    format_as_leaf,
    format_statistics,
)
from datagen_leaf.tasks.params import LeafSyntheticParams
from leaf_tasks import GOLDEN


def golden_sizes(golden):
    return LegacyStream(LeafSyntheticParams(stream="leaf"), golden["seed"]).sizes(
        golden["num_tasks"]
    )


@pytest.fixture(scope="module")
def published():
    """The data set of LEAF's README, 1,000 tasks of its default seed."""
    return describe_sizes(LegacyStream(LeafSyntheticParams(stream="leaf"), 931231).sizes(1000))


def test_figures_are_those_that_leaf_published(published):
    assert (published.users, published.samples) == (1000, 107_553)
    assert round(published.mean, 2) == 107.55
    assert round(published.std, 2) == 213.22
    assert round(published.variation, 2) == 1.98
    assert round(published.skewness, 2) == 3.10
    assert published.counts == (429, 175, 80, 52, 39, 31, 18, 20, 12, 12)
    assert published.overflow == 132


@pytest.mark.parametrize("golden", GOLDEN.values(), ids=GOLDEN)
def test_text_is_that_of_leaf(golden):
    assert format_as_leaf(describe_sizes(golden_sizes(golden))) == golden["stats_stdout"]


def test_text_for_people_has_every_user(published):
    text = format_statistics(published, "leaf_synthetic 0")

    assert text.startswith(
        "leaf_synthetic 0\nusers     1,000\nsamples   107,553\nmean      107.55\n"
    )
    assert text.endswith("180-200   12      ##\n>200      132     #############")
    assert "0-19      429     " + 40 * "#" + "\n" in text


def test_the_last_bin_holds_200_and_the_overflow_more():
    found = describe_sizes([0, 19, 20, 199, 200, 201, 5000])

    assert (found.counts[0], found.counts[1], found.counts[-1], found.overflow) == (2, 1, 2, 2)
    assert [name for name, _ in bins_of(found)][::10] == ["0-19", ">200"]
    assert sum(count for _, count in bins_of(found)) == found.users


def test_moments_are_those_of_a_population():
    found = describe_sizes([1, 2, 6])

    assert (found.mean, found.std) == (3, pytest.approx(math.sqrt(14 / 3)))
    assert found.skewness == pytest.approx((-8 - 1 + 27) / 3 / (14 / 3) ** 1.5)


@pytest.mark.parametrize("sizes", [[7], [7, 7], [0, 0]])
def test_what_is_undefined_is_not_a_number(sizes):
    found = describe_sizes(sizes)

    assert math.isnan(found.skewness)
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["skewness"] is None
    assert "skewness  nan" in format_statistics(found, "")


def test_json_has_figures_and_bins(published):
    content = json.loads(json.dumps(published.to_json()))

    assert content["samples"] == 107_553
    assert len(content["edges"]) == len(content["counts"]) + 1
    assert content["variation"] == published.variation


def test_no_users_are_refused():
    with pytest.raises(ValueError, match="no users"):
        describe_sizes(np.array([], np.int64))
