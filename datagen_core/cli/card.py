"""The command `datagen card`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.commands import (
    cache_option,
    json_option,
    print_json,
    say,
    select_set,
    set_option,
    tell,
)
from datagen_core.errors import SelectionError, count_of, human_bytes

if TYPE_CHECKING:
    from datagen_core.cards.croissant import DataFile
    from datagen_core.reading.param_set import ParamSet

_FILE = click.Path(dir_okay=False, readable=False, path_type=Path)


@click.command("card")
@click.argument("name")
@click.option("-o", "--output", metavar="HTML", type=_FILE, help="Where to write the page.")
@click.option("--croissant", metavar="JSON", type=_FILE,
              help="Where to write a Croissant document (JSON-LD) of the files.")  # fmt: skip
@click.option("--licence", default="", metavar="LICENCE",
              help="Licence in the Croissant document: a URL, or a name such as MIT.")  # fmt: skip
@set_option()
@cache_option
@json_option
def card_command(
    name: str,
    selector: tuple[str, ...],
    output: Path | None,
    croissant: Path | None,
    licence: str,
    *,
    as_json: bool,
) -> None:
    """Write a page about a parameter set of NAME: what it is, what is in it, how to read it.

    The page is one file, which loads nothing. It has the generator's description, parameters,
    splits, fields with ranges, charts and images, where the samples come from, and what the
    generator's plugin adds. Charts are of a few thousand samples at most, so that a large set takes
    no longer. Seeds and commands of sets whose privacy depends on them are left out; who made
    samples, and where, is not: see `datagen publish`.

    \b
    Examples:
      datagen card noisy_sine -p 0 -o card.html
      datagen card noisy_sine -p left=0 --croissant croissant.json --licence MIT
    """
    _check_options(output, croissant, licence)
    param_set = select_set(name, selector)
    if croissant is not None:
        _check_seed(param_set)
    answer: dict[str, Any] = {"set": param_set.number}
    if output is not None:
        answer |= _write_card(param_set, output)
    if croissant is not None:
        answer |= _write_croissant(param_set, croissant, licence)
    if as_json:
        print_json(answer)
        return
    if output is not None:
        say(f"{output}: {param_set}, {human_bytes(answer['bytes'])}")
    if croissant is not None:
        say(f"{croissant}: {param_set}, {count_of(answer['files'], 'file')}")


def _check_options(output: Path | None, croissant: Path | None, licence: str) -> None:
    if output is None and croissant is None:
        raise click.UsageError("say what to write: -o card.html, or --croissant croissant.json")
    if output is not None and croissant is not None and output.resolve() == croissant.resolve():
        raise click.UsageError(f"-o and --croissant are both {output}; name two files")
    if licence and croissant is None:
        raise click.UsageError("--licence is for the Croissant document; give --croissant, too")


def _check_seed(param_set: ParamSet) -> None:
    if param_set.seed_is_secret:
        raise SelectionError(
            f"{param_set} gets no Croissant document of its files: their folder has its seed, a "
            "secret; `datagen export --format hf` writes samples and a document of them"
        )


def _write_card(param_set: ParamSet, output: Path) -> dict[str, Any]:
    from datagen_core.cards.card import make_card  # slow; not for --help
    from datagen_core.files import replacing

    card = make_card(param_set)
    for each in card.problems:
        tell(f"warning: {param_set}: {each}")
    content = card.page.encode()
    with replacing(output) as file:
        file.write(content)
    path = str(output.absolute())
    return {"path": path, "bytes": len(content), "sections": list(card.sections)}


def _write_croissant(param_set: ParamSet, output: Path, licence: str) -> dict[str, Any]:
    from datagen_core.cards.croissant import HDF5, describe  # as above
    from datagen_core.cards.documentation import read_documentation
    from datagen_core.files import replacing

    files = _list_files(param_set, output.absolute().parent)
    summary = read_documentation(param_set).summary
    document = describe([param_set], files, encoding=HDF5, summary=summary, licence=licence)
    with replacing(output, "w") as file:
        json.dump(document, file, indent=2, ensure_ascii=False)
    return {"croissant": str(output.absolute()), "files": len(files)}


def _list_files(param_set: ParamSet, folder: Path) -> list[DataFile]:
    """Return the files with samples, by their paths from a folder; each is read whole."""
    from datagen_core.cards.croissant import DataFile  # as above
    from datagen_core.cli.progress import counting
    from datagen_core.files import hash_file
    from datagen_core.store.columns import cover

    paths = list(dict.fromkeys(piece.path for piece in cover(param_set.paths.folders)))
    files = []
    with counting("reading files", transient=True) as report:
        for done, path in enumerate(paths):
            report(done, len(paths))
            place = Path(os.path.relpath(path, folder)).as_posix()
            files.append(DataFile(place, hash_file(path), path.stat().st_size))
    return files
