"""What is installed and allowed on this machine: Python, limits, HDF5, plugins, torch."""

from __future__ import annotations

import os
import platform
import resource
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import datagen_core
from datagen_core.errors import DatagenError, human_bytes, in_one_line
from datagen_core.executors.base import THREAD_VARIABLES, Finding, Verdict
from datagen_core.executors.control_groups import memory_of_group, processors_of_group
from datagen_core.generators.registry import Plugin, list_plugins
from datagen_core.store.shards import HDF5_VERSION

Check = Callable[[], Iterable[Finding]]
Checks = Iterator[tuple[str, Check]]
"""Checks with their names, one after another; each is made when the one before it is over."""

LARGEST_FILE = 2**28
"""Packs have up to so many bytes."""

_LOCKING = "HDF5_USE_FILE_LOCKING"


def checks_of_machine() -> Checks:
    """Return the checks of Python, processors and memory, limits, and HDF5."""
    yield "python", _check_python
    yield "machine", _check_machine
    yield "limits", _check_limits
    yield "HDF5", _check_hdf5


def _check_python() -> Iterator[Finding]:
    place = Path(datagen_core.__file__).parent.parent
    yield Finding(
        "python", "ok",
        f"{platform.python_version()}, {sys.executable}; datagen {version('datagen')} in {place}",
    )  # fmt: skip


def _check_machine() -> Iterator[Finding]:
    allowed, cores = len(os.sched_getaffinity(0)), os.cpu_count() or 1
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    told = [f"{os.uname().nodename}: {cores} processors"]
    share = processors_of_group()
    if share is not None and share < allowed:
        told.append(f"{share:g} of them for this control group")
    elif allowed < cores:
        told.append(f"{allowed} of them for this process")
    told.append(f"{human_bytes(memory)} of memory")
    limit = memory_of_group()
    if limit is not None and limit < memory:
        told.append(f"{human_bytes(limit)} of it for this control group")
    pinned = [f"{name}={os.environ[name]}" for name in THREAD_VARIABLES if name in os.environ]
    yield Finding("machine", "ok", ", ".join([*told, *pinned]))


def _check_limits() -> Iterator[Finding]:
    size, _ = resource.getrlimit(resource.RLIMIT_FSIZE)
    if size != resource.RLIM_INFINITY and size < LARGEST_FILE:
        yield Finding(
            "limits", "error",
            f"files may have {human_bytes(size)}, and datagen's up to {human_bytes(LARGEST_FILE)}: "
            "ulimit -f unlimited",
        )  # fmt: skip
        return
    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    yield Finding("limits", "ok", f"files of any size, {files:,} of them open at once")


def _check_hdf5() -> Iterator[Finding]:
    told = f"HDF5 {HDF5_VERSION}, h5py {version('h5py')}"
    locking = os.environ.get(_LOCKING, "").upper()
    if locking in {"TRUE", "1", "BEST_EFFORT"}:
        yield Finding(
            "HDF5", "warning",
            f"{told}; {_LOCKING}={locking} has readers lock files, which fails on some file "
            f"systems: unset {_LOCKING}",
        )  # fmt: skip
    else:
        yield Finding("HDF5", "ok", told)


def checks_of_plugins() -> Checks:
    """Return a check for each plugin that is installed, and one that sums them up."""
    found, loaded = list_plugins(), list[Plugin]()
    for plugin in found:
        yield plugin.title, partial(_check_plugin, plugin, loaded)
    yield "plugins", partial(_sum_up, found, loaded)


def _check_plugin(plugin: Plugin, loaded: list[Plugin]) -> Iterator[Finding]:
    if len(plugin.providers) > 1:
        rivals = " and ".join(plugin.providers)
        yield Finding(plugin.title, "error", f"is provided by {rivals}; uninstall one")
        return
    try:
        plugin.load()
    except (Exception, SystemExit) as error:
        words = f"{plugin.providers[0]}: {in_one_line(error)}; update or uninstall it"
        told = str(error) if isinstance(error, DatagenError) else words
        yield Finding(plugin.title, "error", told)
        return
    loaded.append(plugin)


def _sum_up(found: list[Plugin], loaded: list[Plugin]) -> Iterator[Finding]:
    sources = dict.fromkeys(each for plugin in found for each in plugin.providers)
    state: Verdict = "ok" if len(loaded) == len(found) else "warning"
    told = f"{len(loaded)} of {len(found)} load, of {', '.join(sources) or 'nothing'}"
    yield Finding("plugins", state, told)


def check_torch() -> Iterator[Finding]:
    """Yield whether torch is installed and loads, with how many threads, and what GPUs it sees."""
    if find_spec("torch") is None:
        told = "not installed; generators that need it: pip install 'datagen[torch]'"
        yield Finding("torch", "absent", told)
        return
    torch = import_module("torch")
    told = f"{torch.__version__}, {torch.get_num_threads()} threads"
    if torch.cuda.is_available():
        count = torch.cuda.device_count()
        names = ", ".join(torch.cuda.get_device_name(place) for place in range(count))
        yield Finding("torch", "ok", f"{told}, {count} GPUs: {names}")
    elif shutil.which("nvidia-smi") or Path("/dev/nvidia0").exists():
        built = torch.version.cuda
        why = f"its CUDA {built} finds no driver that fits" if built else "it is built without CUDA"
        hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
        why = f"CUDA_VISIBLE_DEVICES is {hidden!r}" if hidden is not None else why
        yield Finding(
            "torch", "warning", f"{told}; this machine has a GPU that it does not see: {why}"
        )
    else:
        yield Finding("torch", "ok", f"{told}, no GPU here")
