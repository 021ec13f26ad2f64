"""The network of teachers and students: its files, its training, its predictions. Imports torch."""

from datagen_pate.classifier.devices import choose_device, computing_on
from datagen_pate.classifier.files import (
    WEIGHT_COUNT,
    flatten_weights,
    load_classifier,
    restore_weights,
    save_classifier,
)
from datagen_pate.classifier.network import MEAN, STD, Classifier, normalize
from datagen_pate.classifier.prediction import Predictor, predict
from datagen_pate.classifier.training import Epoch, train_classifier

__all__ = [
    "MEAN",
    "STD",
    "WEIGHT_COUNT",
    "Classifier",
    "Epoch",
    "Predictor",
    "choose_device",
    "computing_on",
    "flatten_weights",
    "load_classifier",
    "normalize",
    "predict",
    "restore_weights",
    "save_classifier",
    "train_classifier",
]
