"""A job looks at where it runs."""

from __future__ import annotations

import subprocess
import sys

import pytest

from datagen_core.executors.base import Resources
from datagen_core.scheduling.plan import Settings
from datagen_core.upkeep.doctor import nodes
from datagen_core.upkeep.doctor.nodes import examine_nodes


def look(cache, executor, told=lambda _: None, **options):
    settings = Settings(njobs=9, executor=executor)
    return {each.check: each for each in examine_nodes(cache, settings, told, **options)}


@pytest.fixture
def cache(tmp_path, configuration):
    (tmp_path / "caches").mkdir()
    return tmp_path / "caches" / "cache"


def test_a_job_of_this_machine_is_as_here(cache):
    found = look(cache, "local")

    assert [*found] == ["job", "node: python", "node: packages", "node: clock"]
    assert {finding.state for finding in found.values()} == {"ok"}
    assert not [*cache.parent.iterdir()]


def test_a_slurm_job_is_as_here(slurm, cache):
    assert {finding.state for finding in look(cache, "slurm").values()} == {"ok"}
    assert not [*cache.parent.iterdir()]


def test_a_slurm_job_that_waits_for_too_long_is_cancelled(slurm, cache):
    settings = Settings(executor="slurm", resources=Resources(options={"hold": True}))
    told = []
    (finding,) = examine_nodes(cache, settings, told.append, patience=3)

    assert finding.state == "error"
    assert "after 3 s, and cancelled" in finding.message
    assert "held by its owner" in finding.message
    assert not [*cache.parent.iterdir()]


def test_an_executor_of_this_process_has_no_job(cache):
    assert [each.state for each in look(cache, "inline").values()] == ["absent"]


def test_an_executor_that_cannot_be_used_is_an_error(cache):
    assert look(cache, "nonsense")["job"].state == "error"


BROKEN = """
import datagen_core
class P(datagen_core.Params):
    folder: str
@datagen_core.generator(1, P)
def node(size, params):
    raise OSError("no such thing there")
    yield
"""


def test_a_job_that_fails_is_an_error_with_its_reason(cache, tmp_path, monkeypatch):
    (tmp_path / "broken.py").write_text(BROKEN)
    monkeypatch.setattr(nodes, "_NODE", f"{tmp_path}/broken.py:node")
    found = look(cache, "local")

    assert found["job"].state == "error"
    assert "no such thing there" in found["job"].message
    assert f"it needs {cache.parent} and {sys.executable} at these paths" in found["job"].message


def test_a_folder_that_cannot_be_made_is_an_error(cache, monkeypatch):
    monkeypatch.setattr(nodes, "find_place", lambda _: cache / "gone")

    assert look(cache, "local")["job"].message.startswith("No such file or directory: ")


def test_what_differs_there_is_told():
    here = {"python": "3.11", "packages": dict.fromkeys("abcde", "1"), "skew": 0.0}
    there = {"python": "3.9", "packages": {"a": "1", "b": "2"}, "skew": -60.0}
    python, packages, clock = nodes._compare(here, there)

    assert (python.state, python.message) == ("error", "3.9 there, 3.11 here")
    assert packages.message.startswith("b 2 there, 1 here; c none there, 1 here; d none there, 1")
    assert "and 1 more: install datagen where all nodes see it" in packages.message
    assert clock.state == "warning"


LOOK = """
import subprocess
import sys
from pathlib import Path
from datagen_core.scheduling.plan import Settings
from datagen_core.upkeep.doctor.nodes import examine_nodes
for finding in examine_nodes(Path(sys.argv[1]), Settings(executor="slurm"), print):
    print(*finding)
"""


def test_a_slurm_node_that_does_not_see_the_cache_is_told(slurm, tmp_path):
    """Its disk is one of this machine, as it were: mounted where only one process sees it."""
    script = 'mount -t tmpfs tmpfs "$1" && exec "$2" -c "$3" "$1"'
    words = ["unshare", "-m", "sh", "-c", script, "sh", str(tmp_path), sys.executable, LOOK]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if "unshare failed" in done.stderr:
        pytest.skip("no mount can be hidden from others here")

    assert "job error a job made nothing (" in done.stdout
    assert f"it needs {tmp_path} and {sys.executable} at these paths" in done.stdout
