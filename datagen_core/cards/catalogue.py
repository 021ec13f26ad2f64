"""A catalogue: the cards of all parameter sets of a cache, and a page to find them with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from datagen_core.cards.card import make_card, sign
from datagen_core.errors import ConfigurationError, DatagenError, count_of, human_bytes
from datagen_core.files import placing
from datagen_core.pages.frame import SIGNATURE, write_page
from datagen_core.pages.parts import Cell, Link, Mark, Paragraph, Part, Search, Table
from datagen_core.reading.cache import Cache, Dataset
from datagen_core.reading.param_set import ParamSet
from datagen_core.store.access import fault_of

INDEX = "index.html"
_CARDS = "sets"
_HEAD = 1000  # bytes at the beginning of a page

_SCRIPT = Path(__file__).with_name("search.js")
_HEADER = (
    "data set", "parameters", "seed", "samples", "fields", "begun", "size", "state",
)  # fmt: skip


@dataclass
class Catalogue:
    """A catalogue that was written.

    Attributes
    ----------
    sets
        The number of sets with a card.
    left_out
        Why other sets, or data sets, have none: by what they are called.
    """

    sets: int = 0
    left_out: list[tuple[str, DatagenError]] = field(default_factory=list)


def write_catalogue(
    cache: Cache, folder: Path, report: Callable[[int, int], None] = lambda *_: None
) -> Catalogue:
    """Write `index.html` and a card for each set of a cache into a folder, which appears whole.

    A set that cannot be read is a line of the catalogue.

    Parameters
    ----------
    folder
        Missing, empty, or an earlier catalogue, which is replaced.
    report
        Called with the number of sets that are done, and of all.

    Raises
    ------
    ConfigurationError
        If something else is in the folder, or there is no such cache.
    """
    _check_folder(folder, cache)
    catalogue = Catalogue()
    datasets = list(cache.datasets())
    total, done = sum(map(len, datasets)), 0
    rows: list[list[Cell]] = []
    with placing(folder) as temporary:
        (temporary / _CARDS).mkdir(parents=True)
        for dataset in datasets:
            _leave_out_closed(dataset, catalogue)
            for each in dataset.values():
                report(done, total)
                rows += _add(each, temporary, catalogue)
                done += 1
        report(total, total)
        rows += [_left_out(*each) for each in catalogue.left_out]
        page = write_page(
            f"Data sets in {cache.path}", [], before=list(_introduce(rows, catalogue)),
            script=_SCRIPT.read_text(), footer=sign(),
        )  # fmt: skip
        (temporary / INDEX).write_text(page, encoding="utf-8")
    return catalogue


def _check_folder(folder: Path, cache: Cache) -> None:
    """Refuse what is not a catalogue, since it would be replaced, and a place in the cache.

    So is a cache that is not there, whose empty catalogue could replace that of another one.
    """
    if not cache.path.exists():
        raise ConfigurationError(f"there is no cache {cache.path}; name one with --cache")
    place = folder.resolve()
    if cache.path.resolve() in {place, *place.parents}:
        raise ConfigurationError(f"{folder} is in the cache {cache.path}; name a folder outside")
    if not folder.exists():
        return
    if not folder.is_dir():
        raise ConfigurationError(f"{folder} is not a folder; name a new one")
    others = sorted({each.name for each in folder.iterdir()} - {INDEX, _CARDS})
    pages = [path for path in (folder / INDEX, *folder.glob(f"{_CARDS}/*")) if path.exists()]
    others += [path.name for path in pages if not _is_ours(path)]
    if others:
        raise ConfigurationError(
            f"{folder} holds {others[0]!r}, which is not part of a catalogue; name a new folder"
        )


def _is_ours(path: Path) -> bool:
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return SIGNATURE.encode() in file.read(_HEAD)


def _leave_out_closed(dataset: Dataset, catalogue: Catalogue) -> None:
    catalogue.left_out += [(dataset.name, error) for error in dataset.problems]
    for number, closed in dataset.unreadable.items():
        name = dataset.name if number is None else f"{dataset.name} {number}"
        catalogue.left_out.append((name, closed))


def _add(param_set: ParamSet, folder: Path, catalogue: Catalogue) -> Iterator[list[Cell]]:
    """Write a card, and yield its line; a cache may make a reader fail in any way."""
    try:
        row = _write_card(param_set, folder)
    except FileNotFoundError as error:
        if not param_set.paths.root.exists():  # removed since it was listed
            return
        catalogue.left_out.append((str(param_set), fault_of(param_set, error)))
    except Exception as error:
        catalogue.left_out.append((str(param_set), fault_of(param_set, error)))
    else:
        catalogue.sets += 1
        yield row


def _write_card(param_set: ParamSet, folder: Path) -> list[Cell]:
    record, counts = param_set.record, param_set.counts
    card = make_card(param_set)
    name = param_set.public_digest[:8] or str(param_set.number)
    place = Path(_CARDS, f"{param_set.paths.root.parent.name}-{name}.html")
    (folder / place).write_text(card.page, encoding="utf-8")
    existing = len(param_set.existing)
    is_whole = existing >= param_set.reserved
    states = ["damaged"] * bool(card.problems) + ["holes"] * (not is_whole)
    states += ["mixed"] * param_set.mixed + ["private"] * record.private
    splits = ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
    fields = ", ".join(f"{name} {each}" for name, each in param_set.schema.fields.items())
    return [
        Link(str(param_set), quote(str(place)), card.summary),
        param_set.describe(with_seed=False),
        "" if param_set.has_secret else str(record.seed),
        splits,
        fields if len(fields) <= 120 else count_of(len(param_set.schema.fields), "field"),
        (record.created or "")[:10],
        human_bytes(param_set.bytes),
        Mark(", ".join(states), "fail") if states else "complete",
    ]


def _left_out(name: str, error: DatagenError) -> list[Cell]:
    return [name, Mark(str(error), "fail")]


def _introduce(rows: Sequence[Sequence[Cell]], catalogue: Catalogue) -> Iterator[Part]:
    others = f", {len(catalogue.left_out)} left out" if catalogue.left_out else ""
    yield Paragraph(f"{count_of(catalogue.sets, 'parameter set')}{others}. Each has a card.")
    yield Search("Words that a set must have, such as noisy_sine left=0")
    yield Table(_HEADER, rows)
