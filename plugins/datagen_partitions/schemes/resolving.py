"""The parameters that a scheme takes: others are refused, and those left out get defaults."""

from __future__ import annotations

from datagen_partitions.errors import PartitionError
from datagen_partitions.schemes.catalogue import SCHEMES, Scheme
from datagen_partitions.schemes.params import PartitionParams

_ALWAYS = frozenset({"distribution_param", "min_samples", "compat"})
_WHOLE = frozenset({"shards_per_client", "labels_per_client"})


def check_scheme(scheme: str, params: PartitionParams) -> None:
    """Refuse parameters that do not go with a scheme; the data set is not needed for that.

    A parameter counts as given when it differs from the default of its class.

    Raises
    ------
    PartitionError
        For a parameter that the scheme does not use, or one value given under two names.
    """
    resolve(scheme, params)


def principal_value(scheme: str, params: PartitionParams) -> float | tuple[float, ...] | None:
    """Return what `distribution_param` stands for, given or by default; None where nothing."""
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
        message = f"the scheme {scheme} needs {found.needs}; give it a value"
        raise PartitionError(message)
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
        message = f"there is no scheme {scheme!r}; the schemes are {', '.join(SCHEMES)}"
        raise PartitionError(message)
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
        message = (
            f"the scheme {scheme} does not use {', '.join(sorted(unused))}; it uses "
            f"{', '.join(uses) or 'nothing'}"
        )
        raise PartitionError(message)
    if "compat" in given and params.compat is not None and params.compat not in found.compat:
        message = f"the scheme {scheme} has no compat {params.compat}; leave it out"
        raise PartitionError(message)
    if params.compat in found.compat and given & found.ours:
        names = ", ".join(sorted(given & found.ours))
        message = f"compat {params.compat} knows no {names}; set compat to null, or leave that out"
        raise PartitionError(message)
    _refuse_idle(scheme, params)


def count_clients(scheme: str, params: PartitionParams) -> int | None:
    """Return how many clients there are; None where only the data set says it."""
    return _count(SCHEMES[_known(scheme)], params)


def _count(found: Scheme, params: PartitionParams) -> int | None:
    if found.counted_by == "sizes":
        return len(params.sizes) if params.sizes else params.clients
    return params.clients if found.counted_by else None


def _refuse_idle(scheme: str, params: PartitionParams) -> None:
    alone = params.shard_size is not None and params.shards_per_client is None
    if scheme == "shard" and params.keep_incomplete_shard and not alone:
        message = (
            "keep_incomplete_shard goes with shard_size alone; elsewhere no shard is incomplete"
        )
        raise PartitionError(message)
    if scheme == "distribution" and params.preassigned_samples and not params.rescale:
        message = "preassigned_samples goes with rescale; without it the array says all there is"
        raise PartitionError(message)


def _read_principal(scheme: str, found: Scheme, params: PartitionParams) -> dict[str, float]:
    value = params.distribution_param
    name = found.principal
    if value is None or name is None:
        message = f"the scheme {scheme} takes no distribution_param; leave it out"
        raise PartitionError(message)
    if getattr(params, name) is not None:
        message = f"distribution_param of {scheme} is {name}; give one of them"
        raise PartitionError(message)
    if name in _WHOLE and not value.is_integer():
        message = f"distribution_param of {scheme} is {name}, a whole number, not {value:g}"
        raise PartitionError(message)
    try:
        checked = PartitionParams.model_validate({name: int(value) if name in _WHOLE else value})
    except ValueError:
        message = f"distribution_param of {scheme} is {name}, which cannot be {value:g}"
        raise PartitionError(message) from None
    return {name: getattr(checked, name)}
