"""The real dbt project on a small lake, called within this process: a third of a second instead of four.

Belongs here: copies of the project with one edit, one build database that is put back to its beginning, and calls of
dbt. Does not belong here: what people do with them (`any_clicks`), and what a test asserts.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from tests.pipeline.records_lake import DATASETS, REPOSITORY, empty_lake, write

#: The incremental models, what they are looked up in, and what is counted from them.
LAST = ("int_dossiers__daily", "int_dossiers__open_daily", "mart_source_quality")
#: The one seed that an edit changes. Others are loaded once, and so is what is made of the portal's payloads.
EDITED_SEEDS = ("dossier_statuses",)
INCREMENTAL = ("int_dossiers__versions", "int_dossiers__progress", "int_dossiers__latest",
               "int_dossiers__outcomes")  # fmt: skip


@dataclass(frozen=True)
class Edit:
    """A change of one file of the project: what stands there, and what somebody makes of it."""

    file: str
    before: str
    after: str


@dataclass
class Project:
    """A copy of the dbt project and its seeds in `folder`, with an edit."""

    folder: Path
    edit: Edit | None = None

    def __post_init__(self) -> None:
        shutil.copytree(
            REPOSITORY / "dbt_project", self.path, ignore=shutil.ignore_patterns("target", "logs")
        )
        shutil.copytree(REPOSITORY / "seeds", self.folder / "seeds", ignore=shutil.ignore_patterns("samples"))
        if self.edit is not None:
            file = self.folder / self.edit.file
            text = file.read_text(encoding="utf-8")
            assert self.edit.before in text, self.edit
            file.write_text(text.replace(self.edit.before, self.edit.after), encoding="utf-8")

    @property
    def path(self) -> Path:
        return self.folder / "dbt_project"

    @cached_property
    def manifest(self) -> Manifest:
        done = dbtRunner().invoke(["--quiet", "parse", *self.places])
        assert done.success, done.exception
        assert isinstance(done.result, Manifest)
        return done.result

    @property
    def places(self) -> list[str]:
        names = {"project": self.path, "profiles": self.path}
        target = ["--target-path", str(self.folder / "target"), "--log-path", str(self.folder / "logs")]
        return [part for name, path in names.items() for part in (f"--{name}-dir", str(path))] + target


@dataclass
class Warehouse:
    """A lake and a build database in `data`, and the chain of nodes that a night makes of them."""

    data: Path
    project: Project
    chain: tuple[str, ...] = ()
    parents: dict[str, set[str]] = field(default_factory=dict)
    #: What the last call answered.
    said: str = ""

    def __post_init__(self) -> None:
        os.environ["SERVICE_INDEX_DATA"] = str(self.data)
        manifest = self.project.manifest
        nodes = {
            id_: node.name for id_, node in manifest.nodes.items()
            if node.resource_type in ("model", "seed")
        }  # fmt: skip
        self.parents = {
            name: {nodes[parent] for parent in manifest.parent_map[id_] if parent in nodes}
            for id_, name in nodes.items()
        }
        above = self.upstream(LAST)
        seeds = {node.name for node in manifest.nodes.values() if node.resource_type == "seed"}
        self.chain = tuple(
            name for name in above
            if "portal" not in name and (name not in seeds or name in EDITED_SEEDS)
        )  # fmt: skip
        self.begin()
        self.call("build", ["--exclude-resource-type", "test", "unit_test"], above)
        shutil.copyfile(self.database, self.data / "template.duckdb")

    @property
    def database(self) -> Path:
        return self.data / "build" / "build.duckdb"

    @property
    def template(self) -> Path:
        return self.data / "template.duckdb"

    @property
    def tables(self) -> tuple[str, ...]:
        """Those of the chain, with their schemas: what is compared."""
        nodes = {node.name: node for node in self.project.manifest.nodes.values()}
        return tuple(
            f"{nodes[name].schema}.{name}" for name in self.chain
            if nodes[name].schema in ("intermediate", "marts")
        )  # fmt: skip

    def upstream(self, names: Iterable[str]) -> tuple[str, ...]:
        """The nodes, and all above them, parents first."""
        found: dict[str, None] = {}

        def visit(name: str) -> None:
            for parent in sorted(self.parents[name]):
                visit(parent)
            found[name] = None

        for name in names:
            visit(name)
        return tuple(found)

    def downstream(self, name: str) -> tuple[str, ...]:
        """The node and all of the chain below it."""
        return tuple(other for other in self.chain if name in self.upstream([other]))

    def begin(self) -> None:
        """An empty lake, and the database as it was made from one."""
        shutil.rmtree(self.data / "lake", ignore_errors=True)
        empty_lake(self.data)
        if self.template.exists():
            shutil.copyfile(self.template, self.database)

    def deliver(self, dataset: str, batch: str, rows: list[dict[str, Any]]) -> None:
        write(self.data, dataset, rows, batch=batch)

    def take_back(self, dataset: str, batch: str) -> None:
        shutil.rmtree(self.data / "lake" / dataset / f"batch={batch}")

    def batches(self) -> list[tuple[str, str]]:
        """Dataset and id of each batch that was delivered."""
        return sorted(
            (dataset, folder.name.removeprefix("batch="))
            for dataset in DATASETS
            for folder in (self.data / "lake" / dataset).glob("batch=*")
            if folder.name != "batch=" + 16 * "0"
        )

    def call(self, command: str, flags: Iterable[str], nodes: Iterable[str],
             project: Project | None = None, variables: Mapping[str, Any] | None = None) -> bool:  # fmt: skip
        """Whether dbt did what was asked."""
        project = project or self.project
        variables = ["--vars", json.dumps(variables)] if variables else []
        try:
            done = dbtRunner(manifest=project.manifest.deepcopy()).invoke([
                "--quiet", "--log-level", "none", "--no-use-colors", "--no-write-json", "--log-level-file", "none",
                command, *project.places, *flags, *variables, "--select", *nodes,
            ])  # fmt: skip
        finally:
            DuckDBConnectionManager.close_all_connections()
        failed = [result.message for result in getattr(done.result, "results", []) if result.message]
        self.said = "\n".join([str(done.exception or ""), *failed])
        return bool(done.success)

    def night(self, project: Project | None = None) -> dict[str, list[Any]]:
        """Every row of the chain's tables, ordered, after the whole chain was built."""
        assert self.call("build", ["--exclude-resource-type", "test", "unit_test"], self.chain, project), (
            self.said
        )
        return self.rows()

    def full_refresh(self, project: Project | None = None) -> dict[str, list[Any]]:
        """The same, of the same lake, in a database that knows nothing of it. This one stays as it is."""
        aside = self.database.rename(self.data / "aside.duckdb")
        shutil.copyfile(self.template, self.database)
        assert self.call(
            "build", ["--full-refresh", "--exclude-resource-type", "test", "unit_test"], self.chain, project
        ), self.said
        rows = self.rows()
        aside.replace(self.database)
        return rows

    def rows(self) -> dict[str, list[Any]]:
        with duckdb.connect(str(self.database)) as connection:
            return {
                table: connection.execute(f"select columns(*)::varchar from {table} order by all").fetchall()
                for table in self.tables
            }

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database)) as connection:
            return connection.execute(sql).fetchall()
