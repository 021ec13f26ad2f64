"""The command `datagen preview`."""

from __future__ import annotations

from pathlib import Path

import click

from datagen_core.commands import cache_option, select_set, set_option
from datagen_images.errors import ImagesError
from datagen_images.pictures.contact_sheet import draw_rows, save_png
from datagen_images.pictures.sample_rows import find_image_field, make_heat_map, make_rows

_POSITIVE = click.IntRange(1)
_PNG = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("name")
@set_option()
@click.option("--split", default="raw", show_default=True, help="Which samples.")
@click.option("-n", "count", default=10, show_default=True, type=_POSITIVE, help="Samples to draw.")
@click.option("--images", default=10, show_default=True, type=_POSITIVE, help="Images in a row.")
@click.option("--field", help="The field with the images, where several could hold them.")
@click.option(
    "--heat-map/--no-heat-map",
    default=None,
    help="Draw how the labels of a row are distributed.  [default: up to 62 classes]",
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
    """Draw the first images of the first samples of data set NAME.

    A sample with many images, a client say, is a row. Labels stand below the images. To the right
    of a row, a cell for each class is the darker, the more of all labels of the sample are of that
    class, and the number of labels follows.

    \b
    Examples:
      datagen preview image_partition -o clients.png
      datagen preview image_partition -p scheme=labels -n 5 --images 20 -o labels.png
    """
    if output.suffix.lower() != ".png":
        message = f"{output} is no PNG file; give it a name that ends in .png"
        raise ImagesError(message)
    samples = select_set(name, selector)[split]
    if not len(samples):
        message = f"split {split!r} of {name} has no samples; choose another with --split"
        raise ImagesError(message)
    image = find_image_field(samples.schema, field)
    first = [samples[place] for place in range(min(count, len(samples)))]
    rows = make_rows(image, first, samples.indices, images)
    save_png(draw_rows(rows, heat_map=make_heat_map(image, first, wanted=heat_map)), output)
    click.echo(output)
