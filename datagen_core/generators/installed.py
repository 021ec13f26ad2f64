"""What installed distributions provide: entry points, and the hooks of plugins.

Names come from package metadata; nothing is imported for them. A hook is called in a manager of its
own, so that one broken plugin is in no other's way.
"""

from __future__ import annotations

import sys
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from datagen_core.errors import DatagenError, GeneratorError, in_one_line, message_of

if TYPE_CHECKING:
    from importlib.metadata import Distribution, EntryPoint, EntryPoints

GROUP = "datagen"
EXECUTOR_GROUP = "datagen.executors"

added_folders: set[str] = set()
"""The folders that became importable since files in them were loaded, or runs have them around.
Nothing in them is an installed plugin, whatever it says of itself."""


def entry_points(group: str, name: str | None = None) -> EntryPoints:
    """Return the entry points of installed packages in a group, or those of one name in it."""
    from importlib import metadata  # slow, and a worker loads most generators from a file

    places = [place for place in sys.path if place not in added_folders]
    # A name is read from a long file, so those of distributions without such a point are left.
    names = {
        each.name
        for each in metadata.distributions(path=places)
        if each.entry_points.select(group=group)
    }
    # Of several versions of a distribution the one that is found first counts.
    known = [next(iter(metadata.distributions(name=each, path=places))) for each in sorted(names)]
    points = chain.from_iterable(each.entry_points for each in known)
    found = metadata.EntryPoints(points).select(group=group)
    return found if name is None else found.select(name=name)


def find_module(name: str) -> Path | None:
    """Return the file of a module, without an import of the packages around it."""
    from importlib.util import find_spec  # rarely needed

    package, *inner = name.split(".")
    spec = find_spec(package)
    if spec is None:
        return None
    files = [Path(spec.origin)] if spec.origin and not inner else []
    for place in spec.submodule_search_locations or () if inner else ():
        path = Path(place, *inner)
        files += [path / "__init__.py", path.with_name(f"{path.name}.py")]
    return next((each for each in files if each.is_file()), None)


def installed_executors() -> list[str]:
    """Return the names of the executors that installed plugins provide."""
    return sorted(point.name for point in entry_points(group=EXECUTOR_GROUP))


def load_executor(name: str) -> object:
    """Return what an installed plugin provides as the executor of that name."""
    return call_hook(EXECUTOR_GROUP, name, "datagen_executor")


class Provider(NamedTuple):
    """The distribution that provides a generator.

    Attributes
    ----------
    module
        The module with the hook.
    editable
        Whether it is installed so that edits of its files count at once (`pip install -e`).
    """

    name: str
    version: str
    module: str
    editable: bool


def providers_of(generator: str) -> list[Provider]:
    """Return the distributions that provide a generator of that name: one, or they conflict."""
    points = entry_points(group=GROUP, name=generator)
    found = [
        Provider(point.dist.name, point.dist.version, point.module, _is_editable(point.dist))
        for point in points
        if point.dist
    ]
    return sorted(dict.fromkeys(found))


def _is_editable(distribution: Distribution) -> bool:
    import json  # few ask for it

    with suppress(ValueError, KeyError, TypeError):
        origin = json.loads(distribution.read_text("direct_url.json") or "{}")
        return bool(origin["dir_info"]["editable"])
    return False


def provider_of(point: EntryPoint) -> str:
    """Return the name and version of the distribution that has an entry point."""
    return f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"


def title_of(group: str, name: str) -> str:
    """Return what to call a plugin in a message: its name, and the distribution that has it."""
    providers = sorted({provider_of(point) for point in entry_points(group, name)})
    return f"plugin {name!r} of {' and '.join(providers)}"


def call_hook(group: str, name: str, hook: str) -> Any:
    """Load one entry point into a manager of its own and call one of its hooks."""
    import pluggy  # as above

    from datagen_core.generators import hookspecs

    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    called = getattr(manager.hook, hook)
    try:
        for point in [*entry_points(group, name)][:1]:  # pluggy itself looks in all folders
            manager.register(point.load(), name)
        manager.check_pending()
        found = called() if called.get_hookimpls() else _NO_HOOK
    except DatagenError:
        raise
    except pluggy.PluginValidationError as error:  # a hook of another name, or with arguments
        told, _, _ = message_of(error).partition(" in plugin <module")
        raise GeneratorError(f"{title_of(group, name)}: {told}; {_write_hook(hook)}") from error
    except (Exception, SystemExit) as error:  # a plugin may fail in any way
        told = f"does not load: {in_one_line(error)}; {_mend(group, name, error)}"
        raise GeneratorError(f"{title_of(group, name)} {told}") from error
    if found is _NO_HOOK:
        raise GeneratorError(f"{title_of(group, name)} has no hook; {_write_hook(hook)}")
    return found


_NO_HOOK = object()


def _mend(group: str, name: str, error: BaseException) -> str:
    """Return what to do about an error of a plugin that is loaded."""
    if not isinstance(error, ModuleNotFoundError) or error.name is None:
        return "mend or uninstall it"
    if any(point.module == error.name for point in entry_points(group, name)):
        return "name its module in the entry point of pyproject.toml, and install it again"
    return f"install {error.name.partition('.')[0]}, and name it among the plugin's dependencies"


def _write_hook(hook: str) -> str:
    return f"write `@datagen_core.hookimpl` above `def {hook}():` in its module"
