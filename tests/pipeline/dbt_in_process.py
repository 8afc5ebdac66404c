"""The real dbt project on a small lake, called within this process: a third of a second instead of four.

Belongs here: copies of the project with one edit, one build database that is put back to its beginning, and calls of
dbt. Does not belong here: what people do with them (`any_clicks`), and what a test asserts.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest

from orchestration.ingestion.contracts import RECORD_SOURCES
from tests.pipeline.records_lake import REPOSITORY, empty_lake, write

#: The last models of the chain: tables below them are made anew each night and keep nothing that could be wrong.
INCREMENTAL = ("core_dossiers__versions", "core_dossiers__progress", "core_dossiers__latest",
               "fct_dossier")  # fmt: skip
#: What this reads is looked up row by row: for a change of it some dossiers are computed again.
LOOKUPS = "core_dossiers__lookups"
BUILD = ("build", "--exclude-resource-type", "test", "unit_test")
#: Names the build database of a call: views name the lake, which stays where it is while databases come and go.
DATABASE = "TESTED_BUILD_DATABASE"


@dataclass(frozen=True)
class Edit:
    """A change of one file of the project: what stands there, and what somebody makes of it."""

    file: str
    before: str
    after: str


OWN_DATABASE = Edit(
    "dbt_project/profiles.yml",
    "{{ env_var('SERVICE_INDEX_DATA', '../data') }}/build/build.duckdb",
    f"{{{{ env_var('{DATABASE}', 'build.duckdb') }}}}",
)


@dataclass
class Project:
    """A copy of the dbt project and its seeds in `folder`, with an edit; parsed from what `parsed` knows already."""

    folder: Path
    edit: Edit | None = None
    parsed: Project | None = None
    has_own_database: bool = True

    def __post_init__(self) -> None:
        shutil.copytree(
            REPOSITORY / "dbt_project", self.path, ignore=shutil.ignore_patterns("target", "logs")
        )
        shutil.copytree(REPOSITORY / "seeds", self.folder / "seeds", ignore=shutil.ignore_patterns("samples"))
        for edit in filter(None, (OWN_DATABASE if self.has_own_database else None, self.edit)):
            file = self.folder / edit.file
            text = file.read_text(encoding="utf-8")
            assert edit.before in text, edit
            file.write_text(text.replace(edit.before, edit.after), encoding="utf-8")

    @property
    def path(self) -> Path:
        return self.folder / "dbt_project"

    @cached_property
    def manifest(self) -> Manifest:
        if self.parsed is not None:
            assert self.parsed.manifest
            shutil.copytree(self.parsed.folder / "target", self.folder / "target")
        with pytest.MonkeyPatch.context() as environment:
            # To dbt, another database is another profile, of which nothing is parsed yet.
            environment.delenv(DATABASE, raising=False)
            done = dbtRunner().invoke(["--quiet", "parse", *self.places])
        assert done.success, done.exception
        assert isinstance(done.result, Manifest)
        return done.result

    @cached_property
    def chain(self) -> Manifest:
        """The manifest without what is neither an incremental model nor above one: a call costs a fifth of the time."""
        cut = self.manifest.deepcopy()
        names = {node.name: id_ for id_, node in cut.nodes.items()}
        cut.build_parent_and_child_maps()
        kept = {id_ for id_, node in cut.nodes.items() if node.resource_type == "operation"}
        found = [names[name] for name in INCREMENTAL]
        while found:
            kept.add(id_ := found.pop())
            found.extend(set(cut.parent_map.get(id_, ())) & set(cut.nodes) - kept)
        cut.nodes = {id_: node for id_, node in cut.nodes.items() if id_ in kept}
        cut.unit_tests = {}
        # They are above no model, and may rest on one that is left out.
        cut.semantic_models, cut.metrics, cut.saved_queries, cut.exposures = {}, {}, {}, {}
        cut.build_parent_and_child_maps()
        return cut

    def manifest_with(self, nodes: Iterable[str]) -> Manifest:
        """A manifest for one call of dbt, which writes into it: the smallest that has these nodes."""
        has = {node.name for node in self.chain.nodes.values()}
        return (self.chain if has.issuperset(nodes) else self.manifest).deepcopy()

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
    database: Path = Path()
    #: How many databases there have been.
    made: int = 0

    def __post_init__(self) -> None:
        with self.environment():
            manifest = self.project.manifest
        nodes = {
            id_: node.name for id_, node in manifest.nodes.items()
            if node.resource_type in ("model", "seed")
        }  # fmt: skip
        self.parents = {
            name: {nodes[parent] for parent in manifest.parent_map[id_] if parent in nodes}
            for id_, name in nodes.items()
        }
        above = self.upstream(INCREMENTAL)
        # But for the code of incremental models, seeds and views are made once, and so is what rests on the portal.
        made_once = {
            node.name for node in manifest.nodes.values()
            if (node.resource_type == "seed" or node.config.materialized == "view")
        }  # fmt: skip
        self.begin()
        assert self.call(above), self.said
        code = self.upstream(INCREMENTAL, but=self.parents[LOOKUPS])
        self.chain = tuple(
            name for name in above if name in code or ("portal" not in name and name not in made_once)
        )
        shutil.copyfile(self.database, self.template)
        shutil.copytree(self.data / "lake", self.empty_lake)

    @property
    def template(self) -> Path:
        return self.data / "template.duckdb"

    @property
    def empty_lake(self) -> Path:
        return self.data / "empty_lake"

    def upstream(self, names: Iterable[str], but: Collection[str] = ()) -> tuple[str, ...]:
        """The nodes, and all above them, parents first; `but` for some and what is above those alone."""
        found: dict[str, None] = {}

        def visit(name: str) -> None:
            for parent in sorted(self.parents[name].difference(but)):
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
        shutil.rmtree(self.data / "databases", ignore_errors=True)
        if self.empty_lake.exists():
            shutil.copytree(self.empty_lake, self.data / "lake")
        else:
            empty_lake(self.data)
        self.database = self.new_database()

    def new_database(self) -> Path:
        """A copy of the template, at a path that no other had in this process: DuckDB knows open databases by path,
        and one that a failed call of dbt still holds would answer in place of this one."""
        self.made += 1
        database = self.data / "databases" / str(self.made) / "build.duckdb"
        database.parent.mkdir(parents=True)
        if self.template.exists():
            shutil.copyfile(self.template, database)
        return database

    def deliver(self, dataset: str, batch: str, rows: list[dict[str, Any]]) -> None:
        write(self.data, dataset, rows, batch=batch)

    def take_back(self, dataset: str, batch: str) -> None:
        shutil.rmtree(self.data / "lake" / dataset / f"batch={batch}")

    def batches(self) -> list[tuple[str, str]]:
        """Dataset and id of each batch that was delivered."""
        return sorted(
            (dataset, folder.name.removeprefix("batch="))
            for dataset in RECORD_SOURCES
            for folder in (self.data / "lake" / dataset).glob("batch=*")
            if folder.name != "batch=" + 16 * "0"
        )

    def call(self, nodes: Iterable[str], flags: Iterable[str] = (), project: Project | None = None,
             variables: Mapping[str, Any] | None = None) -> bool:  # fmt: skip
        """Whether dbt built what was asked of it."""
        project, nodes = project or self.project, tuple(nodes)
        given = ["--vars", json.dumps(variables)] if variables else []
        with self.environment():
            done = dbtRunner(manifest=project.manifest_with(nodes)).invoke([
                "--quiet", "--log-level", "none", "--no-use-colors", "--no-write-json", "--log-level-file", "none",
                *BUILD, *project.places, *flags, *given, "--threads", "1", "--select", *nodes,
            ])  # fmt: skip
        failed = [result.message for result in getattr(done.result, "results", []) if result.message]
        self.said = "\n".join([str(done.exception or ""), *failed])
        return bool(done.success)

    @contextmanager
    def environment(self) -> Iterator[None]:
        """Where dbt finds this lake and database, for one call: a job that another test runs in this process names
        its own (`orchestration.defs.resources`)."""
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("SERVICE_INDEX_DATA", str(self.data))
            environment.setenv(DATABASE, str(self.database))
            try:
                yield
            finally:
                DuckDBConnectionManager.close_all_connections()

    def read_batches(self) -> list[tuple[str, str]]:
        """What the last call found in the lake, of the sources that models add to."""
        return self.execute(
            "select input, key from state.at_hand where input <> 'code' and key <> repeat('0', 16) order by all"
        )

    def night(self, project: Project | None = None) -> dict[str, list[Any]]:
        """Every row of the incremental tables, ordered, after the whole chain was built."""
        assert self.call(self.chain, project=project), self.said
        delivered = [
            (dataset, batch) for dataset, batch in self.batches() if dataset in ("dossiers", "progress")
        ]
        assert self.read_batches() == delivered, "dbt was somewhere else"
        return self.rows()

    def full_refresh(self, project: Project | None = None) -> dict[str, list[Any]]:
        """The same, once these tables were made anew in their order. The views and tables around them keep nothing
        from one run to the next: the night before has just made them of the same lake and code."""
        assert self.call(INCREMENTAL, ["--full-refresh"], project), self.said
        return self.rows()

    def rows(self) -> dict[str, list[Any]]:
        with duckdb.connect(str(self.database)) as connection:
            return {
                table: connection.execute(
                    f"select columns(*)::varchar from core.{table} order by all"
                ).fetchall()
                for table in INCREMENTAL
            }

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        with duckdb.connect(str(self.database)) as connection:
            return connection.execute(sql).fetchall()
