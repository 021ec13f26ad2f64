"""Whether declearn can be used, and how its processes are set up."""

from __future__ import annotations

import builtins
import logging
import os
import sys
import warnings
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from datagen_federations.errors import TrainingError

VERSION = (2, 9)
"""The version of declearn that this is made for; a server refuses clients of another one."""


def require_declearn(protocol: str = "websockets") -> None:
    """Refuse to begin without declearn, without importing it, which takes seconds.

    Raises
    ------
    TrainingError
        When it, or what it needs for the protocol, is missing, or has another version.
    """
    try:
        found = version("declearn")
    except PackageNotFoundError:
        message = "federated training needs declearn: pip install 'datagen[torch,declearn]'"
        raise TrainingError(message) from None
    if tuple(int(part) for part in found.split(".")[:2]) != VERSION:
        wanted = ".".join(map(str, VERSION))
        message = (
            f"declearn {found} is installed, {wanted} is needed: pip install 'datagen[declearn]'"
        )
        raise TrainingError(message)
    needed = {"websockets": "websockets", "grpc": "grpc"}[protocol]
    if find_spec(needed) is None:
        message = (
            f"the protocol {protocol} needs a package: pip install 'declearn[{protocol}]=={found}'"
        )
        raise TrainingError(message)
    if find_spec("torch") is None:
        raise TrainingError("federated training needs torch: pip install 'datagen[torch]'")


def set_up_process(log: Path | None = None) -> None:
    """Make this process one that declearn runs well in; call it before torch is imported.

    One thread: several processes with one each for every core are 25 times slower and more. What
    declearn tells goes to `log`, or to standard error.
    """
    os.environ.update(OMP_NUM_THREADS="1", MKL_NUM_THREADS="1")
    # A client would run whatever the server's model holds; so, only layers of torch.nn load.
    os.environ["TORCH_FORCE_WEIGHTS_ONLY_LOAD"] = "1"
    warnings.simplefilter("ignore")  # declearn's, of its own pickles and its own old arguments
    handlers = None if log is None else [logging.FileHandler(log, encoding="utf-8")]
    form = "%(asctime)s %(levelname)s %(name)s: %(message)s"
    logging.basicConfig(level=logging.INFO, format=form, handlers=handlers, force=True)
    sys.unraisablehook = _log_unraisable
    builtins.input = _refuse_question


def _refuse_question(prompt: object = "") -> str:
    """Answer what declearn asks before it imports an optimizer that a server names: no."""
    question = " ".join(str(prompt).split())
    raise TrainingError(f"declearn asks, and nobody is there to answer: {question}")


def _log_unraisable(what: Any) -> None:
    """Log what fails when connections that nobody waits for are torn down at the end."""
    logging.getLogger(__name__).info("left behind: %s (%r)", what.object, what.exc_value)
