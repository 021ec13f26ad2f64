"""The command `datagen init`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from datagen_core.commands import cache_option, json_option, open_cache, print_json, say, tell
from datagen_core.errors import CacheError, count_of, noun_of

if TYPE_CHECKING:
    from datagen_core.store.sharing import Rights
    from datagen_core.upkeep.group_cache import Sharing


@click.command("init")
@click.argument("folder", required=False, metavar="[DIR]", type=click.Path(path_type=Path))
@click.option("--shared", "group", is_flag=False, flag_value="", metavar="[GROUP]",
              help="Share it with a group.  [default: the group of the folder]")  # fmt: skip
@cache_option
@json_option
def init_command(folder: Path | None, group: str | None, *, as_json: bool) -> None:
    """Make the folder of a cache, or say whose it is.

    It need not be made before `datagen generate`, except for a group. With --shared its mode is
    2775 where others may read it, else 2770. All that is made in it from then on has mode and
    group of the folder, whatever the umask, and each member may extend, move and remove it.

    In a cache that exists, what you have made becomes the group's, too. What belongs to others is
    counted: each of them gives it by the same command. That may be repeated.

    \b
    Examples:
      datagen init /project/data/cache --shared
      datagen init /project/data/cache --shared vision
      datagen init --cache /project/data/cache
    """
    path = open_cache().path if folder is None else folder.absolute()
    if (path.exists() or path.is_symlink()) and not path.is_dir():
        raise CacheError(f"{path} is not a folder; name another one")
    if group is None:
        _make(path, as_json=as_json)
    else:
        _share(path, group, as_json=as_json)


def _make(path: Path, *, as_json: bool) -> None:
    from datagen_core.store.folders import make_above
    from datagen_core.store.sharing import rights_of

    make_above(path)
    rights = rights_of(path)
    if as_json:
        print_json({"cache": str(path), **_describe(rights)})
    else:
        say(f"{path}: {_words(rights)}")


def _describe(rights: Rights | None) -> dict[str, str | None]:
    from datagen_core.store.sharing import group_named

    if rights is None:
        return {"group": None, "mode": None}
    return {"group": group_named(rights.group), "mode": f"{rights.mode:o}"}


def _words(rights: Rights | None) -> str:
    if rights is None:
        return "not shared with a group; modes of files follow from the umask"
    return "shared with {group}, mode {mode}".format(**_describe(rights))


def _share(path: Path, group: str, *, as_json: bool) -> None:
    from datagen_core.upkeep.group_cache import find_barrier, share_cache

    done = share_cache(path, group)
    if as_json:
        counts = {"given": done.given, "left": dict(done.left), "linked": done.linked}
        print_json({"cache": str(path), **_describe(done.rights), **counts})
    else:
        more = f"; {_count(done.given)} given to it" if done.given else ""
        say(f"{path}: {_words(done.rights)}{more}")
    if barrier := find_barrier(path, done.rights.group):
        tell(f"warning: the group may not reach it: {barrier} is closed to them")
    _tell_left(path, done)


def _tell_left(path: Path, done: Sharing) -> None:
    if done.linked:
        tell(f"{_count(done.linked)} with another name elsewhere, which would change, stay as is")
    if done.left:
        owners = ", ".join(f"{_count(count)} of {owner}" for owner, count in done.left.items())
        raise CacheError(
            f"left as they are: {owners}; each owner gives them by: datagen init {path} --shared"
        )


def _count(number: int) -> str:
    return f"{count_of(number, 'file')} or {noun_of(number, 'folder')}"
