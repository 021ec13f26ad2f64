"""Labelled data sets for training: images, scikit-learn's tables, and files of the user."""

from datagen_federated.data.labelled import Data
from datagen_federated.data.loading import load_data
from datagen_federated.data.requests import DATASETS, Dataset, Scaler, Task
from datagen_partitions.errors import DataError

__all__ = [
    "DATASETS",
    "Data",
    "DataError",
    "Dataset",
    "Scaler",
    "Task",
    "load_data",
]
