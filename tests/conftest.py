"""What tests of all folders share."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, settings

from datagen_core.cli import main
from datagen_core.store import shard_writer
from patience import patience
from slurm_cluster import ClusterError, SlurmCluster, unavailable_reason

# How long a test takes says more about the machine than about the code.
settings.register_profile("datagen", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("few", settings.get_profile("datagen"), max_examples=10)
settings.load_profile("datagen")

# What is computed here is small: several threads would only wait for one another, busily. Processes
# that tests start inherit this, those of pytest-xdist too.
for library in ("OMP", "MKL", "OPENBLAS"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

# Python takes a file that is edited within a second, and has its old size, for the one whose byte
# code it has kept; tests edit code as fast as that.
sys.dont_write_bytecode = True
os.environ["PYTHONDONTWRITEBYTECODE"] = "1"

# What fixtures of several tests make leaves nothing in the developer's own configuration.
os.environ["XDG_CONFIG_HOME"] = tempfile.mkdtemp(prefix="datagen-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_CONFIG_HOME"], ignore_errors=True)

# A shell lets those that it starts in the background ignore Ctrl-C, and so would their children.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

PUBLISHING_LIMITS = {
    "PUBLISH_SECONDS": shard_writer.PUBLISH_SECONDS,
    "PUBLISH_BYTES": shard_writer.PUBLISH_BYTES,
}


ROOT = Path(__file__).parents[1]

LONGEST = (
    "slurm",
    "tests/test_readme.py::test_section_runs[PATE",
    "tests/datagen_federations/cli",
    "tests/datagen_federations/test_federated_training.py",
    "tests/datagen_federations/sessions/test_running.py",
    "tests/test_install.py",
    "tests/test_readme.py",
    "tests/faults",
    "tests/datagen_pate",
    "tests/datagen_federated",
)
"""What takes longest starts first, so that no process works alone on it in the end."""


def scope_of(test: str) -> str:
    """Return what runs in one process, one test after another: a file shares its fixtures.

    So does a folder with a conftest.py. All that needs Slurm shares one cluster; sections of
    README.md share nothing.
    """
    if "slurm" in test:
        return "slurm"
    if "test_section_runs[" in test:
        return test
    file = test.partition("::")[0]
    folder = file.rpartition("/")[0]
    return folder if (ROOT / folder / "conftest.py").exists() and folder != "tests" else file


def place_of(scope: str) -> int:
    """Return the place of a scope in `LONGEST`, or one behind all of them."""
    places = (place for place, name in enumerate(LONGEST) if scope.startswith(name))
    return next(places, len(LONGEST))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share tests among processes by `scope_of`, `LONGEST` first, then those of most tests.

    In place of marks `xdist_group`, which pytest-xdist 3.8 silently ignores with pytest 9.2.
    """
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return scope_of(nodeid)

        def _assign_work_unit(self, node: Any) -> None:
            self.workqueue.move_to_end(min(self.workqueue, key=place_of), last=False)
            super()._assign_work_unit(node)

    return Scheduling(config, log)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs Slurm; its name or its folder says so, since one cluster is enough."""
    for item in items:
        if "slurm" in getattr(item, "fixturenames", ()):
            assert scope_of(item.nodeid) == "slurm", f"{item.nodeid} needs a name with slurm in it"
            item.add_marker(pytest.mark.slurm)


@pytest.hookimpl(optionalhook=True)
def pytest_timeout_set_timer(item: pytest.Item, settings: Any) -> Any:
    """Give tests more time on a busy machine."""
    import pytest_timeout

    scaled = settings._replace(timeout=patience(settings.timeout))
    return pytest_timeout.pytest_timeout_set_timer(item, scaled)


@pytest.fixture(autouse=True)
def publishing_limits() -> Iterator[None]:
    """Undo what a `generators.py` of the fault tests changes when it is loaded in this process.

    Afterwards as well: fixtures of the next file come before this one.
    """
    _restore_limits()
    yield
    _restore_limits()


@pytest.fixture(scope="module", autouse=True)
def configuration_of_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Give each file of tests, with its fixtures, a configuration folder of its own."""
    folder = tmp_path_factory.mktemp("config", numbered=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(folder))
        yield folder


@pytest.fixture
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a test a configuration folder of its own, where nothing is trusted yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


def _restore_limits() -> None:
    for name, value in PUBLISHING_LIMITS.items():
        setattr(shard_writer, name, value)


@pytest.fixture(scope="session")
def slurm() -> Iterator[SlurmCluster]:
    """Start a throw-away cluster of four nodes. Without one, tests are skipped; in CI they fail."""
    if reason := unavailable_reason():
        _give_up(reason)
    cluster = SlurmCluster("multi")
    try:
        cluster.start()
    except ClusterError as error:
        _give_up(str(error))
    yield cluster
    cluster.stop()


def _give_up(reason: str) -> None:
    if os.environ.get("CI") == "true":
        pytest.fail(f"no Slurm for tests: {reason}")
    pytest.skip(f"no Slurm for tests: {reason}")


class Answer(NamedTuple):
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty cache folder, which commands use unless told otherwise."""
    monkeypatch.setenv("DATAGEN_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def run_cli(
    cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Answer]:
    """Return `run_cli("list", "--json")`: the whole of `datagen`, exit codes included."""

    def run(*arguments: object) -> Answer:
        monkeypatch.setattr(sys, "argv", ["datagen", *map(str, arguments)])
        capsys.readouterr()
        code: Any = 0
        try:
            main()
        except SystemExit as end:
            code = end.code
        return Answer(code or 0, *capsys.readouterr())

    return run
