"""Files of a federation, and its commands as processes, for tests of the commands."""

from __future__ import annotations

import numpy as np
import pytest

from datagen_federations.sessions.certificates import make_certificates
from datagen_partitions.client_files import ClientData, write_client
from federations import Command, run, write_digits


@pytest.fixture(scope="session")
def digits(tmp_path_factory):
    """Options that name the files of some digits."""
    return write_digits(tmp_path_factory.mktemp("digits"))


@pytest.fixture(scope="session")  # three clients: the order of a sum of two does not matter
def first(tmp_path_factory, digits):
    """A demo of two rounds with the seed 5: its folder, and how it ended."""
    folder = tmp_path_factory.mktemp("first")
    words = ("--rounds", 2, "--seed", 5, "-o", "r")
    return folder / "r", run(folder, "demo", 3, *digits, *words, PYTHONHASHSEED="1")


@pytest.fixture
def place(tmp_path):
    """A folder with certificates, a file for the server, and the data of two clients."""
    make_certificates(tmp_path / "certificates")
    make_certificates(tmp_path / "others")
    (tmp_path / "c.toml").write_text("[model]\nshape = [8, 8]\n")
    write_digits(tmp_path)
    x, y = (np.load(tmp_path / f"{name}.npy") for name in "xy")
    for number in range(2):
        rows = slice(number * 100, number * 100 + 100)
        write_client(tmp_path / "data" / f"client_{number}", ClientData((x[rows], y[rows]), None))
    return tmp_path


@pytest.fixture
def start(place):
    """Return a function that starts a command in a folder of its own, which has the files."""
    started = []

    def start(name, *words, prefix=()):
        (place / name).mkdir()
        for each in ("certificates", "data", "c.toml"):
            (place / name / each).symlink_to(place / each)
        started.append(Command(place / name, *words, prefix=prefix))
        return started[-1]

    yield start
    for command in started:
        command.kill_all()
