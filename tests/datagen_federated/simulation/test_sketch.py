import numpy as np

from datagen_federated.simulation.sketch import WIDTH, sketch


def vectors(count=2, size=20_000):
    return np.random.default_rng(0).normal(size=(count, size)).astype(np.float32)


def test_norm_is_one():
    made = sketch(vectors(1)[0])

    assert made.shape == (WIDTH,)
    assert made.dtype == np.float32
    assert np.linalg.norm(made) == np.float32(1)


def test_nothing_changed_is_zero():
    assert not sketch(np.zeros(1000, np.float32)).any()


def test_it_is_linear_but_for_its_length():
    a, b = vectors()
    whole = sketch(a + b)
    parts = np.linalg.norm(a) * sketch(a) + np.linalg.norm(b) * sketch(b)

    assert np.dot(whole, parts) / np.linalg.norm(parts) > 0.98
    assert np.array_equal(sketch(-a), -sketch(a))
    assert np.allclose(sketch(3 * a), sketch(a), atol=1e-6)


def test_angles_are_kept():
    a, b = vectors()
    for mix in (0.0, 0.5, 0.9):
        c = mix * a + (1 - mix**2) ** 0.5 * b
        assert abs(np.dot(sketch(a), sketch(c)) - mix) < 4 / WIDTH**0.5


def test_each_weight_is_in_one_bucket():
    found = [sketch(row) for row in np.eye(5, dtype=np.float32)]

    assert all(sorted(abs(row))[-2:] == [0, 1] for row in found)
