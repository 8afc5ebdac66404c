"""What people do to a warehouse between two nights, as state machines: whatever it was, a night then comes to what a
full refresh does.

Belongs here: the actions, and the small world they happen in. Does not belong here: how dbt is called
(`dbt_in_process`), and how many examples are tried (`test_any_clicks`).
"""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from tests.pipeline.dbt_in_process import INCREMENTAL, Edit, Project, Warehouse

CODES = [f"H19.1{n}-250714-000{n}" for n in range(4)]
PROCEDURES = ["1.000001", "1.000002"]
MOMENTS = [f"2025-07-{day} 08:00:00" for day in (14, 15, 18, 25)]
DAYS = [f"2025-12-0{day}" for day in (1, 2, 3)]

ROWS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "dossiers": st.fixed_dictionaries({
        "dossier_code": st.sampled_from(CODES), "procedure_code": st.sampled_from(PROCEDURES),
        "status_code": st.sampled_from([2, 4, 9]), "channel_code": st.sampled_from([1, 2]),
        "submitted_at": st.sampled_from(MOMENTS), "received_at": st.sampled_from(MOMENTS),
        "finished_at": st.none() | st.sampled_from(MOMENTS), "delivery_date": st.sampled_from(DAYS),
        "precedence": st.sampled_from([1, 2]),
        "database_codes": st.sampled_from([[], ["7"], ["8"]]),
        "received_place_code": st.sampled_from([None, "H19.11", "H99.77"]),
    }),
    "progress": st.fixed_dictionaries({
        "dossier_code": st.sampled_from(CODES), "acted_at": st.sampled_from(MOMENTS),
        "status_code": st.sampled_from([1, 2, 5, 9]), "delivery_date": st.sampled_from(DAYS),
        "precedence": st.sampled_from([1, 2]),
    }),
    "procedures": st.fixed_dictionaries({
        "procedure_code": st.sampled_from(PROCEDURES), "name_vi": st.just("Thủ tục"),
        "execution_level": st.just("commune"), "statutory_limit": st.sampled_from([1, 3, 9]),
        "limit_unit": st.sampled_from(["working_day", "day"]), "is_fee_bearing": st.booleans(),
        "online_level": st.just(4), "delivery_date": st.sampled_from(DAYS),
    }),
    "petitions": st.fixed_dictionaries({
        "petition_id": st.sampled_from(["K1", "K2"]), "agency_code": st.just("H19.11"),
        "received_at": st.sampled_from(MOMENTS), "kind": st.just("procedure"), "status": st.just("open"),
        "dossier_code": st.sampled_from([None, *CODES]), "likes": st.just(0), "dislikes": st.just(0),
        "delivery_date": st.sampled_from(DAYS),
    }),
    "unit_catalogue": st.fixed_dictionaries({
        "agency_code": st.sampled_from(["H19.11", "H99.77"]), "name_vi": st.just("Phường"),
        "unit_level": st.just("commune"), "parent_agency_code": st.just("H19"),
        "state_code": st.sampled_from(["26041", "26068"]), "valid_from": st.just("2025-07-01"),
        "delivery_date": st.sampled_from(DAYS),
    }),
}  # fmt: skip
DELIVERIES = st.sampled_from(sorted(ROWS)).flatmap(
    lambda dataset: st.tuples(st.just(dataset), st.lists(ROWS[dataset], min_size=1, max_size=4))
)
#: Nodes that a person may choose: the incremental ones more often than what lies around them.
CHOSEN = st.sampled_from([
    *INCREMENTAL, *INCREMENTAL, "stg_exchange__dossiers", "stg_exchange__progress", "dim_procedure",
    "fct_petition", "bridge_agency_to_unit", "dossier_statuses", "dim_calendar",
])  # fmt: skip

MEMORY = Path("/dev/shm")
MODELS, SEEDS = "dbt_project/models", "seeds/reference"
EDITS = {
    "a view": Edit(f"{MODELS}/staging/exchange/stg_exchange__dossiers.sql", "channel_code, 1)", "channel_code, 2)"),
    "a view of steps": Edit(f"{MODELS}/staging/exchange/stg_exchange__progress.sql", "is not null and status",
                            "> cast('2025-07-15' as date) and status"),
    "the versions": Edit(f"{MODELS}/core/dossiers/core_dossiers__versions.sql", "select * from",
                         "select * replace (coalesce(procedure_code, '-') as procedure_code) from"),
    "the steps": Edit(f"{MODELS}/core/dossiers/core_dossiers__progress.sql", "* 16 +", "* 16 + 1 -"),
    "the latest": Edit(f"{MODELS}/core/dossiers/core_dossiers__latest.sql", "paid_online_code, 0)",
                       "paid_online_code, 1)"),
    "the outcomes": Edit(f"{MODELS}/core/dossiers/fct_dossier.sql", "then 'early'", "then 'on_time'"),
    "a macro": Edit("dbt_project/macros/engine/version_order.sql", "(source_moment), progress_order",
                    "(source_moment), '-' ~ progress_order"),
    "a seed": Edit(f"{SEEDS}/dossier_statuses.csv", "9,9,true", "9,9,false"),
    "a word of a description": Edit(f"{MODELS}/core/dossiers/core_dossiers__latest.yml", "State, repaired.",
                                    "State, as repaired."),
}  # fmt: skip


@cache
def workplace() -> Path:
    # In memory where Linux has such a folder: a search writes to the disk some ten thousand times.
    folder = tempfile.mkdtemp(prefix="clicks-", dir=MEMORY if MEMORY.is_dir() else None)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return Path(folder)


@cache
def project(edit: str) -> Project:
    """A copy of the project with this edit; with none where it is empty."""
    folder = workplace() / (edit.replace(" ", "_") or "as_it_is")
    return Project(folder, EDITS.get(edit), parsed=project("") if edit else None)


@cache
def warehouse() -> Warehouse:
    """One a process: its views name its folder, so that each example goes on in the same."""
    return Warehouse(workplace() / "data", project(""))


class Clicks(RuleBasedStateMachine):
    """Deliveries, and runs of whatever anybody chooses."""

    def __init__(self) -> None:
        super().__init__()
        self.warehouse = warehouse()
        self.warehouse.begin()
        self.project = project("")
        self.delivered = 0

    @initialize(dossiers=st.lists(ROWS["dossiers"], min_size=1, max_size=4))
    def first_delivery(self, dossiers: list[dict[str, Any]]) -> None:
        self.deliver(("dossiers", dossiers))

    @rule(delivery=DELIVERIES)
    def deliver(self, delivery: tuple[str, list[dict[str, Any]]]) -> None:
        dataset, rows = delivery
        self.delivered += 1
        self.warehouse.deliver(dataset, f"{self.delivered:016}", rows)

    @rule(at=st.integers(0, 9))
    def take_back(self, at: int) -> None:
        batches = self.warehouse.batches()
        if batches:
            self.warehouse.take_back(*batches[at % len(batches)])

    @rule(delivery=DELIVERIES)
    def write_a_batch_again(self, delivery: tuple[str, list[dict[str, Any]]]) -> None:
        """Under its own name, with other rows: a mapping was corrected, say."""
        dataset, rows = delivery
        named = [batch for of, batch in self.warehouse.batches() if of == dataset]
        if named:
            self.warehouse.deliver(dataset, named[0], rows)

    @rule(chosen=CHOSEN, flags=st.sampled_from([[], [], ["--full-refresh"], ["--empty"]]))
    def run_one(self, chosen: str, flags: list[str]) -> None:
        self.click([chosen], flags)

    @rule(chosen=CHOSEN)
    def run_with_parents(self, chosen: str) -> None:
        self.click([name for name in self.warehouse.upstream([chosen]) if name in self.warehouse.chain])

    @rule(chosen=CHOSEN)
    def run_with_children(self, chosen: str) -> None:
        self.click(self.warehouse.downstream(chosen))

    @rule(done=st.integers(1, 14))
    def die_between_two_models(self, done: int) -> None:
        """Parents come first in the chain. What a dying run was at is rolled back."""
        self.click(self.warehouse.chain[:done])

    @rule()
    def run_without_seeds(self) -> None:
        self.click(name for name in self.warehouse.chain if name != "dossier_statuses")

    @rule(chosen=st.sampled_from(INCREMENTAL))
    def drop(self, chosen: str) -> None:
        self.warehouse.execute(f"drop table if exists core.{chosen}")

    @rule()
    def night(self) -> None:
        self.warehouse.night(self.project)

    def click(self, nodes: Any, flags: Any = (), **others: Any) -> None:
        """It may fail: where a parent was dropped, say."""
        self.warehouse.call(nodes, flags, self.project, **others)

    def teardown(self) -> None:
        """The night after, beside what a full refresh makes of the same lake and code."""
        built = self.warehouse.night(self.project)
        refreshed = self.warehouse.full_refresh(self.project)
        for table in INCREMENTAL:
            assert built[table] == refreshed[table], table


class Edits(Clicks):
    """Besides all that, edits of SQL, seeds and descriptions, which somebody may take back; and runs with vars."""

    @rule(edit=st.just("") | st.sampled_from(sorted(EDITS)))
    def edit(self, edit: str) -> None:
        self.project = project(edit)

    @rule(chosen=CHOSEN, variables=st.sampled_from([{"population_database_code": "8"},
                                                    {"calendar_starts_on": "2025-07-16"}]))  # fmt: skip
    def run_with_vars(self, chosen: str, variables: dict[str, str]) -> None:
        self.click([chosen], variables=variables)
