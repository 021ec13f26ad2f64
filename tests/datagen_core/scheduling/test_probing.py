"""Other code adds to a set only when it makes equal samples, or when a user accepts it."""

from __future__ import annotations

import json
import sys
import time

import numpy as np
import pytest

import datagen_core
from datagen_core import ChangedCodeError, generate, sweep
from datagen_core.errors import IncompleteRunError
from datagen_core.executors.inline import InlineExecutor
from datagen_core.executors.local import LocalExecutor
from datagen_core.generators import registry
from datagen_core.ranges import IntervalSet
from datagen_core.scheduling import probing
from datagen_core.scheduling.plan import Settings
from datagen_core.scheduling.probing import settle
from datagen_core.scheduling.run import begin
from datagen_core.store.codes import codes_of, read_code
from datagen_core.store.origins import Origin
from datagen_core.store.probes import read_probes
from datagen_core.store.runs import list_runs
from datagen_core.store.timings import JobTimings
from datagen_core.upkeep.verify import verify
from demands import demand_for, publish_job

SOURCE = """
import numpy as np
import datagen_core
from physics import force

SCALE = 1.0

def helper(x):
    return x + 1

class FallParams(datagen_core.Params):
    height: float = 1.0

@datagen_core.generator(10, FallParams)
def fall(size, rng, params):
    for _ in range(size):
        yield {"f": force(helper(rng.normal())) * SCALE * params.height}
"""

PHYSICS = "G = 9.81\n\ndef force(x):\n    return x * G\n"

EDITS = {
    "helper (function)": ("fall.py", "x + 1", "x + 2"),
    "SCALE (constant)": ("fall.py", "SCALE = 1.0", "SCALE = 2.0"),
    "physics.G (constant)": ("physics.py", "9.81", "1.62"),
    "fall (function)": ("fall.py", "* SCALE *", "+ SCALE *"),
}

REWRITTEN = ("fall.py", "return x + 1", "y = 1 + x  # the same\n    return y")


@pytest.fixture
def fall(tmp_path, monkeypatch):
    """Write the generator, and return the name by which it is loaded."""
    (tmp_path / "fall.py").write_text(SOURCE)
    (tmp_path / "physics.py").write_text(PHYSICS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "physics", raising=False)
    return f"{tmp_path / 'fall.py'}:fall"


@pytest.fixture
def edit(tmp_path, monkeypatch):
    def edit(name, old, new):
        monkeypatch.delitem(sys.modules, "physics", raising=False)
        registry._execute.cache_clear()  # as another process would load all of it
        text = (tmp_path / name).read_text()
        assert old in text
        (tmp_path / name).write_text(text.replace(old, new))

    return edit


@pytest.fixture
def extend(fall, cache):
    return lambda n=10, **options: generate(
        fall, n, cache=cache, **{"executor": "inline", **options}
    )


@pytest.mark.parametrize("what", EDITS)
def test_code_that_makes_other_samples_adds_nothing(extend, edit, what):
    made = extend()
    edit(*EDITS[what])

    words = rf"fall 0 was made by other code: .*{what[:5]}.*; sample 0 made anew differs in field f"
    with pytest.raises(ChangedCodeError, match=words) as caught:
        extend()
    assert what in str(caught.value)
    assert "raise `version`" in str(caught.value)
    assert (len(list_runs(made.paths)), len(made.existing), made.mixed) == (1, 10, False)


def test_code_that_makes_equal_samples_goes_on_and_is_recorded(extend, edit):
    extend(25)
    edit(*REWRITTEN)
    made = extend(5)

    [probe] = read_probes(made.paths)
    assert (str(probe.samples), probe.accepted) == ("0-9, 20-24", False)
    assert sorted(map(str, codes_of(made.paths).values())) == ["0-24", "25-29"]
    assert not made.mixed


def test_code_that_was_equal_is_not_compared_again(extend, edit, monkeypatch):
    extend()
    edit(*REWRITTEN)
    extend()
    monkeypatch.setattr(probing, "probe", None)

    extend()
    edit(*reversed_edit(REWRITTEN))
    assert len(extend().existing) == 40


def reversed_edit(change):
    name, old, new = change
    return name, new, old


def test_accepted_code_mixes_the_set_for_ever(extend, edit):
    extend()
    edit(*EDITS["helper (function)"])
    made = extend(accept_code=True)

    assert made.mixed
    edit(*reversed_edit(EDITS["helper (function)"]))
    assert extend().mixed
    assert [each["probe"] for each in verify(made).codes] == ["first", "accepted"]


def test_accepting_what_made_the_set_mixes_nothing(extend):
    extend()
    assert not extend(accept_code=True).mixed


def test_a_mixed_set_is_compared_with_its_last_batch(extend, edit):
    extend()
    edit(*EDITS["helper (function)"])
    extend(accept_code=True)
    edit("fall.py", "return x + 2", "return 2 + x")

    assert str(read_probes(extend().paths)[-1].samples) == "10-19"


def test_other_versions_of_packages_are_compared(extend, monkeypatch):
    made = extend()
    monkeypatch.setattr("datagen_core.generators.code.version_of", lambda _: "99")

    extend()
    [probe] = read_probes(made.paths)
    [before] = probe.against
    changes = read_code(made.paths, probe.code).changes_since(read_code(made.paths, before))
    assert f"numpy {np.__version__} -> 99" in changes


def test_code_that_fails_at_old_samples_is_refused(extend, edit):
    extend()
    edit("fall.py", "return x + 1", "raise ValueError('old')")

    words = r"samples 0-9 cannot be made again: ValueError: old; raise `version`"
    with pytest.raises(ChangedCodeError, match=words):
        extend()


def test_a_generator_that_is_not_deterministic_is_called_so(extend, edit):
    extend()
    edit("fall.py", "return x + 1", "import time\n    return x + time.perf_counter()")

    with pytest.raises(ChangedCodeError, match="next attempt too: the generator is not determin"):
        extend()


def test_jobs_of_this_machine_are_probed_in_a_process_like_theirs(extend, edit):
    extend(executor="local")
    edit("fall.py", "return x + 1", "print('noise')\n    return 1 + x")
    made = extend(executor="local")

    assert read_probes(made.paths)[0].machine["threads"] == 1
    edit("fall.py", "return 1 + x", "import os\n    os.abort()")
    with pytest.raises(ChangedCodeError, match="makes samples anew ends with exit code -6; raise"):
        extend(executor="local")


def test_a_job_of_this_machine_is_refused_before_anything_is_reserved(extend, edit):
    made = extend(executor="local")
    edit(*EDITS["helper (function)"])

    words = r"helper \(function\); sample 0 made anew differs in field f; raise `version`"
    with pytest.raises(ChangedCodeError, match=words):
        extend(executor="local")
    assert len(list_runs(made.paths)) == 1


def test_what_is_declared_not_reproducible_is_never_made_anew(extend, edit):
    edit("fall.py", "generator(10, FallParams)", "generator(10, FallParams, reproducible='no')")
    extend()
    edit(*REWRITTEN)

    with pytest.raises(ChangedCodeError, match='declares reproducible="no"; raise `version`'):
        extend()
    assert extend(accept_code=True).mixed


def test_an_unknown_word_for_reproducible_is_refused():
    with pytest.raises(datagen_core.GeneratorError, match='"bits", "machine" or "no", not \'yes\''):
        datagen_core.generator(reproducible="yes")(lambda size: [1.0] * size)


MEASURED = """
import time
import numpy as np
import datagen_core
from datagen_core import Field, Schema

RECORD = np.dtype([("value", "f8"), ("seconds", "f8")])

@datagen_core.generator(5, schema=Schema({"r": Field(RECORD, measured=["seconds"])}))
def timed(size, rng):
    for _ in range(size):
        yield {"r": np.array((rng.normal(), time.perf_counter()), RECORD)}
"""


def test_a_module_that_is_edited_behind_a_process_changes_nothing_in_it(extend, tmp_path):
    extend()
    (tmp_path / "physics.py").write_text(PHYSICS.replace("9.81", "1.62"))

    extend()
    with pytest.raises(IncompleteRunError, match=r"physics.G \(constant\) changed since this job"):
        extend(executor="local")
    assert len(codes_of(extend().paths)) == 1


def test_measurements_are_not_compared(tmp_path, cache):
    file = tmp_path / "timed.py"
    for text in (MEASURED, MEASURED.replace("range(size)", "list(range(size))")):
        file.write_text(text)
        made = generate(f"{file}:timed", 5, executor="inline", cache=cache)

    assert len(read_probes(made.paths)) == 1


@pytest.fixture
def timed(monkeypatch):
    """Let batches be known to take a number of seconds, or let it be unknown."""

    def timed(seconds):
        timings = [JobTimings(0.0, seconds, 1, seconds, seconds**2)] if seconds else []
        monkeypatch.setattr(probing, "read_timings", lambda _: timings)

    return timed


def test_a_costly_probe_is_refused_until_it_is_asked_for(extend, edit, timed):
    extend(20)
    edit(*REWRITTEN)
    timed(60.0)

    words = r"takes about 2 min, 200% of the work asked for: allow it with --probe .*--accept-code"
    with pytest.raises(ChangedCodeError, match=words):
        extend()
    assert len(extend(probe=True).existing) == 30


def test_a_probe_that_is_a_small_share_of_the_work_is_silent(extend, edit, timed):
    extend(20)
    edit(*REWRITTEN)
    timed(60.0)

    assert len(extend(300).existing) == 320


def test_each_set_of_a_sweep_that_has_samples_is_compared_once(fall, edit, cache):
    points = [{"height": height} for height in (1.0, 2.0, 3.0)]
    sweep(fall, 10, points[:2], cache=cache, executor="inline")
    edit(*REWRITTEN)
    made = sweep(fall, 10, points, cache=cache, executor="inline")

    assert [len(read_probes(each.paths)) for each in made] == [1, 1, 0]


def test_a_set_without_a_record_of_its_code_is_compared_once(extend, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr("datagen_core.store.shard_writer.Origin", without_code)
        extend()
    extend()

    [probe] = read_probes(extend().paths)
    assert (probe.against, str(probe.samples)) == (("",), "0-9")


def without_code(start, stop, run, plan, _):
    return Origin(start, stop, run, plan)


def test_a_dry_run_says_that_samples_will_be_compared(extend, edit, run_cli, fall):
    extend()
    words = ["generate", fall, "-n", 10, "--executor", "inline", "--dry-run"]
    assert "other code" not in run_cli(*words).out
    edit(*REWRITTEN)

    assert "other code made this set: some of its samples are made anew" in run_cli(*words).out
    assert run_cli(*words, "--json").json["probe"]


def test_resume_compares_too(extend, edit, cache, run_cli):
    made = extend(30)
    max(made.paths.shards.iterdir()).unlink()
    extend(5)
    edit(*EDITS["helper (function)"])

    answer = run_cli("resume", "fall", "--trust", "--executor", "inline")
    assert (answer.code, "fall 0 was made by other code" in answer.err) == (2, True)
    assert run_cli("resume", "fall", "--trust", "--executor", "inline", "--accept-code").code == 0
    assert (len(made.existing), made.mixed) == (35, True)


def test_a_job_that_nobody_waits_for_compares_before_its_first_batch(extend, edit, run_cli, fall):
    made = extend(20)
    edit(*EDITS["helper (function)"])
    answer = run_cli("generate", fall, "-n", 40, "--executor", "local", "--no-wait", "--njobs", 4)
    assert answer.code == 0

    status = wait_for_end(run_cli)
    assert (status["state"], status["done"]) == ("refused", 0)
    assert len(status["ranges"]) == 1
    assert "helper (function); sample 0 made anew differs" in status["ranges"][0]["reason"]
    assert len(made.existing) == 20


def wait_for_end(run_cli):
    while True:
        status = json.loads(run_cli("status", "fall", "--json").out)[-1]
        if status["state"] != "running":
            return status
        time.sleep(0.2)


def test_what_other_code_publishes_first_is_compared_before_the_first_shard(fall, edit, cache):
    runs = []
    for change in (None, EDITS["helper (function)"]):
        if change:
            edit(*change)
        runs += begin([demand_for(fall, cache, 10)], InlineExecutor(), Settings())
    older, newer = (publish_job([(run, run.plan)]) for run in runs)

    assert newer.work(0) == "done"
    assert older.work(0) == "failed"
    assert str(runs[0].inspect().done) == "none"
    assert "SCALE" not in (reason := runs[0].inspect().refused[0].reason)
    assert "helper (function); sample 10 made anew differs" in reason


def test_one_task_compares_and_the_others_go_on(extend, edit, run_cli, fall):
    made = extend(20)
    edit(*REWRITTEN)
    run_cli("generate", fall, "-n", 40, "--executor", "local", "--no-wait", "--njobs", 4)

    assert wait_for_end(run_cli)["state"] == "complete"
    assert (len(made.existing), len(read_probes(made.paths))) == (60, 1)


def test_a_refused_run_goes_on_when_its_code_is_accepted(extend, edit, run_cli, fall):
    made = extend(20)
    edit(*EDITS["SCALE (constant)"])
    run_cli("generate", fall, "-n", 10, "--executor", "local", "--no-wait")
    wait_for_end(run_cli)

    assert run_cli("resume", "fall", "--trust", "--accept-code").code == 0
    assert (len(made.existing), made.mixed) == (30, True)


class Distant(LocalExecutor):
    """Jobs of which nothing is made on this machine, as Slurm's."""

    ends_with_caller = False


@pytest.mark.parametrize(("seconds", "probe"), [(1.0, None), (60.0, "compare"), (None, "compare")])
def test_slow_batches_are_made_where_jobs_run(extend, edit, fall, cache, timed, seconds, probe):
    extend()
    edit(*REWRITTEN)
    timed(seconds)
    work = [IntervalSet([(10, 100_000)])]
    [demand] = settle([demand_for(fall, cache)], work, Distant(), Settings())
    assert demand.probe == probe
