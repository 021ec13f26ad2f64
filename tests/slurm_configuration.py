"""The configuration of the throw-away Slurm cluster."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# slurmd 22.05 initialises a cgroup plugin even when nothing uses it; the automatic choice fails
# where /sys/fs/cgroup/systemd is missing.
CGROUP_CONF = "CgroupPlugin=cgroup/v1\n"

_COMMON = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={control_port}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool.%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=0,sched_interval=2,bf_interval=1,defer
ReturnToService=2
SlurmdParameters=config_overrides
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
KillWait=5
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
"""

_SIMPLE = """\
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[0]} CPUs=2 RealMemory=2000
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""

# Any device does as a GPU.
GRES_CONF = """\
NodeName=n4 Name=gpu File=/dev/null
NodeName=n4 Name=gpu File=/dev/zero
"""

_MULTI = """\
GresTypes=gpu
JobAcctGatherParams=OverMemoryKill
SlurmdTimeout=10
MaxArraySize=101
MaxJobCount=10000
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[0]} CPUs=2 RealMemory=2000
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2 RealMemory=2000
NodeName=n3 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2 RealMemory=2000
NodeName=n4 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[3]} CPUs=2 RealMemory=2000 Gres=gpu:2
PartitionName=debug Nodes=ALL Default=YES MaxTime=INFINITE PriorityTier=1 PreemptMode=OFF
PartitionName=short Nodes=ALL MaxTime=1 PriorityTier=1 PreemptMode=OFF
PartitionName=scavenge Nodes=ALL MaxTime=60 PriorityTier=1 PreemptMode=REQUEUE
PartitionName=urgent Nodes=ALL MaxTime=60 PriorityTier=10 PreemptMode=OFF
"""


def slurm_conf(folder: Path, mode: str) -> str:
    """Return the text of slurm.conf for a cluster that lives in `folder`, on free ports."""
    control_port, *ports = _free_ports(5)
    template = _COMMON + (_SIMPLE if mode == "simple" else _MULTI)
    host = socket.gethostname().split(".")[0]
    return template.format(host=host, folder=folder, control_port=control_port, ports=ports)


@contextmanager
def _open_ports(count: int) -> Iterator[list[int]]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        yield [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _free_ports(count: int) -> list[int]:
    with _open_ports(count) as ports:
        return ports
