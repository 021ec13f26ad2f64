"""The command `datagen doctor`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click
from click.core import ParameterSource

from datagen_core.cli.generate import generate_command
from datagen_core.cli.runs import read_settings
from datagen_core.cli.tables import say_entry
from datagen_core.commands import (
    VARIABLES,
    cache_option,
    find_profile,
    heed_sigterm,
    json_option,
    open_cache,
    print_json,
    say,
    tell,
)
from datagen_core.errors import DatagenError
from datagen_core.store.profiles import FILE

if TYPE_CHECKING:
    from datagen_core.executors.base import Finding
    from datagen_core.scheduling.plan import Settings
    from datagen_core.store.profiles import Profile

_SHOWN = {
    "executor": "executor", "njobs": "njobs", "partition": "partition", "account": "account",
    "qos": "qos", "setup": "setup", "options": "executor_options", "generators": "folder",
}  # fmt: skip
"""What is shown of a run: keys of a profile, with the parameters that have them."""


class _Setting(NamedTuple):
    """A value that `generate` would use here, and where it comes from."""

    name: str
    value: Any
    source: str


@click.command("doctor")
@click.option("--jobs", is_flag=True,
              help="Run a job too, and look at Python, packages and clock there.")  # fmt: skip
@cache_option
@json_option
def doctor_command(*, jobs: bool, as_json: bool) -> None:
    """Check what runs need here, and say in a line each what is wrong and what to do.

    It shows which cache, executor and options `generate` uses here, and where each comes from.
    Then it looks at Python, limits, plugins and torch; at the file system of the cache, its space,
    quota, rights and clock; and at executors, such as Slurm. What hangs or fails keeps no other
    check from being made, and nothing is left behind.

    The exit code is 1 if something would stop a run; warnings do not count.

    \b
    Examples:
      datagen doctor
      datagen doctor --jobs
      datagen doctor --cache /projects/physics/cache --json
    """
    doctor = _Doctor()
    if not as_json:
        for setting in doctor.settings:
            if setting.value is not None:
                say(f"{setting.name:10} {_show(setting.value)}  ({setting.source})")
        say("")
    found = []
    for finding in doctor.examine(jobs=jobs):
        found.append(finding)
        if not as_json:
            say_entry(f"{finding.state:8} {finding.check:16} ", finding.message)
    errors = [finding.check for finding in found if finding.state == "error"]
    if as_json:
        print_json({
            "ok": not errors,
            "settings": [each._asdict() for each in doctor.settings],
            "checks": [each._asdict() for each in found],
        })  # fmt: skip
    if errors:
        raise DatagenError(f"something would stop a run: see {', '.join(errors)}")


def _show(value: object) -> object:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else value


class _Doctor:
    """Reads how runs are configured here, and has the checks made for that."""

    def __init__(self) -> None:
        self._faults: list[tuple[str, str]] = []
        self.settings: list[_Setting] = []
        self._run: Settings | None = None
        self._cache: Path | None = None
        profile = None
        try:
            profile = find_profile()
        except DatagenError as error:
            self._faults.append(("configuration", str(error)))
        self.settings.append(_describe_profile(profile))
        try:
            self._read(profile)
        except (DatagenError, click.ClickException) as error:
            words = error.format_message() if isinstance(error, click.ClickException) else error
            self._faults.append(("configuration", str(words)))

    def _read(self, profile: Profile | None) -> None:
        from datagen_core.reading.cache import DEFAULT  # slow; not for --help
        from datagen_core.upkeep.doctor import answers

        root = click.get_current_context().find_root()
        if not answers(Path(root.obj or DEFAULT, FILE)):
            told = f"{root.obj or DEFAULT} does not answer: is its file server down?"
            self._faults.append(("cache", told))
            return
        self._cache = open_cache().path
        self.settings.append(_Setting("cache", str(self._cache), _source_of_cache(profile)))
        with generate_command.make_context("generate", ["NAME"], parent=root) as context:
            self._run = read_settings(context.params)
            self.settings += [_describe(key, context, profile, self._cache) for key in _SHOWN]

    def examine(self, *, jobs: bool) -> Iterator[Finding]:
        """Yield what checks find, as they find it."""
        from datagen_core.executors.base import Finding, Resources  # slow; not for --help
        from datagen_core.upkeep.doctor import examine

        yield from (Finding(check, "error", told) for check, told in self._faults)
        asked = self._run.executor if self._run else None
        resources = self._run.resources if self._run else Resources()
        terms: dict[str, dict[str, Any]] = {"machine": {}, "plugins": {}, "torch": {}}
        if self._cache is not None:
            terms["cache"] = {"path": str(self._cache)}
        terms["executors"] = {"asked": asked, "resources": asdict(resources)}
        errors = set()
        for finding in examine(terms):
            errors |= {finding.check} if finding.state == "error" else set()
            yield finding
        if jobs:
            yield from self._run_job(errors)

    def _run_job(self, errors: set[str]) -> Iterator[Finding]:
        from datagen_core.executors.base import Finding  # slow; not for --help
        from datagen_core.upkeep.doctor.nodes import examine_nodes  # the same

        if self._cache is None or self._run is None or errors & {"cache", "executor"}:
            yield Finding("job", "absent", "none is run before what would stop it is mended")
            return
        with heed_sigterm():
            yield from examine_nodes(self._cache, self._run, lambda note: tell(note, prefix=""))


def _describe_profile(profile: Profile | None) -> _Setting:
    if profile is None:
        return _Setting("profile", None, "none is named, or for this host")
    return _Setting("profile", profile.name, f"{profile.path}: {profile.reason}")


def _source_of_cache(profile: Profile | None) -> str:
    context = click.get_current_context()
    sources = {context.get_parameter_source("cache"),
               context.find_root().get_parameter_source("cache")}  # fmt: skip
    if ParameterSource.COMMANDLINE in sources:
        return "--cache"
    if ParameterSource.ENVIRONMENT in sources:
        return "$DATAGEN_CACHE"
    return f"profile {profile.name}" if profile and "cache" in profile.values else "built in"


def _describe(key: str, context: click.Context, profile: Profile | None, cache: Path) -> _Setting:
    """Return what a run has for a key of a profile."""
    if variable := os.environ.get(VARIABLES.get(key, "")):
        return _Setting(key, variable, f"${VARIABLES[key]}")
    value = context.params[_SHOWN[key]]
    value = str(value) if key == "generators" and value else value
    if context.get_parameter_source(_SHOWN[key]) is not ParameterSource.DEFAULT_MAP:
        return _Setting(key, value or None, "built in")
    if profile is not None and key in profile.values:
        return _Setting(key, value, f"profile {profile.name}")
    return _Setting(key, value, str(cache / FILE))
