"""Samples of `federated_metrics` for pictures: curves and counts by client."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from datagen_federated.plotting.metrics import Metric, as_curve, is_regression
from datagen_pictures import LabelCounts

Table = NDArray[np.void]
"""Records; see `datagen_federated.simulation.Run`."""

FIELDS = ("clients", "rounds", "client_names")
"""The fields of a sample that pictures need."""


@dataclass(frozen=True, eq=False)
class FederatedRun:
    """One federated run.

    Attributes
    ----------
    clients
        Records, one row per round and client.
    rounds
        Records, one row per round.
    names
        The names of the clients, by `client_id - 1`.
    index
        The index of the sample.
    classes
        The name of each class; without names, or with another number of names, classes are called
        by their labels.
    """

    clients: Table
    rounds: Table
    names: tuple[str, ...]
    index: int = 0
    classes: tuple[str, ...] = ()

    @classmethod
    def from_sample(
        cls, sample: Mapping[str, Any], index: int = 0, classes: Sequence[str] = ()
    ) -> Self:
        """Return the run in a sample; other fields of the sample are not kept in memory."""
        clients, rounds = np.array(sample["clients"]), np.array(sample["rounds"])
        names = tuple(_one_line(str(name)) for name in sample["client_names"])
        return cls(clients, rounds, names, index, tuple(classes))

    @cached_property
    def _places(self) -> tuple[NDArray[np.intp], NDArray[np.intp], tuple[int, int]]:
        """Client and round of each row, counted from 0, and their numbers."""
        ids, client = np.unique(self.clients["client_id"], return_inverse=True)
        numbers, number = np.unique(self.clients["round"], return_inverse=True)
        return client, number, (len(ids), len(numbers))

    @property
    def client_rounds(self) -> NDArray[np.int64]:
        """The numbers of the rounds in `clients`, ascending, `(R,)`."""
        return np.unique(self.clients["round"]).astype(np.int64)

    def client_curves(self, metric: Metric) -> NDArray[np.float64]:
        """Return a score of each client's own model, float64 `(clients, R)`.

        NaN if the client took no part, or has no such score.
        """
        client, number, shape = self._places
        curves = np.full(shape, np.nan)
        took_part = self.clients["participated"]
        curves[client, number] = np.where(took_part, as_curve(self.clients[metric]), np.nan)
        return curves

    @cached_property
    def _first_rows(self) -> Table:
        # A client's samples are the same in all rounds.
        first = np.unique(self.clients["client_id"], return_index=True)[1]
        return self.clients[first]

    @property
    def counts(self) -> NDArray[np.int64]:
        """Numbers of samples by client and class or bin, int64 `(clients, classes)`."""
        return np.asarray(self._first_rows["data_Distribution"], np.int64)

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Number of samples per client, int64 `(clients,)`."""
        return np.asarray(self._first_rows["samples_count"], np.int64)

    @property
    def client_names(self) -> list[str]:
        """The name of each client, in the order of `counts`."""
        return [self.names[number - 1] for number in self._first_rows["client_id"]]

    @property
    def regression(self) -> bool:
        """Whether models learn numbers, so that `counts` counts bins."""
        return is_regression([self.rounds])

    @property
    def class_names(self) -> list[str]:
        """The title of each column of `counts`: a name, a label, or the number of a bin from 1."""
        count = self.counts.shape[1]
        if self.regression:
            return ["all"] if count == 1 else [str(number) for number in range(1, count + 1)]
        named = len(self.classes) == count
        return list(self.classes) if named else [str(label) for label in range(count)]

    @property
    def label_counts(self) -> LabelCounts:
        """The samples of each client by class or bin, for bars and heat maps."""
        title = "Bin of the target, from low to high" if self.regression else "Class"
        return LabelCounts(self.class_names, self.counts, self.client_names, title)


def _one_line(name: str) -> str:
    return " ".join(name.split()) or "(no name)"
