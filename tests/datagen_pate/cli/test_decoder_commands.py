"""The commands that make the decoder and a pool."""

import json

import numpy as np
import pytest
from click.testing import CliRunner

from datagen_core import DatagenError
from datagen_pate.cli.candidates import candidates
from datagen_pate.cli.pretrain_decoder import pretrain_decoder
from datagen_pate.errors import ArgumentError
from datagen_pate.pools.files import read_pool

SMALL = ("--source", "glyphs", "--size", 600, "--epochs", 1, "--latent-dim", 4, "--device", "cpu")


def call(command, *arguments):
    result = CliRunner().invoke(command, [str(argument) for argument in arguments])
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("decoder")
    call(pretrain_decoder, *SMALL, "--out-dir", folder)
    return folder


def draw(folder, out, *options):
    arguments = ("--decoder-path", folder, "--out", out, "--pool-size", 300, "--device", "cpu")
    return json.loads(call(candidates, *arguments, "--json", *options))


def test_second_call_keeps_what_is_there(folder):
    before = (folder / "decoder.pth").stat().st_mtime_ns
    report = json.loads(call(pretrain_decoder, *SMALL, "--out-dir", folder, "--json"))

    assert (folder / "decoder.pth").stat().st_mtime_ns == before
    assert report["epochs"] == 1
    assert report["dataset"] == "glyphs"


def test_options_go_before_the_configuration(folder, tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"decoder": {"pretrain_epochs": 1, "latent_dim": 4}}))
    options = ("--source", "glyphs", "--size", 20, "--device", "cpu", "--config", config, "--json")
    report = json.loads(call(pretrain_decoder, *options, "--latent-dim", 3, "--out-dir", tmp_path))

    assert (report["epochs"], report["latent_dim"]) == (1, 3)
    assert report["prior_hash"] is None  # too few images of a class


def test_pool_is_drawn_with_the_prior_beside_the_decoder(folder, tmp_path):
    report = draw(folder, tmp_path / "pool.npz", "--save-grid")

    assert report["prior_hash"] is not None
    assert report["latent_mixing_ratio"] == 0.3
    assert read_pool(tmp_path / "pool.npz").images.shape == (300, 28, 28)
    assert (tmp_path / "pool.png").read_bytes().startswith(b"\x89PNG")


def test_pool_that_is_there_is_kept(folder, tmp_path):
    out = tmp_path / "pool.npz"
    report = draw(folder, out)
    before = out.stat().st_mtime_ns

    assert draw(folder, out) == report
    assert out.stat().st_mtime_ns == before
    assert draw(folder, out, "--seed", 5)["pool_hash"] != report["pool_hash"]


def test_pool_of_the_original_keeps_floats(folder, tmp_path):
    report = draw(folder, tmp_path / "pool.pt", "--compat", "original")
    images = read_pool(tmp_path / "pool.pt").images

    assert report["prior_hash"] is None
    assert images.dtype == np.float32
    assert np.any(np.rint(images * 255) != images * 255)


def test_configuration_of_the_original_says_how_many(folder, tmp_path):
    config = tmp_path / "config.json"
    config.write_text(json.dumps({"generation": {"pool_size": 77, "latent_noise_scale": 0}}))
    arguments = ("--decoder-path", folder, "--out", tmp_path / "pool.npz", "--config", config)
    report = json.loads(call(candidates, *arguments, "--device", "cpu", "--json"))

    assert (report["pool_size"], report["latent_noise_scale"]) == (77, 0)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--latent-dim", 16), "has 4 latents, not 16"),
        (("--latent-mixing", 2), "should be less than or equal to 1, not 2"),
        (("--prior", "none.npz"), "cannot be read"),
        (("--format", "original"), r"the name of a pool of format original ends in \.pt"),
    ],
)
def test_mistake_is_one_line(folder, tmp_path, options, message):
    with pytest.raises(DatagenError, match=message):
        draw(folder, tmp_path / "pool.npz", *options)


def test_source_and_use_kmnist_exclude_each_other(tmp_path):
    with pytest.raises(ArgumentError, match="exclude each other"):
        call(pretrain_decoder, "--use-kmnist", "--source", "mix", "--out-dir", tmp_path)


@pytest.mark.parametrize(("option", "value"), [("--epochs", 0), ("--lr", 0), ("--kl-weight", -1)])
def test_parameter_out_of_range_is_a_wrong_argument(tmp_path, option, value):
    with pytest.raises(DatagenError, match="input should be greater") as caught:
        call(pretrain_decoder, option, value, "--out-dir", tmp_path)

    assert caught.value.exit_code == 2


def test_further_fonts_are_an_option(tmp_path):
    font = pytest.importorskip("PIL.ImageFont").load_default(20)
    (tmp_path / "other.ttf").write_bytes(font.font_bytes)
    options = ("--source", "glyphs", "--size", 20, "--epochs", 1, "--device", "cpu", "--json")
    default = json.loads(call(pretrain_decoder, *options, "--out-dir", tmp_path / "default"))
    out = ("--fonts", tmp_path, "--out-dir", tmp_path / "more")
    report = json.loads(call(pretrain_decoder, *options, *out))

    assert report["dataset_hash"] != default["dataset_hash"]
    assert len(report["dataset_notes"]["fonts"]) == len(default["dataset_notes"]["fonts"]) + 1
