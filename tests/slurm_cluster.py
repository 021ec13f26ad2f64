"""A throw-away Slurm cluster on this machine, for tests.

Nothing outside a temporary folder is written: configuration, spool, munge key and socket are
private, ports are free ones, and `SLURM_CONF` in the environment is what makes sbatch and the
like talk to it. Works in a container without cgroups and with a PID 1 that does not reap. Needs
root, because slurmd does.
"""

from __future__ import annotations

import atexit
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Literal, Self

from patience import patience
from slurm_configuration import CGROUP_CONF, GRES_CONF, slurm_conf

_TOOLS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scancel", "scontrol", "srun")

_READY = ("idle", "mix", "alloc")


class ClusterError(RuntimeError):
    """A cluster that does not come up, with the end of its logs."""


def unavailable_reason() -> str:
    """Return why no cluster can run here, or nothing. Installs Slurm when root and missing."""
    if os.geteuid() != 0:
        return "slurmd needs root"
    if _missing_tools() and shutil.which("apt-get"):
        _install()
    missing = _missing_tools()
    return f"not installed: {', '.join(missing)} (Debian: slurm-wlm, munge)" if missing else ""


def _missing_tools() -> list[str]:
    return [tool for tool in _TOOLS if not shutil.which(tool)]


def _install() -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", "slurm-wlm", "munge"]
    for command in (["apt-get", "update", "-qq"], install):
        subprocess.run(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=patience(600),
            check=False,
        )


def wait_until(condition: Callable[[], bool], what: str, seconds: float = 60.0) -> None:
    """Wait for a condition, longer when the machine is busy.

    Raises
    ------
    TimeoutError
        When it does not come; says what was waited for.
    """
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > patience(seconds):
            message = f"waited {time.monotonic() - begun:.0f} s for: {what}"
            raise TimeoutError(message)
        time.sleep(0.05)


class SlurmCluster:
    """A cluster of one node (`simple`) or of four virtual nodes (`multi`), without accounting.

    `multi` has MaxArraySize 101, memory limits by polling, and the partitions debug (default, no
    limit), short (one minute), scavenge (preempted by urgent, requeued) and urgent. Node n4 has two
    GPUs, of a kind.
    """

    def __init__(self, mode: Literal["simple", "multi"] = "multi") -> None:
        self.mode = mode
        self.nodes = ("n1",) if mode == "simple" else ("n1", "n2", "n3", "n4")
        self.folder = Path()
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._former: str | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *details: object) -> None:
        self.stop()

    @property
    def configuration(self) -> Path:
        """The slurm.conf that `SLURM_CONF` points to."""
        return self.folder / "slurm.conf"

    def start(self) -> None:
        """Start all daemons and set `SLURM_CONF`; return when the cluster runs jobs.

        Raises
        ------
        ClusterError
            When it does not come up; nothing is left of it then.
        """
        # A short path: a munge socket may have 107 characters.
        self.folder = Path(tempfile.mkdtemp(prefix="slurm-"))
        self._former = os.environ.get("SLURM_CONF")
        atexit.register(self.stop)
        try:
            self._configure()
            os.environ["SLURM_CONF"] = str(self.configuration)
            self._start_munged()
            self.start_slurmctld()
            for node in self.nodes:
                self.start_slurmd(node)
            self.check_health()
        except (ClusterError, OSError, subprocess.SubprocessError) as error:
            message = f"{error}\n{self._log_tails()}"
            self.stop()
            raise ClusterError(message) from error
        except BaseException:
            self.stop()
            raise

    def _configure(self) -> None:
        # Slurm refuses what others could write to, and munged a socket that others cannot reach.
        self.folder.chmod(0o755)
        (self.folder / "state").mkdir()
        self.configuration.write_text(slurm_conf(self.folder, self.mode))
        (self.folder / "cgroup.conf").write_text(CGROUP_CONF)
        if self.mode == "multi":
            (self.folder / "gres.conf").write_text(GRES_CONF)

    def _start_munged(self) -> None:
        folder = self.folder / "munge"
        folder.mkdir(mode=0o755)
        key = folder / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        self._spawn(
            "munged",
            "--foreground",
            "--force",
            f"--socket={folder}/socket",
            f"--key-file={key}",
            f"--pid-file={folder}/pid",
            f"--log-file={folder}/log",
            f"--seed-file={folder}/seed",
        )
        wait_until((folder / "socket").exists, "munged")

    def start_slurmctld(self) -> None:
        """Start the controller; it takes up its saved state."""
        self._spawn("slurmctld", "-D", "-f", str(self.configuration))

    def start_slurmd(self, node: str) -> None:
        """Start the daemon of a node."""
        (self.folder / f"spool.{node}").mkdir(exist_ok=True)
        self._spawn("slurmd", "-D", "-N", node, "-f", str(self.configuration), name=node)

    def stop_slurmctld(self) -> None:
        """Stop the controller, which saves its state. Jobs go on."""
        self._end("slurmctld", signal.SIGTERM)

    def kill_slurmctld(self) -> None:
        """Kill the controller with SIGKILL. Jobs go on; those of the last seconds are forgotten."""
        self._end("slurmctld", signal.SIGKILL)

    def kill_slurmd(self, node: str) -> None:
        """Kill the daemon of a node with SIGKILL. Its jobs go on, as they would on a real one."""
        self._end(node, signal.SIGKILL)

    def fail_node(self, node: str) -> None:
        """Declare a node down, so that its jobs end with NODE_FAIL at once."""
        self.run("scontrol", "update", f"nodename={node}", "state=down", "reason=test")

    def resume_nodes(self) -> None:
        """Bring back all nodes that are down or drained, and wait for them."""
        for node in self.nodes:
            # Fails for a node that is well, which is what is wanted.
            self.run("scontrol", "update", f"nodename={node}", "state=resume", check=False)
        wait_until(self._is_ready, "all nodes")

    def cancel_all(self) -> None:
        """End all jobs and wait until they are gone."""
        self.run("scancel", "--user=root", check=False)
        self.run("scancel", "--user=root", "--full", "--signal=KILL", check=False)
        wait_until(lambda: not self.run("squeue", "-h", check=False), "an empty queue")

    def check_health(self) -> None:
        """Wait until all nodes are up, and run a command on one of them."""
        wait_until(self._is_ready, "all nodes of the Slurm cluster")
        self.run("srun", "-n1", "-t1", "true")

    def _is_ready(self) -> bool:
        if dead := [name for name, daemon in self._daemons.items() if daemon.poll() is not None]:
            raise ClusterError(f"ended at once: {', '.join(dead)}")
        states = self.run("sinfo", "-h", "-N", "-o", "%N %t", check=False)
        lines = [line.split() for line in states.splitlines()]
        return {node for node, state in lines if state in _READY} == set(self.nodes)

    def run(self, *command: str, check: bool = True) -> str:
        """Run a command against this cluster and return what it printed."""
        return subprocess.run(
            command,
            env={**os.environ, "SLURM_CONF": str(self.configuration)},
            timeout=patience(60),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=check,
        ).stdout.strip()

    def stop(self) -> None:
        """End every job and daemon, restore `SLURM_CONF` and remove the folder."""
        atexit.unregister(self.stop)
        if self.folder == Path():
            return
        for name in reversed(list(self._daemons)):
            self._end(name, signal.SIGTERM)
        self._kill_jobs()
        if self._former is None:
            os.environ.pop("SLURM_CONF", None)
        else:
            os.environ["SLURM_CONF"] = self._former
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder = Path()

    def _spawn(self, *command: str, name: str = "") -> None:
        name = name or command[0]
        # A test process that is killed takes its cluster along.
        leash = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
        with (self.folder / f"{name}.log").open("ab") as log:
            self._daemons[name] = subprocess.Popen(
                [*leash, *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                env={**os.environ, "SLURM_CONF": str(self.configuration)},
            )

    def _end(self, name: str, how: signal.Signals) -> None:
        daemon = self._daemons.pop(name, None)
        if daemon is None:
            return
        daemon.send_signal(how)
        try:
            daemon.wait(patience(10))
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def _kill_jobs(self) -> None:
        """Kill what the daemons left: slurmstepd and jobs, known by their environment."""
        wait_until(lambda: not _kill_processes(f"SLURM_CONF={self.configuration}"), "jobs to end")

    def _log_tails(self) -> str:
        tails = []
        for log in sorted(self.folder.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-5:]
            tails.append("\n".join([f"{log.name}:", *lines]))
        return "\n".join(tails)


def _kill_processes(variable: str) -> int:
    """Kill all other living processes with this variable; return how many there were."""
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        # Unreadable or vanished: not ours. A zombie has no environment: it counts as gone.
        with suppress(OSError):
            variables = (process / "environ").read_bytes().split(b"\0")
            if variable.encode() in variables and int(process.name) != os.getpid():
                os.kill(int(process.name), signal.SIGKILL)
                count += 1
    return count
