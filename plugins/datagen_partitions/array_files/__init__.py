"""Arrays in files of the user, as `declearn-split` reads them: .csv, .npy, .svmlight, .sparse."""

from datagen_partitions.array_files.csv_matrix import Cells, CsvTable
from datagen_partitions.array_files.labelled import Labels, read_labelled
from datagen_partitions.array_files.npy import read_npy
from datagen_partitions.array_files.reading import FileFormat, format_of

__all__ = [
    "Cells",
    "CsvTable",
    "FileFormat",
    "Labels",
    "format_of",
    "read_labelled",
    "read_npy",
]
