"""Profiles of the user's file, and the defaults beside data."""

from __future__ import annotations

import os

import pytest

from datagen_core import ConfigurationError
from datagen_core.store.profiles import read_defaults, read_profile

HERE = os.uname().nodename


@pytest.fixture
def write(configuration):
    """Return `write(text)`, which makes the user's file and returns it."""

    def write(text, mode=0o600):
        file = configuration / "datagen" / "datagen.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)
        return file

    return write


def test_without_a_file_there_is_no_profile(configuration):
    assert read_profile() is None


def test_a_profile_is_found_by_its_name(write):
    file = write('[profiles.a]\nnjobs = 1\n[profiles.b]\nnjobs = 2\n[profiles."c d"]')

    assert read_profile("b", "--profile") == ("b", "--profile", file, {"njobs": 2})
    assert read_profile("c d").values == {}
    assert read_profile() is None


@pytest.mark.parametrize("pattern", [HERE, HERE.upper(), HERE[:2] + "*", "*"])
def test_the_first_profile_whose_hosts_fit_is_used(write, pattern):
    write(f'[profiles.a]\nhosts = ["x{HERE}"]\n[profiles.b]\nhosts = ["-", "{pattern}"]\n'
          '[profiles.c]\nhosts = ["*"]')  # fmt: skip

    assert read_profile().name == "b"
    assert HERE in read_profile().reason


def test_all_keys_are_read(write):
    text = """
    hosts = ["*"]
    cache = "~/cache"
    executor = "slurm"
    njobs = 40
    partition = "batch"
    account = "physics"
    qos = "long"
    setup = ["module load gcc", "ulimit -c 0"]
    options = {constraint = "avx2", nice = 10, exclusive = true}
    generators = "/home/me/generators"
    """
    write(f"[profiles.a]\n{text}")

    assert read_profile().values["options"] == {"constraint": "avx2", "nice": 10, "exclusive": True}
    assert len(read_profile().values) == 10


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[profiles.a]\npartitoin = 'x'", "key 'partitoin'; did you mean 'partition'?"),
        ("[profiles.a]\nmem = '1G'", "profile a has an unknown key 'mem'"),
        ("[profile.a]", "unknown key 'profile'; did you mean 'profiles'?"),
        ("partition = 'x'", "unknown key 'partition'"),
        ("profiles = 1", "profiles is not a table"),
        ("[profiles]\na = 1", "profile a is not a table"),
        ("[profiles.a]\nnjobs = true", "njobs is True, not a whole number"),
        ("[profiles.a]\nnjobs = '4'", "njobs is '4', not a whole number"),
        ("[profiles.a]\nsetup = 'module load gcc'", "setup is 'module load gcc', not a list"),
        ("[profiles.a]\nsetup = [1]", "not a list of texts"),
        ("[profiles.a]\ncache = 'cache'", "not a path that begins with / or ~"),
        ("[profiles.a]\ngenerators = 'here'", "not a path that begins with / or ~"),
        ("[profiles.a]\noptions = {exclusive = false}", "true for flags"),
        ("[profiles.a]\nhosts = '*'", "hosts is '*', not a list of texts"),
        ("[profiles.a]\n\nnjobs = \n", "is not TOML: Invalid value (at"),
        ("[profiles.a]\n[profiles.a]", "is not TOML"),
        ("x = " + "[" * 5000, "is not TOML"),
        ("#" * 2**20 + "\n", "longer than a megabyte"),
    ],
)  # fmt: skip
def test_mistakes_are_one_line_with_the_file(write, text, words):
    file = write(text)

    with pytest.raises(ConfigurationError) as raised:
        read_profile()
    assert str(raised.value).startswith(str(file))
    assert words in str(raised.value)


def test_text_that_is_not_utf8_is_one_line(write):
    write("").write_bytes(b"[profiles.a]\ncache = '/\xff'")

    with pytest.raises(ConfigurationError, match="is not TOML: 'utf-8' codec"):
        read_profile()


@pytest.mark.parametrize("name", ["apline", "x"])
def test_an_unknown_profile_is_refused(write, name):
    write("[profiles.alpine]\n[profiles.laptop]")

    with pytest.raises(ConfigurationError, match="it may have: alpine, laptop"):
        read_profile(name)


def test_a_profile_without_a_file_is_refused(configuration):
    with pytest.raises(ConfigurationError, match="has no profile 'x'; it may have: none yet"):
        read_profile("x")


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_may_write_is_refused(write, mode):
    file = write("[profiles.a]\nhosts = ['*']", mode)

    with pytest.raises(ConfigurationError, match=f"chmod go-w {file}"):
        read_profile()


def test_a_file_of_somebody_else_is_refused(write, monkeypatch):
    file = write("[profiles.a]\nhosts = ['*']")
    monkeypatch.setattr(os, "geteuid", lambda: file.stat().st_uid + 1)

    with pytest.raises(ConfigurationError, match="is not your own file"):
        read_profile()


def test_a_link_to_a_file_of_ones_own_is_followed(write):
    """As programs that keep such files together make them."""
    file = write("[profiles.a]\nhosts = ['*']")
    file.rename(file.with_name("kept.toml"))
    file.symlink_to("kept.toml")

    assert read_profile().name == "a"


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_something_else_in_its_place_is_one_line(configuration, make):
    file = configuration / "datagen" / "datagen.toml"
    file.parent.mkdir(parents=True)
    make(file)

    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_profile()


def test_a_cache_has_defaults(tmp_path):
    (tmp_path / "datagen.toml").write_text('partition = "batch"\nnjobs = 8')

    assert read_defaults(tmp_path) == {"partition": "batch", "njobs": 8}
    assert read_defaults(tmp_path / "missing") == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("njobs = 2\nsetup = ['rm -r ~']", "has setup, which is code"),
        ("options = {}\nsetup = []", "has options, setup, which is code"),
        ("generators = '/tmp'", "has generators, which is code"),
        ("cache = '/tmp'", "unknown key 'cache'"),
        ("[profiles.a]\nsetup = ['x']", "unknown key 'profiles'"),
        ("partition = 'a --export=X=1'", "partition is"),
        ("partition = '''a\n#SBATCH --wrap=x'''", "partition is"),
    ],
)
def test_a_cache_has_no_code(tmp_path, text, words):
    (tmp_path / "datagen.toml").write_text(text)

    with pytest.raises(ConfigurationError, match=words):
        read_defaults(tmp_path)
