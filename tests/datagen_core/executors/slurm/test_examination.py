"""What doctor says of Slurm: a real one, and answers as sites have them."""

from __future__ import annotations

import pytest

from datagen_core.executors.base import Resources
from datagen_core.executors.choice import find_executor
from datagen_core.executors.slurm.examination import examine

CONFIGURATION = """SLURM_VERSION = 23.11.1
ClusterName = alpine
MaxArraySize = 1001
MaxJobCount = 10000
AccountingStorageType = accounting_storage/slurmdbd
AccountingStorageEnforce = associations,limits,qos
"""
PARTITIONS = """PartitionName=batch Default=YES MaxTime=2-00:00:00 State=UP
PartitionName=long Default=NO MaxTime=UNLIMITED State=UP
"""
NODES = "batch|idle|4|up\nlong|down*|2|up\n"
ACCOUNTS = "physics||normal,long||200|\nbio|batch|normal|10|20|1-00:00:00\n"
QUALITIES = "normal|100|1000|\nlong|5|10|7-00:00:00\nsecret|1|1|\n"


@pytest.fixture
def site(tmp_path, monkeypatch):
    """Return `site(...)`, which makes the answers of Slurm's commands, and looks at them."""
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def look(chosen=(), account="", qos="", sinfo=NODES, partitions=PARTITIONS, accounts=ACCOUNTS):
        write(tmp_path, "sinfo", h=sinfo)
        write(tmp_path, "scontrol", config=CONFIGURATION, partition=partitions)
        write(tmp_path, "sacctmgr", assoc=accounts, qos=QUALITIES)
        return {each.check: each for each in examine({*chosen}, account, qos)}

    return look


def write(folder, name, **texts):
    """Write a command that prints a text by the word that is among its arguments."""
    cases = "".join(
        f'case "$*" in *{word}*) cat <<"END"\n{text}END\n;; esac\n' for word, text in texts.items()
    )
    (folder / name).write_text(f"#!/bin/sh\necho 'Welcome to alpine!'\n{cases}")
    (folder / name).chmod(0o755)


def test_a_real_slurm_is_described(slurm):
    found = {each.check: each for each in find_executor("slurm").examine(Resources())}

    assert [each.state for each in found.values()] == ["ok", "ok", "ok", "absent"]
    assert "arrays have 101 tasks" in found["slurm"].message
    assert found["slurm partitions"].message.startswith("debug (default) no limit, short 00:01:00")
    assert found["slurm nodes"].message.startswith("of debug: ")


def test_a_real_slurm_has_no_such_partition(slurm):
    found = find_executor("slurm").examine(Resources(partition="shrot"))

    assert "there is no shrot; choose from: debug" in found[1].message
    assert found[1].state == "error"


def test_partitions_accounts_and_qualities_are_told(site):
    found = site()

    assert {each.state for each in found.values()} == {"ok"}
    assert found["slurm partitions"].message == "batch (default) 2-00:00:00, long no limit"
    assert found["slurm accounts"].message == (
        "physics (200 jobs in the queue), "
        "bio (10 jobs at once, 20 jobs in the queue, 1-00:00:00 time)"
    )
    assert "long (5 jobs at once, 10 jobs in the queue, 7-00:00:00 time)" in (
        found["slurm qos"].message
    )
    assert "secret" not in found["slurm qos"].message


def test_an_account_of_somebody_else_is_an_error(site):
    assert "choose from: bio, physics" in site(account="chemistry")["slurm accounts"].message
    assert site(account="chemistry")["slurm accounts"].state == "error"
    assert site(account="bio")["slurm accounts"].state == "ok"


def test_a_quality_of_service_of_others_is_an_error(site):
    assert site(qos="secret")["slurm qos"].message == (
        "secret is none of yours; choose from: long, normal"
    )
    assert site(qos="secret")["slurm qos"].state == "error"
    assert site(qos="long")["slurm qos"].state == "ok"


def test_a_user_without_an_account_is_told(site):
    assert "ask its administrators" in site(accounts="")["slurm accounts"].message


def test_nodes_that_are_down_are_a_warning(site):
    assert site({"long"})["slurm nodes"].state == "warning"
    assert site({"long", "batch"})["slurm nodes"].state == "ok"


def test_a_partition_that_is_down_is_an_error(site):
    assert site(sinfo="batch|idle|4|down\n")["slurm nodes"].state == "error"


def test_a_site_without_a_default_partition_is_told(site):
    found = site(partitions=PARTITIONS.replace("YES", "NO"))

    assert found["slurm partitions"].state == "error"
    assert "name one with --partition" in found["slurm partitions"].message


def test_a_data_base_that_does_not_answer_is_a_warning(site, tmp_path):
    site()
    (tmp_path / "sacctmgr").write_text("#!/bin/sh\nexit 1\n")

    assert {each.check: each.state for each in examine(set(), "", "")}[
        "slurm accounts"
    ] == "warning"
