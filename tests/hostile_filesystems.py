"""File systems that misbehave on purpose: full, read-only, silent, or with an flock that fails."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

_FLOCK = """
#include <errno.h>
#include <stdlib.h>
int flock(int file, int operation) {
    errno = atoi(getenv("FLOCK_ERRNO"));
    return errno ? -1 : 0;
}
"""

_DETACH = 2

_FAILS = "import fcntl, sys\nfcntl.flock(sys.stdin, fcntl.LOCK_EX)"


def give_up(reason: str) -> None:
    """Skip a test that cannot run here; in CI, where all of them can, fail it."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def mounted(size: str) -> Iterator[Path]:
    """Mount a small file system in memory; `remount` changes it."""
    folder = Path(tempfile.mkdtemp(prefix="datagen-mount-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            give_up(f"no file system can be mounted here: {done.stderr.strip()}")
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], capture_output=True, check=False)
        folder.rmdir()


@contextmanager
def silent() -> Iterator[Path]:
    """Mount a file system that never answers, as that of a dead server: nobody serves its FUSE."""
    libc, folder = ctypes.CDLL(None), tempfile.mkdtemp(prefix="datagen-silent-")
    try:
        server = os.open("/dev/fuse", os.O_RDWR)
    except OSError as error:
        give_up(f"no file system can be mounted here: {error}")
    try:
        options = f"fd={server},rootmode=40000,user_id=0,group_id=0"
        if libc.mount(b"fuse", folder.encode(), b"fuse", 0, options.encode()):
            give_up("no file system can be mounted here: FUSE refuses")
        yield Path(folder)
    finally:
        libc.umount2(folder.encode(), _DETACH)
        os.close(server)
        Path(folder).rmdir()


def remount(folder: Path, options: str) -> None:
    """Change the size of a mounted file system, or make it read-only."""
    command = ["mount", "-o", f"remount,{options}", str(folder)]
    subprocess.run(command, check=True, capture_output=True)


def flock_environment(folder: Path, error: int) -> dict[str, str]:
    """Return an environment in which flock fails with an errno, or does nothing for 0."""
    if not shutil.which("gcc"):
        give_up("no gcc to build a failing flock with")
    library = folder / "flock.so"
    command = ["gcc", "-shared", "-fPIC", "-x", "c", "-o", str(library), "-"]
    subprocess.run(command, input=_FLOCK, text=True, check=True)
    return {**os.environ, "LD_PRELOAD": str(library), "FLOCK_ERRNO": str(error)}


def flock_fails(environment: dict[str, str]) -> bool:
    """Return whether flock really fails there."""
    command = [sys.executable, "-c", _FAILS]
    with Path(os.devnull).open() as file:
        done = subprocess.run(
            command, env=environment, stdin=file, capture_output=True, check=False
        )
    return done.returncode != 0


def start_datagen(
    *words: str, cache: Path, environment: dict[str, str] | None = None
) -> subprocess.Popen[str]:
    """Start `datagen` with the cache; its outputs are pipes of text."""
    command = [sys.executable, "-m", "datagen_core", *words, "--cache", str(cache)]
    return subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def datagen(
    *words: str, cache: Path, environment: dict[str, str] | None = None
) -> tuple[int, str, str]:
    """Run `datagen`; return its exit code, stdout and stderr."""
    process = start_datagen(*words, cache=cache, environment=environment)
    out, err = process.communicate()
    return process.returncode, out, err
