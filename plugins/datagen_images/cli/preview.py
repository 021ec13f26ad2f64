"""The command `datagen preview`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from datagen_core.commands import cache_option, count_of, say, say_excluded, select_set, set_option
from datagen_images.errors import ImagesError
from datagen_images.pictures.sample_rows import (
    find_image_field,
    make_heat_map,
    make_rows,
    name_classes,
)
from datagen_pictures import draw_rows, save_figure

_POSITIVE = click.IntRange(1)
_PNG = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("name")
@set_option()
@click.option("--split", default="raw", show_default=True, help="The split to draw.")
@click.option(
    "-n", "count", default=10, show_default=True, type=_POSITIVE, help="Number of samples."
)
@click.option("--images", default=10, show_default=True, type=_POSITIVE, help="Images per row.")
@click.option("--field", help="The field with the images, where several fields could hold them.")
@click.option(
    "--heat-map/--no-heat-map",
    default=None,
    help="Draw the shares of labels of each row.  [default: with up to 62 classes]",
)
@click.option("-o", "--output", required=True, type=_PNG, help="PNG file, replaced if it exists.")
@cache_option
def preview(  # noqa: PLR0913 (each is one option)
    *,
    name: str,
    selector: tuple[str, ...],
    split: str,
    count: int,
    images: int,
    field: str | None,
    heat_map: bool | None,
    output: Path,
) -> None:
    """Draw the first images of the first samples of NAME.

    A sample with many images, such as a client, is a row, with the names of classes below the
    images. To the right of a row, the heat map has one cell per class, which is darker the more of
    the row's labels are of that class, as the scale below says, and then the number of its labels.

    \b
    Examples:
      datagen preview image_partition -o clients.png
      datagen preview image_partition -p scheme=labels -n 5 --images 20 -o labels.png
    """
    if output.suffix.lower() != ".png":
        raise click.UsageError(f"{output} is not a PNG file; choose a name that ends in .png")
    param_set = select_set(name, selector)
    samples = param_set[split]
    if not len(samples):
        raise ImagesError(f"split {split!r} of {name} has no samples; choose another with --split")
    say_excluded(samples)
    image = replace(find_image_field(samples.schema, field), classes=name_classes(param_set.params))
    first = [samples[place] for place in range(min(count, len(samples)))]
    is_client = image.is_many and "clients" in param_set.params
    word = "client" if is_client else "sample"
    rows = make_rows(image, first, samples.indices, images, word)
    counts = make_heat_map(image, first, wanted=heat_map)
    of = f"{len(first)} of {count_of(len(samples), word)} of {split}"
    title = f"{param_set}: {param_set.describe()}; {of}"
    save_figure(draw_rows(rows, heat_map=counts, title=title), output)
    say(output)
