"""A noisy sine wave, in the single-file form: `datagen generate noisy_sine --generators DIR`."""

import math

import numpy as np

import datagen_core


class NoisySineParams(datagen_core.Params):
    """Parameters of the noisy sine wave."""

    left: float = -1
    """Leftmost value of x."""

    right: float = 1
    """Rightmost value of x."""

    std_dev: float = 0.1
    """Standard deviation of the noise that is added to sin(x)."""

    def check(self) -> None:
        """Refuse an empty interval and a negative deviation."""
        if self.left > self.right or self.std_dev < 0:
            message = "left must not be above right, nor std_dev below 0"
            raise ValueError(message)
        if math.isinf(self.right - self.left):
            message = "left and right are too far apart for floating point"
            raise ValueError(message)


# Batches of 50 samples; a Slurm job gets 1 GB of memory.
@datagen_core.generator(50, NoisySineParams, "1GB")
def noisy_sine(size, params, rng):
    """Draw samples from a noisy sine wave."""
    for x in rng.uniform(params.left, params.right, size):
        yield x, np.sin(x) + rng.normal(scale=params.std_dev)


@noisy_sine.preprocessor
def square_both(X, y):
    """Square inputs and outputs."""
    return X**2, y**2
