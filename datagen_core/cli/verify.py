"""The command `datagen verify`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from datagen_core.cli.options import (
    Problems,
    WholeNumber,
    count_problems,
    describe_nothing,
    folder_option,
    load_generator_of,
    raise_problems,
    select_sets,
    trust_option,
)
from datagen_core.cli.summaries import name_set
from datagen_core.commands import (
    cache_option,
    json_option,
    open_cache,
    print_json,
    say,
    set_option,
    tell,
)
from datagen_core.errors import (
    SelectionError,
    UnreadableError,
    UntrustedError,
    VerificationError,
    count_of,
)
from datagen_core.ranges import IntervalSet

if TYPE_CHECKING:
    from datagen_core.generators.generator import DatasetGenerator
    from datagen_core.reading.param_set import ParamSet
    from datagen_core.scheduling.trusting import Decide
    from datagen_core.upkeep.pinning import Comparison
    from datagen_core.upkeep.verify import Verification


def _digest(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    if value is not None and not re.fullmatch("[0-9a-f]{12,64}", value.lower()):
        raise click.BadParameter(
            f"{value[:70]!r} is not a digest: give 64 hexadecimal digits, or the first 12 or more"
        )
    return value and value.lower()


@click.command("verify")
@click.argument("name", required=False)
@set_option()
@click.option("--resample", type=WholeNumber(0), default=0, metavar="K",
              help="Remake K random samples of each set, and compare the bytes.")  # fmt: skip
@click.option(
    "--probe",
    is_flag=True,
    help="Instead of all else, remake one batch of each set, and compare it.",
)
@click.option("--against", metavar="DIGEST", callback=_digest,
              help="Compare splits with a frozen digest, or its first 12 digits.")  # fmt: skip
@folder_option
@trust_option
@cache_option
@json_option
def verify_command(  # noqa: PLR0913 (one for each argument and option)
    name: str | None,
    selector: tuple[str, ...],
    resample: int,
    against: str | None,
    folder: Path | None,
    decide: Decide,
    *,
    probe: bool,
    as_json: bool,
) -> None:
    """Check every file's checksum and every split ledger; nothing is changed.

    Without -p, also that every parameter set of NAME, or of the cache, is listed exactly once.

    Where several codes made a set's samples, or several versions of packages, each is named with
    its samples. Samples that differ when made again are named with what else differs since then.
    Those of private sets are never made again. --resample runs the code that the cache names; if
    you have not run it before, it is shown, and needs a yes or --trust.

    --probe is for the day before torch, or another package, is upgraded: run it in an environment
    with the new version. It reports each set as equal, differs (with what), failed, not
    reproducible, private, not trusted or no samples; the exit code is 5 if one differs or fails.

    With --against, splits are compared with a digest instead, that of a split as `datagen freeze`
    kept it: its first samples as many as then. Where no such split was frozen, those that have that
    digest now are looked for.

    \b
    Examples:
      datagen verify
      datagen verify noisy_sine -p 0 --resample 50
      datagen verify noisy_sine -p 0 --resample 50 --trust
      datagen verify --probe
      datagen verify noisy_sine --against 3f0c2a86d1b7
    """
    if (against is not None) + bool(resample) + probe > 1:
        raise click.UsageError("--resample, --probe and --against are different checks; give one")
    if against is not None:
        _verify_against(name, selector, against, as_json=as_json)
    elif probe:
        if folder is not None:
            raise click.UsageError(
                "--probe runs the code that the cache names; leave out --generators"
            )
        _probe(name, selector, decide, as_json=as_json)
    else:
        _verify(name, selector, resample, folder, decide, as_json=as_json)


def _verify(
    name: str | None,
    selector: tuple[str, ...],
    resample: int,
    folder: Path | None,
    decide: Decide,
    *,
    as_json: bool,
) -> None:
    from datagen_core.upkeep.verify import verify

    results, left_out = [] if selector else _check_inventory(name), Problems()
    param_sets: list[ParamSet] = []
    with suppress(*([SelectionError] if results else [])):  # a data set of sets without numbers
        param_sets = select_sets(name, selector, left_out)
    for param_set in param_sets:
        with left_out.collect(param_set):
            found = verify(param_set, partial(_load, param_set, folder, decide), resample)
            deviations = [each._asdict() for each in found.deviations]
            known = {**found._asdict(), "deviations": deviations}
            results.append({**name_set(param_set), **known})
            _leave_out_closed(found, param_set, left_out)
            if not as_json:
                _print(param_set, found)
    left_out.tell_unreadable()
    if as_json:
        print_json(results)
    elif not (results or left_out or left_out.unreadable):
        say(f"{describe_nothing(name)}: there is nothing to verify")
    _report(results, left_out)


def _leave_out_closed(found: Verification, param_set: ParamSet, left_out: Problems) -> None:
    for words in found.unreadable:
        with left_out.collect(param_set):
            raise UnreadableError(words)


def _report(results: Sequence[dict[str, Any]], left_out: Problems) -> None:
    problems = [problem for result in results for problem in result["problems"]]
    problems += map(str, left_out)
    raise_problems(problems)
    refused = Problems()
    refused += [UntrustedError(each["untrusted"]) for each in results if each["untrusted"]]
    refused.raise_any()


def _probe(name: str | None, selector: tuple[str, ...], decide: Decide, *, as_json: bool) -> None:
    """Print what becomes of a batch of each set, as soon as it is known."""
    from datagen_core.upkeep.rehearsal import rehearse

    left_out, found, results = Problems(), [], []
    for param_set, outcome in rehearse(select_sets(name, selector, left_out), decide):
        found.append({**name_set(param_set), **outcome._asdict()})
        problems = [f"{param_set} {outcome.result}: {outcome.why}"] if outcome.is_bad else []
        untrusted = outcome.why if outcome.result == "not trusted" else ""
        results.append({"problems": problems, "untrusted": untrusted})
        if not as_json:
            why = f": {outcome.why}" if outcome.why and not untrusted else ""
            say(f"{param_set}: {outcome.result}{why}")
    left_out.tell_unreadable()
    if as_json:
        print_json(found)
    _report(results, left_out)


def _check_inventory(name: str | None) -> list[dict[str, Any]]:
    from datagen_core.upkeep.inventory import check_inventory
    from datagen_core.upkeep.verify import Verification

    return [
        {
            "generator": each.folder.parent.name,
            "set": None,
            "name": str(each),
            **Verification(0, 0, (each.problem,))._asdict(),
        }
        for each in check_inventory(open_cache().path, name)
    ]


def _verify_against(
    name: str | None, selector: tuple[str, ...], digest: str, *, as_json: bool
) -> None:
    from datagen_core.upkeep.pinning import compare_with_digest

    left_out = Problems()
    param_sets = select_sets(name, selector, left_out)
    compared = compare_with_digest(param_sets, digest, left_out)
    left_out.tell_unreadable()
    if as_json:
        print_json([_describe_comparison(each) for each in compared])
    for error in left_out:
        tell(error, prefix="  ")
    good = [each for each in compared if not each.problems]
    for each in good if not as_json else []:
        say(_explain_comparison(each))
    bad = [each for each in compared if each.frozen and each.problems]
    for each in bad[1:]:
        tell(_explain_comparison(each), prefix="  ")
    if bad:
        raise VerificationError(_explain_comparison(bad[0]))
    if not good:
        raise VerificationError(_explain_none(compared, param_sets, digest))


def _describe_comparison(compared: Comparison) -> dict[str, Any]:
    frozen = compared.frozen
    record = frozen and {"by": frozen.by, "created": frozen.created, "note": frozen.note}
    return {**compared._asdict(), "frozen": record}


def _explain_comparison(compared: Comparison) -> str:
    frozen, samples = compared.frozen, count_of(compared.samples, "sample")
    if not frozen:
        has = "has" if compared.samples == 1 else "have"
        return f"{compared.title}: {samples} {has} the digest {compared.digest}"
    since = f"frozen as {frozen.digest[:12]} by {frozen.by} at {frozen.created}"
    if compared.problems:
        return f"{compared.title} is not what was {since}: {'; '.join(compared.problems)}"
    more = f"; it has grown by {compared.grown} since" if compared.grown else ""
    those = "is that" if compared.samples == 1 else "are those"
    return f"{compared.title}: {samples} {those} {since}{more}"


def _explain_none(
    compared: Sequence[Comparison], param_sets: Sequence[ParamSet], digest: str
) -> str:
    from datagen_core.upkeep.pinning import OTHER

    reasons = [
        f"{each.title}: {problem}"
        for each in compared
        for problem in each.problems
        if problem != OTHER
    ]
    if reasons:
        return f"nothing has the digest {digest} now: {'; '.join(reasons)}"
    sets = count_of(len(param_sets), "parameter set")
    return (
        f"no split of {sets} has the digest {digest}, or was frozen with it in this cache; as many "
        "samples in the same order, moved into a split, would have it"
    )


def _print(param_set: ParamSet, found: Verification) -> None:
    verdict = "good, as far as it can be read" if found.unreadable else "good"
    verdict = count_problems(len(found.problems)) if found.problems else verdict
    mixed = ", mixed" if found.mixed else ""
    anew = f"{count_of(found.resampled, 'sample')} made anew"
    if found.private or found.untrusted:
        anew = f"{'private' if found.private else 'not trusted'}, not made anew"
    say(f"{param_set}: {count_of(found.files, 'file')}, {anew}: {verdict}{mixed}")
    for each in found.codes if len(found.codes) > 1 else ():
        reason = _REASONS[each["probe"]].format(**each)
        versions = "".join(f", {name} {number}" for name, number in each["packages"].items())
        say(f"  samples {IntervalSet(each['samples']).brief()}: code "
                   f"{each['code'] or 'not known'}{versions}; {reason}")  # fmt: skip


_REASONS = {
    "first": "the first one",
    "equal": "{compared} samples made anew were equal",
    "accepted": "accepted by {by} without equal samples",
    "unknown": "never compared with the others",
}


def _load(param_set: ParamSet, folder: Path | None, decide: Decide) -> DatasetGenerator:
    return load_generator_of(param_set, param_set.generator, folder, decide)
