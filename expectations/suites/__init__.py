"""One module a suite, `<stage>__<table>.py`, each with one pure function `suite()`.

Stages: `raw` judges a pending batch before the lake shows it; `release` judges the marts of a build before they
are published; `hold` asks a person. A new module of stage `release` is picked up by itself. A bound has its reason
and date beside it. What dbt tests already say (keys, grain, relationships, accepted values) is not said again here.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import great_expectations as gx


def names(stage: str) -> list[str]:
    """The suites of a stage, by name."""
    found = (module.name for module in pkgutil.iter_modules(__path__))
    return sorted(name for name in found if name.startswith(f"{stage}__"))


def table_of(name: str) -> str:
    """The table a suite judges: what stands behind the stage in its name."""
    return name.split("__", 1)[1]


def load(name: str, **parameters: object) -> gx.ExpectationSuite:
    """Build the suite, with what its function takes. Imports Great Expectations, which takes seconds."""
    made: gx.ExpectationSuite = importlib.import_module(f"{__name__}.{name}").suite(**parameters)
    return made
