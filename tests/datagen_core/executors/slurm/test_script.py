"""The batch script that the Slurm executor would submit, without a Slurm."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from functools import partial

import pytest

from datagen_core.errors import ConfigurationError, ExecutionError, SchedulerUnavailableError
from datagen_core.executors.base import Resources
from datagen_core.executors.processes import read_recipe, read_tasks
from datagen_core.executors.slurm.environment import command_environment
from datagen_core.executors.slurm.executor import SlurmExecutor
from slurm_jobs import make_job

EXECUTOR = SlurmExecutor()


@pytest.fixture
def srun_only(tmp_path, monkeypatch):
    """A machine where submitit believes in Slurm, and nothing answers."""
    srun = tmp_path / "bin" / "srun"
    srun.parent.mkdir()
    srun.touch(mode=0o755)
    monkeypatch.setenv("PATH", str(srun.parent))


def options_of(script):
    lines = [line for line in script.splitlines() if line.startswith("#SBATCH --")]
    return dict(line.removeprefix("#SBATCH --").partition("=")[::2] for line in lines)


def test_a_described_job_has_the_options_asked_for(srun_only, tmp_path):
    job = make_job(tmp_path, "note", 3, partition="p", memory="2G", cpus=4, minutes=90)
    options = options_of(EXECUTOR.describe(job._replace(parallel=2)))
    expected = {
        "array": "0-2%2", "cpus-per-task": "4", "job-name": job.plans[0].name, "mem": "2G",
        "partition": "p", "time": "90", "no-requeue": "",
    }  # fmt: skip
    assert expected.items() <= options.items()
    assert "wckey" not in options


def test_describing_writes_nothing(srun_only, tmp_path):
    job = make_job(tmp_path, "note", 2)
    before = sorted(tmp_path.rglob("*"))
    EXECUTOR.describe(job)
    assert sorted(tmp_path.rglob("*")) == before


def test_what_is_not_asked_for_is_left_to_the_site(srun_only, tmp_path):
    options = options_of(EXECUTOR.describe(make_job(tmp_path, "note")))
    assert not {"time", "mem", "partition", "array"} & set(options)


def test_jobs_that_nobody_watches_are_requeued(srun_only, tmp_path):
    options = options_of(EXECUTOR.describe(make_job(tmp_path, "note", waiting=False)))
    assert "requeue" in options
    assert "no-requeue" not in options


def test_options_win_over_everything(srun_only, tmp_path):
    own = {"cpus-per-task": "9", "time": "1-0", "requeue": True, "gres": "gpu:1", "mem": "1G"}
    job = make_job(tmp_path, "note", cpus=2, minutes=5, memory="2G", options=own)
    options = options_of(EXECUTOR.describe(job))
    assert own.items() - {("requeue", True)} <= options.items()
    assert "no-requeue" not in options


CONTROLS = ["a\nb", "a\rb", "a\0b", "a\x1b[2J", "\n"]


@pytest.mark.parametrize("value", CONTROLS)
@pytest.mark.parametrize("name", ["partition", "memory", "gres", "value\nof"])
def test_an_option_is_one_line_of_the_script(srun_only, tmp_path, name, value):
    known = name in {"partition", "memory"}
    asked = {name: value} if known else {"options": {name: value}}
    job = make_job(tmp_path, "note", **asked)
    for refuse in (partial(EXECUTOR.complete, job.resources), partial(EXECUTOR.describe, job)):
        with pytest.raises(ConfigurationError) as told:
            refuse()
        assert str(told.value).isprintable()


@pytest.mark.parametrize("name", ["", "a b", "-x", "wrap=x", "ü", "a\nb"])
def test_names_of_options_are_words(srun_only, tmp_path, name):
    with pytest.raises(ConfigurationError, match="is no option of sbatch"):
        EXECUTOR.describe(make_job(tmp_path, "note", options={name: True}))


@pytest.mark.parametrize("tasks", [1, 2])
@pytest.mark.parametrize("name", ["two\nlines", "back\\slash", "it's"])
def test_a_log_that_slurm_cannot_write_is_written_by_the_shell(srun_only, tmp_path, name, tasks):
    job = make_job(tmp_path / name, "note", tasks)
    script = EXECUTOR.describe(job)
    if name == "it's":
        assert "logs" in options_of(script)["output"]
        return
    assert options_of(script)["output"] == "/dev/null"
    log = job.plans[0].log(tasks - 1)
    log.parent.mkdir(parents=True)
    (line,) = re.findall(r"^exec >>.*?2>&1$", script, re.MULTILINE | re.DOTALL)
    env = {"SLURM_ARRAY_TASK_ID": str(tasks - 1)}
    subprocess.run(["/bin/bash", "-c", f"{line}\necho words"], env=env, check=True)
    assert log.read_text() == "words\n"


def run_script(text, **variables):
    """Run the end of a batch script with an interpreter that prints what it is given."""
    tail = text.partition("# command\n")[2].replace(sys.executable, "show")
    show = 'show() { printf \'%s\\n\' "$@" --; cat; exit; }; exec() { "$@"; }\n'
    words = ["/bin/bash", "-c", show + tail]
    env = {"PATH": "/usr/bin:/bin", **variables}
    return subprocess.run(words, env=env, capture_output=True, text=True, check=True).stdout


def test_the_script_has_all_that_the_job_runs(srun_only, tmp_path):
    folder = tmp_path / 'it\'s $HOME `x` "y"'
    folder.mkdir()
    job = make_job(folder, "note", 12)
    given, _, tasks = run_script(EXECUTOR.describe(job), SLURM_ARRAY_TASK_ID="7").partition(
        "\n--\n"
    )

    assert read_recipe(given.splitlines()) == job.recipe
    assert given.splitlines()[-2:] == ["@-", "--place=7"]
    assert [each.task for each in read_tasks(tasks.splitlines())] == list(range(12))
    assert {each.run for each in read_tasks(tasks.splitlines())} == {job.plans[0].run}


def test_a_job_of_one_task_does_the_first_one(srun_only, tmp_path):
    assert "\n--place=0\n" in run_script(EXECUTOR.describe(make_job(tmp_path, "note")))


def test_options_cannot_hide_tasks(srun_only, tmp_path):
    job = make_job(tmp_path, "note", options={"job-name": "mine"})
    with pytest.raises(ConfigurationError, match="job-name"):
        EXECUTOR.describe(job)


def test_without_slurm_it_says_what_is_missing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    job = make_job(tmp_path, "note")
    assert EXECUTOR.available().startswith("sbatch, srun, squeue, scancel, scontrol not found")
    assert EXECUTOR.poll([job.plans[0]]) is None
    with pytest.raises(SchedulerUnavailableError):
        EXECUTOR.max_tasks()
    with pytest.raises(SchedulerUnavailableError):
        EXECUTOR.cancel([job.plans[0]])
    with pytest.raises(ExecutionError):
        EXECUTOR.describe(job)


def test_a_run_without_attempts_has_no_tasks():
    assert EXECUTOR.poll([]) == {}


def test_importing_submitit_leaves_logging_alone(srun_only, tmp_path):
    EXECUTOR.describe(make_job(tmp_path, "note"))
    assert logging.getLogger("submitit").handlers == []
    assert "SUBMITIT_LOG_LEVEL" not in os.environ


ADDED = {
    "SBATCH_ACCOUNT": "phys", "SBATCH_QOS": "long", "SBATCH_PARTITION": "batch",
    "SBATCH_RESERVATION": "course", "SBATCH_CONSTRAINT": "avx2", "SBATCH_WCKEY": "key",
}  # fmt: skip


def describe_completed(folder, **asked):
    resources = EXECUTOR.complete(Resources(**asked))
    return EXECUTOR.describe(make_job(folder, "note")._replace(resources=resources))


def test_what_a_shell_adds_to_jobs_is_in_the_script(srun_only, tmp_path, monkeypatch):
    for name, value in {**ADDED, "SBATCH_TIMELIMIT": "1"}.items():
        monkeypatch.setenv(name, value)
    script = describe_completed(tmp_path)
    expected = {name.removeprefix("SBATCH_").lower(): value for name, value in ADDED.items()}
    assert expected.items() <= options_of(script).items()
    assert script.endswith(
        f"\n# set in this shell, and used unless asked otherwise: {', '.join(sorted(ADDED))}"
        "\n# set in this shell, and not used: SBATCH_TIMELIMIT"
    )


def test_what_is_asked_for_wins_over_a_shell(srun_only, tmp_path, monkeypatch):
    for name, value in ADDED.items():
        monkeypatch.setenv(name, value)
    own = {"qos": "short", "constraint": "gpu"}
    options = options_of(describe_completed(tmp_path, account="me", options=own))
    assert {"account": "me", "partition": "batch", **own}.items() <= options.items()


def test_a_shell_cannot_add_lines(srun_only, monkeypatch):
    monkeypatch.setenv("SBATCH_ACCOUNT", "a\n#SBATCH --wrap=evil")
    with pytest.raises(ConfigurationError, match="control characters"):
        EXECUTOR.complete(Resources())


def test_commands_get_no_variable_that_changes_them(monkeypatch):
    kept = {"SLURM_CONF": "/etc/slurm.conf", "SLURM_CLUSTERS": "a,b", "CUDA_VISIBLE_DEVICES": "2"}
    lost = ["SBATCH_ACCOUNT", "SLURM_MEM_PER_CPU", "SQUEUE_FORMAT", "SACCT_FORMAT", "SINFO_ALL"]
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    for name, value in {**kept, **dict.fromkeys(lost, "1")}.items():
        monkeypatch.setenv(name, value)
    found = command_environment()
    assert kept.items() <= found.items()
    assert not set(lost) & found.keys()


def test_a_job_does_not_inherit_the_gpus_of_the_one_that_submits_it(monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2")
    assert not {"SLURM_JOB_ID", "CUDA_VISIBLE_DEVICES"} & command_environment().keys()


@pytest.mark.parametrize("name", ["job-nam", "out", "err", "arra"])
def test_the_beginning_of_a_name_is_the_name(srun_only, tmp_path, name):
    with pytest.raises(ConfigurationError, match="datagen sets these options itself"):
        EXECUTOR.describe(make_job(tmp_path, "note", options={name: "x"}))


def test_gpus_account_and_qos_are_options(srun_only, tmp_path):
    job = make_job(tmp_path, "note", gpus=2, account="phys", qos="long")
    expected = {"gpus-per-node": "2", "account": "phys", "qos": "long"}
    assert expected.items() <= options_of(EXECUTOR.describe(job)).items()


def test_a_controller_that_does_not_answer_is_asked_for_its_cluster_once_a_minute(monkeypatch):
    answers = iter([None, "alpine"])
    monkeypatch.setattr("datagen_core.executors.slurm.queue.read_cluster_name", answers.__next__)
    executor = SlurmExecutor()
    assert [executor.cluster(), executor.cluster()] == [None, None]

    executor._asks_again = 0.0
    assert [executor.cluster(), executor.cluster()] == ["alpine", "alpine"]
