"""The parameters that a scheme takes: others are refused, and those left out get defaults."""

from __future__ import annotations

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.catalogue import SCHEMES, Scheme
from datagen_partitions.schemes.params import PartitionParams

_ALWAYS = frozenset({"distribution_param", "min_samples", "compat"})
_WHOLE = frozenset({"shards_per_client", "labels_per_client"})


def check_scheme(scheme: str, params: PartitionParams) -> None:
    """Refuse parameters that do not go with a scheme, without the data set.

    A parameter counts as given when it differs from the default of its class.

    Raises
    ------
    PartitionError
        For a parameter that the scheme does not use, or one value given under two names.
    """
    resolve(scheme, params)


def principal_value(scheme: str, params: PartitionParams) -> float | tuple[float, ...] | None:
    """Return the value that `distribution_param` stands for in a scheme; None if for nothing."""
    principal = SCHEMES[_known(scheme)].principal
    value: float | tuple[float, ...] | None = (
        getattr(resolve(scheme, params), principal) if principal else None
    )
    return value


def resolve(scheme: str, params: PartitionParams) -> PartitionParams:
    """Return the parameters as the scheme takes them: with its defaults, one name per value.

    Raises
    ------
    PartitionError
        As `check_scheme`.
    """
    found = SCHEMES[_known(scheme)]
    given = _given(params)
    _refuse_unused(scheme, found, params, given)
    if found.needs and getattr(params, found.needs) is None:
        raise PartitionError(f"the scheme {scheme} needs {found.needs}; give it a value")
    changes = dict(found.defaults)
    if "shard_size" in given:
        changes.pop("shards_per_client", None)
    changes = {name: value for name, value in changes.items() if getattr(params, name) is None}
    if params.distribution_param is not None:
        changes |= _read_principal(scheme, found, params)
    compat = params.compat if params.compat in found.compat else None
    return params.model_copy(update={**changes, "compat": compat})


def _known(scheme: str) -> str:
    if scheme not in SCHEMES:
        raise PartitionError(f"there is no scheme {scheme!r}; there are {', '.join(SCHEMES)}")
    return scheme


def _given(params: PartitionParams) -> set[str]:
    """Return the names of parameters that differ from the default of their class."""
    fields = type(params).model_fields
    names = PartitionParams.model_fields
    return {name for name in names if getattr(params, name) != fields[name].default}


def _refuse_unused(scheme: str, found: Scheme, params: PartitionParams, given: set[str]) -> None:
    unused = given - found.uses - _ALWAYS - {found.counted_by}
    unused -= {"clients"} if _count(found, params) == params.clients else set()
    if unused:
        uses = sorted(found.uses | ({"clients"} if found.counted_by == "clients" else set()))
        raise PartitionError(
            f"the scheme {scheme} does not use {', '.join(sorted(unused))}; it uses "
            f"{', '.join(uses) or 'nothing'}"
        )
    if "compat" in given and params.compat is not None and params.compat not in found.compat:
        raise PartitionError(f"the scheme {scheme} has no compat {params.compat}; leave it out")
    if params.compat in found.compat and given & found.ours:
        raise PartitionError(
            f"compat {params.compat} does not know {', '.join(sorted(given & found.ours))}; set "
            "compat to null, or leave that out"
        )
    _refuse_idle(scheme, params)


def count_clients(scheme: str, params: PartitionParams) -> int | None:
    """Return the number of clients; None where only the data set says it."""
    return _count(SCHEMES[_known(scheme)], params)


def _count(found: Scheme, params: PartitionParams) -> int | None:
    if found.counted_by == "sizes":
        return len(params.sizes) if params.sizes else params.clients
    return params.clients if found.counted_by else None


def _refuse_idle(scheme: str, params: PartitionParams) -> None:
    alone = params.shard_size is not None and params.shards_per_client is None
    if scheme == "shard" and params.keep_incomplete_shard and not alone:
        raise PartitionError(
            "keep_incomplete_shard goes with shard_size alone; else no shard is incomplete"
        )
    if scheme == "distribution" and params.preassigned_samples and not params.rescale:
        raise PartitionError(
            "preassigned_samples goes with rescale; without it, distribution_array has all counts"
        )


def _read_principal(scheme: str, found: Scheme, params: PartitionParams) -> dict[str, float]:
    value = params.distribution_param
    name = found.principal
    if value is None or name is None:
        raise PartitionError(f"the scheme {scheme} takes no distribution_param; leave it out")
    is_whole = name in _WHOLE
    title = f"distribution_param of {scheme} is {name}"
    if getattr(params, name) is not None:
        raise PartitionError(f"{title}; give one of them")
    if is_whole and not value.is_integer():
        raise PartitionError(f"{title}, a whole number, not {value:g}")
    try:
        checked = PartitionParams.model_validate({name: int(value) if is_whole else value})
    except ValueError:
        raise PartitionError(f"{title}, which cannot be {value:g}") from None
    return {name: getattr(checked, name)}
