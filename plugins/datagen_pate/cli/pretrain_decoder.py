"""The command `datagen pate pretrain-decoder`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.commands import count_of, json_option, print_json, say, tell
from datagen_pate.cli import device_option

if TYPE_CHECKING:
    from datagen_pate.decoder.params import PretrainParams

_EXAMPLES = """\b
Examples:
  datagen pate pretrain-decoder
  datagen pate pretrain-decoder --epochs 12 --batch-size 64 --lr 2e-3 --kl-annealing-epochs 3
  datagen pate pretrain-decoder --fonts all --out-dir decoder_of_all_fonts
  datagen pate pretrain-decoder --data-root EMNIST --variant letters --out-dir pretrained_decoder
  datagen pate pretrain-decoder --compat original --source emnist --variant balanced"""

_SOURCES = ("mix", "glyphs", "digits", "omniglot", "emnist", "kmnist")
_VARIANTS = ("letters", "balanced", "byclass", "bymerge", "digits", "mnist")
_FILE = click.Path(dir_okay=False, exists=True, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_CONFIG_NAMES = {
    "latent_dim": "latent_dim",
    "epochs": "pretrain_epochs",
    "batch_size": "batch_size",
    "lr": "learning_rate",
    "weight_decay": "weight_decay",
    "kl_annealing_epochs": "kl_annealing_epochs",
}
_PARAMS = (*_CONFIG_NAMES, "kl_weight", "lr_schedule", "seed", "precision", "compat")


@click.command(epilog=_EXAMPLES)
@click.option(
    "--source",
    type=click.Choice(_SOURCES),
    help="Public images.  [default: emnist with --data-root, else mix, which needs no download]",
)
@click.option("--variant", type=click.Choice(_VARIANTS), help="Of emnist.  [default: letters]")
@click.option("--size", type=click.IntRange(1), help="How many images.  [default: all, or 16000]")
@click.option(
    "--fonts",
    metavar="DIR|all",
    help="Further fonts for characters: those in a folder, or all of this machine.",
)
@click.option("--data-root", type=_FOLDER, help="Folder with published images.")
@click.option("--use-kmnist", is_flag=True, help="Short for --source kmnist.")
@click.option("--latent-dim", type=int, help="Latent variables.  [default: 32]")
@click.option("--epochs", type=int, help="Passes over the images.  [default: 50]")
@click.option("--batch-size", type=int, help="Images in a step.  [default: 128]")
@click.option("--lr", type=float, help="Adam's step size at the start.  [default: 0.001]")
@click.option("--weight-decay", type=float, help="Penalty on weights.  [default: 1e-5]")
@click.option(
    "--kl-annealing-epochs",
    type=int,
    help="Epochs in which the divergence's weight grows from 0.  [default: 10]",
)
@click.option("--kl-weight", type=float, help="The divergence's weight after that.  [default: 1]")
@click.option("--lr-schedule", type=click.Choice(["cosine", "constant"]), help="[default: cosine]")
@click.option("--seed", type=int, help="Of all randomness.  [default: 42]")
@click.option("--out-dir", type=_FOLDER, default="pretrained_decoder", show_default=True)
@click.option("--config", type=_FILE, help="The original's JSON; options go before its values.")
@click.option(
    "--compat",
    type=click.Choice(["original"]),
    help="Train as the original: constant step size, noise in the images to reproduce.",
)
@device_option
@click.option("--precision", type=click.Choice(["float32", "bfloat16"]), help="[default: float32]")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True, help="Of torch.")
@json_option
def pretrain_decoder(*, out_dir: Path, as_json: bool, **options: Any) -> None:
    """Train the decoder that draws candidates, on public images alone.

    Writes decoder.pth, latent_prior.npz (where the decoder draws digits) and pretrain_report.json.
    Called again, it goes on after the last whole epoch, and does nothing when it was finished.

    Characters are drawn in the fonts that come with matplotlib, so that the same command learns
    from the same images on every machine. The report names all fonts, further ones (--fonts) too.

    EMNIST's digits and MNIST are cut from the same forms, so a decoder that was trained on them may
    have seen private images; of EMNIST, letters are the default.
    """
    from datagen_images import use_threads  # it imports numpy
    from datagen_pate.classifier.devices import choose_device
    from datagen_pate.decoder.artefact import Place, make_decoder  # it imports torch

    params = _make_params(options)
    place = Place(out_dir, choose_device(options["device"]), options["threads"])
    with use_threads(options["threads"]):
        public = _load(options, params.seed)
    report = make_decoder(public, params, place, _show(params.epochs))
    if as_json:
        print_json(report)
        return
    losses = f"loss {report['final_loss']:.1f} (divergence {report['final_kl_loss']:.1f})"
    say(
        f"{place.decoder}: {count_of(report['dataset_size'], 'image')} of "
        f"{report['dataset']}, {losses}"
    )


def _make_params(options: dict[str, Any]) -> PretrainParams:
    from datagen_pate.compat.config import Config, read_config
    from datagen_pate.decoder.params import PretrainParams

    config = Config() if options["config"] is None else read_config(options["config"])
    chosen = {name: options[name] for name in _PARAMS if options[name] is not None}
    values = {name: getattr(config.decoder, other) for name, other in _CONFIG_NAMES.items()}
    given = {name: value for name, value in values.items() if value is not None}
    return PretrainParams.bind(given | chosen, "pretrain-decoder")


def _load(options: dict[str, Any], seed: int) -> Any:
    from datagen_pate.errors import ArgumentError
    from datagen_pate.public import load_public

    source = options["source"]
    if options["use_kmnist"] and source not in {None, "kmnist"}:
        raise ArgumentError(f"--use-kmnist and --source {source} exclude each other; leave one out")
    default = "mix" if options["data_root"] is None else "emnist"
    source = "kmnist" if options["use_kmnist"] else source or default
    places = {"folder": options["data_root"], "fonts": options["fonts"]}
    return load_public(source, options["size"], seed, variant=options["variant"], **places)


def _show(epochs: int) -> Any:
    def show(epoch: dict[str, Any]) -> None:
        tell(f"epoch {epoch['epoch']}/{epochs}: loss {epoch['loss']:.2f}", prefix="")

    return show
