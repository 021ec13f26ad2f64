"""The command line. Commands read their arguments and print; they compute nothing themselves."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from keyword import iskeyword
from typing import NoReturn

import click
from click.core import ParameterSource

from datagen_core import interrupts
from datagen_core.cli.plugin_commands import find_commands, load_command, summarize_command
from datagen_core.commands import PROFILE, LazyGroup, find_profile, name_parameters, tell
from datagen_core.errors import ConfigurationError, DatagenError
from datagen_core.store.profiles import FILE, read_profile
from datagen_core.streams import discard_unwritable, prepare_streams

_HELP = {
    "generate": "Make samples, on Slurm or on this machine.",
    "study": "Make many parameter sets that are drawn at random from a space.",
    "estimate": "What samples will take: time, processors, disk and memory.",
    "resume": "Make the samples that killed or failed jobs left out.",
    "status": "The state of runs: done, running, failed, and why.",
    "logs": "What the tasks of runs have printed, and why some failed.",
    "cancel": "Stop runs; samples that are made are kept.",
    "list": "The data sets of a cache and their splits.",
    "init": "Make the folder of a cache, for a group if you like.",
    "generators": "The generators that can be used.",
    "new": "Make a plugin of your own, which works at once.",
    "show": "A generator's parameters, or a parameter set's provenance.",
    "move": "Label samples: move them from raw into a split.",
    "relabel": "Give a split another name, for good.",
    "exclude": "Retract samples that are known to be bad.",
    "freeze": "Keep the digest of a split, for a paper.",
    "preprocess": "Preprocess samples of a split, and keep the result.",
    "export": "Write samples as tables, or in the formats of other programs.",
    "card": "A page about a parameter set, and a Croissant document.",
    "catalogue": "A page that lists all parameter sets, with a card for each.",
    "publish": "Publish a parameter set for all to read, with card and checksums.",
    "verify": "Check checksums and splits; remake samples and compare.",
    "doctor": "Check what runs need here, and say what is wrong.",
    "audit": "Prove that each sample is in exactly one split.",
    "repair": "Set damaged files aside, and make their samples again.",
    "import": "Bring what another cache has into this one.",
    "pack": "Write a parameter set into one file.",
    "unpack": "Bring a packed parameter set into this cache.",
    "compact": "Join many small shards into few large packs.",
    "du": "What the cache takes on disk: by data set, set, split, or age.",
    "prune": "Remove parameter sets that are old, large, or incomplete.",
    "rm": "Remove parameter sets for good.",
}
_COMMANDS = {
    # A module cannot be called as a keyword of Python is.
    name: (f".{name}{'_' * iskeyword(name)}:{name}_command", line)
    for name, line in _HELP.items()
}

_EPILOG = """\b
Examples:
  datagen generators
  datagen generate noisy_sine -n 1000 -p left=0 --njobs 4
  datagen list
  datagen move noisy_sine 700 train
\b
Exit codes: 0 done, 1 error, 2 wrong usage or parameters, 3 too few samples,
4 samples missing at the end of a run, 5 verification failed, 6 made by a newer
datagen, 130 Ctrl-C.
The cache is --cache, else $DATAGEN_CACHE, else the profile's, else ./datagen-cache.
Profiles are in ~/.config/datagen/datagen.toml; `datagen doctor` shows what is used."""


_COMPLETE = "_DATAGEN_COMPLETE"
"""The variable of the environment by which a shell asks for completions."""


class _Commands(LazyGroup):
    """The commands of the core, followed by those of plugins; help imports none of them."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        return super().parse_args(ctx, _bring_forward("--profile", args))

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*super().list_commands(ctx), *sorted(find_commands())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        command = super().get_command(ctx, cmd_name)
        point = None if command else find_commands().get(cmd_name)
        return load_command(point) if point else command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        super().format_commands(ctx, formatter)
        plugins = sorted(find_commands().items())
        if plugins:
            with formatter.section("Commands of plugins"):
                formatter.write_dl([(name, summarize_command(point)) for name, point in plugins])


def _bring_forward(option: str, words: list[str]) -> list[str]:
    """Put an option of all commands, with its value, before the command; plugins have their own."""
    end = words.index("--") if "--" in words else len(words)
    place = next((at for at, word in enumerate(words[:end]) if word.split("=")[0] == option), 0)
    after = place + (1 if place and "=" in words[place] else 2)
    is_plugins = place and not find_commands().keys().isdisjoint(words)
    if not place or after > end or is_plugins:
        return words
    return [*words[place:after], *words[:place], *words[after:]]


def _use_profile(ctx: click.Context, _: click.Parameter, name: str | None) -> None:
    """Let a profile stand in for options that are not given; mistakes are told later."""
    reason = "--profile"
    if ctx.get_parameter_source("profile") is ParameterSource.ENVIRONMENT:
        reason = "$DATAGEN_PROFILE"
    try:
        profile = ctx.meta[PROFILE] = read_profile(name, reason)
    except ConfigurationError as error:
        profile, ctx.meta[PROFILE] = None, error
    values = name_parameters(profile.values if profile else {})
    cache, folder = ({k: v for k, v in values.items() if k == key} for key in ("cache", "folder"))
    # Runs that are resumed keep what they were begun with.
    ctx.default_map = {**cache, "generate": values, "generators": folder, "show": folder}


@click.group(
    cls=_Commands, package=__name__, members=_COMMANDS, epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip
@click.version_option(package_name="datagen")
@click.option("--profile", envvar="DATAGEN_PROFILE", metavar="NAME", callback=_use_profile,
              is_eager=True, expose_value=False,
              help="A profile of your datagen.toml; may also stand behind the command.  "
              "[default: $DATAGEN_PROFILE, else that of this host]")  # fmt: skip
@click.option("--cache", envvar="DATAGEN_CACHE", metavar="DIR", help="The cache's folder.")
@click.pass_context
def datagen(ctx: click.Context, cache: str | None) -> None:
    """Make, keep and share synthetic data sets."""
    # All commands, those of plugins too, find the cache's folder in the root context's object.
    ctx.obj = cache
    if ctx.invoked_subcommand != "doctor":  # which says what is wrong with profiles, besides others
        find_profile()


def main() -> None:
    """Run the command line; an error is one line on stderr, and its class sets the exit code."""
    prepare_streams()
    try:
        if _COMPLETE in os.environ:
            _complete()
        _run()
    finally:
        discard_unwritable()


def _run() -> None:
    try:
        _call()
        sys.stdout.flush()
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except (click.Abort, KeyboardInterrupt):
        _end_interrupted()
    except getattr(click.exceptions, "NoArgsIsHelpError", ()) as error:  # click 8.2 and later
        with suppress(OSError):
            error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _fail(_with_hint(error), error.exit_code)
    except DatagenError as error:
        _fail(str(error), error.exit_code)
    except BrokenPipeError:  # `datagen list | head`
        sys.exit(141)
    except OSError as error:
        _fail(_explain(error), 1)


def _complete() -> NoReturn:
    """Answer a shell that completes a word; it has no place for errors."""
    from datagen_core.cli.completion import attach  # only then

    with suppress(Exception):
        attach(datagen)(prog_name="datagen", complete_var=_COMPLETE)
    sys.exit(1)


def _call() -> None:
    try:
        datagen(standalone_mode=False)
    except ModuleNotFoundError as error:
        from datagen_core.files import explain_missing  # only then

        missing = explain_missing(error)
        if missing is None:
            raise
        raise missing from error


def _explain(error: OSError) -> str:
    if isinstance(error, PermissionError) and error.filename:
        from datagen_core.store.access import explain  # whose the folder is that is in the way

        return str(explain(error))
    where = error.filename or ", ".join(discard_unwritable())
    return f"{error.strerror or error}{where and f': {where}'}"


def _end_interrupted() -> None:
    interrupts.tell()
    sys.exit(interrupts.CODE)


def _with_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    words = error.format_message().rstrip(".")
    if isinstance(error, click.NoSuchOption) and error.option_name == "--profile":
        words = "--profile goes before the command, as in: datagen --profile NAME generate"
    name = getattr(getattr(error, "param", None), "name", None)
    if context and name and context.get_parameter_source(name) is ParameterSource.DEFAULT_MAP:
        words = f"{words}, as {FILE} has it"
    return f"{words}; see `{context.command_path} --help`" if context is not None else words


def _fail(message: str, code: int) -> None:
    if interrupts.is_interrupt(sys.exc_info()[1]):
        _end_interrupted()
    if os.environ.get("DATAGEN_TRACEBACK"):
        raise  # noqa: PLE0704 (called while the error is handled; for developers of datagen)
    _tell(f"error: {message}")
    sys.exit(code)


def _tell(words: str) -> None:
    with suppress(OSError):  # the exit code says it too
        tell(words)
