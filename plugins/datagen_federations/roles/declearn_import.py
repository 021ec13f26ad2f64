"""Checks of the packages of declearn, and the set-up of its processes."""

from __future__ import annotations

import builtins
import logging
import os
import sys
import warnings
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from datagen_core.files import require
from datagen_federations.errors import TrainingError, TrainingOptionError

VERSION = (2, 9)
"""The supported version of declearn; a server refuses clients of another version."""


def require_declearn(protocol: str = "websockets") -> None:
    """Check that declearn and torch are installed, without importing them, which takes seconds.

    Raises
    ------
    MissingPackageError
        When declearn or torch is not installed.
    TrainingError
        When declearn has another version, or the package of the protocol is missing.
    """
    for module, extra in (("declearn", "torch,declearn"), ("torch", "torch")):
        if find_spec(module) is None:
            require(module, extra)
    found = version("declearn")
    if tuple(int(part) for part in found.split(".")[:2]) != VERSION:
        wanted = ".".join(map(str, VERSION))
        raise TrainingError(
            f"declearn {found} is installed, {wanted} is needed; run: "
            "pip install 'datagen[declearn]'"
        )
    if find_spec(protocol) is None:
        raise TrainingOptionError(
            f"the protocol {protocol} needs a package; run: pip install "
            f"'declearn[{protocol}]=={found}'"
        )


def set_up_process(log: Path | None = None) -> None:
    """Set up this process for declearn; call it before torch is imported.

    Each process has one thread: several processes with one thread per core would be at least 25
    times slower. declearn's log goes to `log`, or to standard error.
    """
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    # A model could hold any code; this way only layers of torch.nn load.
    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
    warnings.simplefilter("ignore")  # declearn warns of its own pickles and arguments
    handlers = None if log is None else [logging.FileHandler(log, encoding="utf-8")]
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, handlers=handlers, force=True)
    sys.unraisablehook = _log_unraisable
    builtins.input = _refuse_question


def _refuse_question(prompt: object = "") -> str:
    """Refuse declearn's questions, such as before it imports an optimizer that a server names."""
    question = " ".join(str(prompt).split())
    raise TrainingError(f"declearn asks, and nobody is there to answer: {question}")


def _log_unraisable(what: Any) -> None:
    """Log errors of connections that are closed at the end without being waited for."""
    logging.getLogger(__name__).info("left behind: %s (%r)", what.object, what.exc_value)
