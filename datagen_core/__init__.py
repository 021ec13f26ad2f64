"""Make, keep and share synthetic data sets.

These names are the public API, with the modules `datagen_core.cards`, `datagen_core.commands`,
`datagen_core.files`, `datagen_core.testing` and `datagen_core.executors.conformance`.
`__version__` is the version of the distribution.
"""

TYPE_CHECKING = False  # as in `typing`, which is slow: Ctrl-C is not heeded before all this is run

if TYPE_CHECKING:
    from datagen_core.batches import round_quotas as round_quotas
    from datagen_core.errors import CacheError as CacheError
    from datagen_core.errors import ChangedCodeError as ChangedCodeError
    from datagen_core.errors import ConfigurationError as ConfigurationError
    from datagen_core.errors import DamagedFileError as DamagedFileError
    from datagen_core.errors import DatagenError as DatagenError
    from datagen_core.errors import ExecutionError as ExecutionError
    from datagen_core.errors import GeneratorError as GeneratorError
    from datagen_core.errors import IncompleteRunError as IncompleteRunError
    from datagen_core.errors import InsufficientSamplesError as InsufficientSamplesError
    from datagen_core.errors import MissingPackageError as MissingPackageError
    from datagen_core.errors import NewerFormatError as NewerFormatError
    from datagen_core.errors import ParamsError as ParamsError
    from datagen_core.errors import RefusedSampleError as RefusedSampleError
    from datagen_core.errors import RemovedSetError as RemovedSetError
    from datagen_core.errors import SchedulerFullError as SchedulerFullError
    from datagen_core.errors import SchedulerUnavailableError as SchedulerUnavailableError
    from datagen_core.errors import SchemaError as SchemaError
    from datagen_core.errors import SelectionError as SelectionError
    from datagen_core.errors import SplitError as SplitError
    from datagen_core.errors import StudyError as StudyError
    from datagen_core.errors import UnreadableError as UnreadableError
    from datagen_core.errors import UntrustedError as UntrustedError
    from datagen_core.errors import VerificationError as VerificationError
    from datagen_core.executors.base import Executor as Executor
    from datagen_core.executors.base import Finding as Finding
    from datagen_core.executors.base import Job as Job
    from datagen_core.executors.base import Recipe as Recipe
    from datagen_core.executors.base import Resources as Resources
    from datagen_core.executors.base import TaskState as TaskState
    from datagen_core.generators.declarations import History as History
    from datagen_core.generators.generator import DatasetGenerator as DatasetGenerator
    from datagen_core.generators.generator import generator as generator
    from datagen_core.generators.hookspecs import hookimpl as hookimpl
    from datagen_core.generators.inputs import input_path as input_path
    from datagen_core.generators.params import InputFile as InputFile
    from datagen_core.generators.params import Params as Params
    from datagen_core.generators.preprocessor import Preprocessor as Preprocessor
    from datagen_core.generators.schema import Field as Field
    from datagen_core.generators.schema import Ragged as Ragged
    from datagen_core.generators.schema import Schema as Schema
    from datagen_core.ranges import Interval as Interval
    from datagen_core.ranges import IntervalList as IntervalList
    from datagen_core.ranges import IntervalSet as IntervalSet
    from datagen_core.reading.cache import Cache as Cache
    from datagen_core.reading.cache import Dataset as Dataset
    from datagen_core.reading.epochs import Batches as Batches
    from datagen_core.reading.moving import MoveWords as MoveWords
    from datagen_core.reading.param_set import ParamSet as ParamSet
    from datagen_core.reading.samples import Samples as Samples
    from datagen_core.reading.splits import Split as Split
    from datagen_core.reading.tables import Selection as Selection
    from datagen_core.reading.tables import Table as Table
    from datagen_core.reading.views import View as View
    from datagen_core.reading.views import ViewSamples as ViewSamples
    from datagen_core.scheduling.driving import Observer as Observer
    from datagen_core.scheduling.driving import Progress as Progress
    from datagen_core.scheduling.generate import generate as generate
    from datagen_core.scheduling.generate import sweep as sweep
    from datagen_core.scheduling.spaces import check_space as check_space
    from datagen_core.scheduling.studies import Study as Study
    from datagen_core.scheduling.studies import draw_points as draw_points
    from datagen_core.scheduling.studies import format_study as format_study
    from datagen_core.scheduling.studies import plan_study as plan_study
    from datagen_core.scheduling.studies import publish_study as publish_study
    from datagen_core.scheduling.studies import read_space as read_space
    from datagen_core.store.assignments import Exclusion as Exclusion
    from datagen_core.store.assignments import Relabel as Relabel
    from datagen_core.store.frozen import FrozenSplit as FrozenSplit
    from datagen_core.store.runs import Plan as Plan
    from datagen_core.store.runs import TaskKey as TaskKey
    from datagen_core.store.set_records import SetRecord as SetRecord
    from datagen_core.store.timings import Estimate as Estimate
    from datagen_core.upkeep.merging.caches import import_cache as import_cache
    from datagen_core.upkeep.merging.files import Refusal as Refusal
    from datagen_core.upkeep.merging.sets import ImportedSet as ImportedSet

    __version__: str
else:

    def __getattr__(name: str) -> object:
        """Import a public name at its first use, so that listing a cache does not import numpy."""
        from importlib import import_module  # a command may begin without it

        if name == "__version__":
            return import_module("importlib.metadata").version("datagen")
        if name == "__all__":
            return __dir__()
        if name not in _find_modules():
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_find_modules()[name]), name)


def __dir__() -> list[str]:
    return sorted(_find_modules())


_modules: dict[str, str] = {}


def _find_modules() -> dict[str, str]:
    """Return the module of each public name, as the imports above say, which type checkers read."""
    if not _modules:
        import ast  # as above
        from pathlib import Path

        nodes = ast.walk(ast.parse(Path(__file__).read_bytes()))
        imports = [node for node in nodes if isinstance(node, ast.ImportFrom)]
        _modules.update(
            (alias.name, node.module or "")
            for node in imports
            for alias in node.names
            if alias.asname == alias.name
        )
    return _modules
