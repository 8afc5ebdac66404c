"""Which module may know which, and what may be imported when.

The layers are those of the design: `ingest` and `publish` know no Dagster, `expectations` knows neither
orchestration nor Dagster, `validated_files` knows nobody, and only wiring may import heavy libraries when it is itself
imported.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
HEAVY = {"dagster", "dagster_dbt", "great_expectations"}
# Layer: what it must not import, anywhere in its code.
FORBIDDEN = {
    "orchestration/ingestion": {
        "dagster",
        "dagster_dbt",
        "dbt",
        "expectations",
        "great_expectations",
        "pandas",
    },
    "orchestration/extraction": {
        "dagster",
        "dagster_dbt",
        "dbt",
        "expectations",
        "great_expectations",
        "pandas",
    },
    "orchestration/publishing": {
        "dagster",
        "dagster_dbt",
        "dbt",
        "expectations",
        "great_expectations",
        "pandas",
    },
    "expectations": {"dagster", "dagster_dbt", "dbt", "orchestration", "pandas"},
    "validated_files": {
        "dagster",
        "dagster_dbt",
        "dbt",
        "duckdb",
        "expectations",
        "great_expectations",
        "orchestration",
        "pandas",
    },
}
# Started by every command: must stay quick to import.
QUICK = [
    "orchestration/answers/commands.py",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "orchestration" / "cli").glob("*.py"))),
    "orchestration/settings.py",
    "orchestration/history.py",
    "orchestration/movement.py",
    "orchestration/ranking.py",
    "orchestration/report.py",
    "orchestration/samples.py",
    "orchestration/score_plan.py",
    "orchestration/status.py",
    "orchestration/which_period.py",
    "orchestration/which_unit.py",
]


def modules(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def imported(path: Path, at_import_time: bool) -> set[str]:
    """Top-level packages that a module imports; with `at_import_time`, not those inside functions."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    nodes = tree.body if at_import_time else list(ast.walk(tree))
    found = set()
    for node in nodes:
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


@pytest.mark.parametrize("layer", sorted(FORBIDDEN))
def test_a_layer_knows_only_what_lies_below_it(layer: str) -> None:
    assert modules(layer), "the layer exists"
    offenders = {
        str(path.relative_to(ROOT)): sorted(imported(path, at_import_time=False) & FORBIDDEN[layer])
        for path in modules(layer)
        if imported(path, at_import_time=False) & FORBIDDEN[layer]
    }
    assert offenders == {}


def test_heavy_libraries_are_imported_where_they_are_used() -> None:
    light = [
        *modules("orchestration/ingestion"),
        *modules("orchestration/publishing"),
        *modules("expectations"),
        *modules("validated_files"),
    ]
    light += [ROOT / name for name in QUICK]
    offenders = [str(path.relative_to(ROOT)) for path in light if imported(path, at_import_time=True) & HEAVY]
    assert offenders == []


def test_nothing_private_of_dagster_is_used() -> None:
    offenders = [
        str(path.relative_to(ROOT))
        for path in [*modules("orchestration"), *modules("tests")]
        if "dagster._" in path.read_text(encoding="utf-8") and path != Path(__file__)
    ]
    # The storage that is extended has no other name (docs/adr/0046).
    assert offenders == ["orchestration/defs/event_log.py"]


def test_every_module_says_what_belongs_in_it() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in [
            *modules("orchestration"),
            *modules("expectations"),
            *modules("validated_files"),
            *modules("tests"),
        ]
        if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert silent == []


def test_the_environment_is_read_in_one_place() -> None:
    readers = {
        str(path.relative_to(ROOT))
        for path in [*modules("orchestration"), *modules("expectations"), *modules("validated_files")]
        if "os.environ" in path.read_text(encoding="utf-8") or "getenv" in path.read_text(encoding="utf-8")
    }
    # resources.py hands the data folder on to dbt, which has no other way to be told; provenance.py hands git its
    # environment without what a git hook would put in it; locked_dbt.py is a program of its own, told by resources.py;
    # dbt_environment.py takes away what the operator's shell says to dbt; metrics.py hands `mf` its own, with no way out;
    # dbt_docs.py hands dbt the data folder.
    assert readers == {
        "orchestration/settings.py",
        "orchestration/defs/resources.py",
        "orchestration/provenance.py",
        "orchestration/locked_dbt.py",
        "orchestration/dbt_environment.py",
        "orchestration/metrics.py",
        "orchestration/dbt_docs.py",
    }


def test_one_module_prints() -> None:
    printing = {
        str(path.relative_to(ROOT))
        for path in [*modules("orchestration"), *modules("expectations"), *modules("validated_files")]
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    }
    # locked_dbt.py is a program of its own, whose answer is read by dagster-dbt.
    assert printing == {"orchestration/answers/screen.py", "orchestration/locked_dbt.py"}
