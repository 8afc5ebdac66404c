"""The counts of a day in pandas: what `bench/floors/dossiers.sql` does, on whole columns in memory.

PyArrow reads the lake and takes its lists apart, batch by batch, so that pandas never holds a list. Here: reading,
current versions, how they were settled, counts by unit and day. Not here: what is the same in each peer (`peer.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from bench.peers import peer
from bench.watch import Watch
from orchestration.settings import Settings

Tables = Mapping[str, pd.DataFrame]

NOT_COUNTED_AGAINST = ("early", "on_time", "within_time", "no_deadline")
MOMENTS = ["submitted_at", "received_at", "finished_at", "returned_at", "refused_at"]
STATUS_MOMENTS = [f"at_{status}" for status in peer.STATUSES]
PLAIN = ["dossier_code", "procedure_code", "delivery_date", "due_at", "status_code", "received_place_code", "precedence",
         "channel_code", "paid_online_code", *MOMENTS]  # fmt: skip
LISTS = {
    "submitted_documents": ["document_id", "is_deleted", "is_reused", "is_from_national_store"],
    "fees": ["price", "collection_form_code"],
    "supplements": ["requested_at", "received_at"],
    "results": ["document_id", "result_code", "has_file"],
}
POPULATION_DATABASE = "7"
END_OF_DAY = pd.Timedelta(seconds=86399)
SECOND = pd.Timedelta(seconds=1)


def frame(table: pa.Table | pa.RecordBatch) -> pd.DataFrame:
    """Dates and moments alike as moments, which pandas compares with each other."""
    made = table.to_pandas(date_as_object=False)
    moments = dict.fromkeys(made.select_dtypes("datetime").columns, "datetime64[us]")
    return made.astype(moments)


def items(nested: pa.ListArray, fields: Sequence[str]) -> pd.DataFrame:
    """Fields of all elements of a column of lists, each with the number of its row; a flag that is missing is none."""
    values = nested.flatten()
    columns = {field: pc.struct_field(values, [field]) for field in fields}
    flags = {name: pc.fill_null(column, False) for name, column in columns.items()
             if pa.types.is_boolean(column.type)}  # fmt: skip
    made = frame(pa.table({**columns, **flags}))
    lengths = pc.fill_null(pc.list_value_length(nested), 0).to_numpy(zero_copy_only=False)
    made.insert(0, "row", np.repeat(np.arange(len(nested)), lengths))
    return made


def flat(batch: pa.RecordBatch, cash: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """One row a version, with what is asked of its lists; and the requests that were met, by number of row."""
    made = frame(batch.select(PLAIN))
    documents, fees, supplements, results = (items(batch[name], fields) for name, fields in LISTS.items())

    def count(rows: pd.Series) -> np.ndarray:
        return np.bincount(rows, minlength=len(made))

    stands = documents[~documents["is_deleted"]]
    made["has_submitted_file"] = count(stands["row"][stands["document_id"].notna()]) > 0
    made["has_reused_document"] = count(stands["row"][stands["is_reused"]]) > 0
    made["has_stored_document"] = count(stands["row"][stands["is_from_national_store"]]) > 0

    submitted = documents[["row", "document_id"]].dropna().drop_duplicates()
    own = results.merge(submitted, how="left", on=["row", "document_id"], indicator="origin")
    own = own[(own["origin"] == "left_only") & own["has_file"]]
    made["has_result_file"] = count(own["row"]) > 0
    made["has_electronic_result"] = count(own["row"][own["result_code"].notna()]) > 0

    priced = fees[fees["price"].fillna(1) != 0]
    made["priced"] = count(priced["row"])
    made["priced_not_cash"] = count(priced["row"][~priced["collection_form_code"].isin(cash)])
    made["is_free"] = (count(fees["row"]) > 0) & (made["priced"] == 0)

    is_open = supplements["requested_at"].notna() & supplements["received_at"].isna()
    made["open_requests"] = count(supplements["row"][is_open])
    made["open_requested_at"] = supplements[is_open].groupby("row")["requested_at"].max()
    asked = supplements.groupby("row")[["requested_at", "received_at"]].max()
    made["own_moment_at"] = made[MOMENTS].join(asked.add_prefix("asked_")).max(axis=1)

    databases = pd.Series(batch["database_codes"].flatten().to_pandas())
    lengths = pc.fill_null(pc.list_value_length(batch["database_codes"]), 0).to_numpy(zero_copy_only=False)
    of_rows = pd.Series(np.repeat(np.arange(len(made)), lengths))
    made["has_population_data"] = count(of_rows[databases == POPULATION_DATABASE]) > 0

    made["precedence"] = made["precedence"].fillna(1).astype("int32")
    made["channel_code"] = made["channel_code"].fillna(1).astype("int32")
    made["paid_online_code"] = made["paid_online_code"].fillna(0).astype("int32")
    return made, supplements[supplements["received_at"] > supplements["requested_at"]]


def read(settings: Settings, cash: Sequence[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All versions of dossiers, and their requests that were met, both by number of row."""
    pieces, requests, first = [], [], 0
    lake = ds.dataset([str(file) for file in peer.lake_files(settings, "dossiers")], format="parquet")
    for batch in lake.to_batches(columns=[*PLAIN, *LISTS, "database_codes"]):
        if batch.num_rows:
            piece, met = flat(batch, cash)
            pieces.append(piece)
            requests.append(met.assign(row=met["row"] + first))
            first += len(piece)
    versions = pd.concat(pieces, ignore_index=True)
    versions["agency"] = today(versions["dossier_code"].str.replace("-.*", "", regex=True))
    versions["place"] = today(versions["received_place_code"])
    return versions, pd.concat(requests, ignore_index=True)


def today(codes: pd.Series) -> pd.Series:
    """An agency's code in the order of today: `000.00.95.H19` is `H19.95`."""
    is_old = codes.str.startswith("000.", na=False)
    old = codes[is_old]
    parts = old.str.replace("^000[.](00[.])*", "", regex=True).str.split(".")
    return codes.mask(is_old, parts.str[::-1].str.join(".").astype("str").reindex(codes.index))


def steps(settings: Settings, statuses: pd.DataFrame) -> pd.DataFrame:
    """By dossier when it last entered each state, and its last step."""
    columns = ["dossier_code", "precedence", "status_code", "acted_at"]
    lake = ds.dataset([str(file) for file in peer.lake_files(settings, "progress")], format="parquet")
    progress = frame(lake.to_table(columns=columns, filter=pc.field("acted_at").is_valid()))
    progress["precedence"] = progress["precedence"].fillna(1).astype("int32")
    progress = progress.merge(statuses[["status_code", "progress_order"]], on="status_code")
    progress["last_order"] = epoch(progress["acted_at"]) * 16 + progress["progress_order"]
    dossier = ["dossier_code", "precedence"]
    entered = progress.groupby([*dossier, "status_code"], sort=False)["acted_at"].max().unstack("status_code")
    entered = entered.reindex(columns=peer.STATUSES).set_axis(STATUS_MOMENTS, axis="columns")
    entered["last_order"] = progress.groupby(dossier, sort=False)["last_order"].max()
    return entered.droplevel("precedence")


def epoch(moments: pd.Series) -> pd.Series:
    """Whole seconds since 1970; not for moments that are missing."""
    return moments.astype("int64") // 1_000_000


def first_of(frame: pd.DataFrame, *columns: str) -> pd.Series:
    """In each row the first of these moments that is not missing."""
    found = frame[columns[0]]
    for column in columns[1:]:
        found = found.fillna(frame[column])
    return found


def by_status(dossiers: pd.DataFrame, moments: Mapping[int, pd.Series]) -> pd.Series:
    """In each row the moment that goes with its status."""
    found = np.select(
        [dossiers["status_code"] == status for status in moments],
        [moment.to_numpy() for moment in moments.values()],
        default=np.datetime64("NaT", "us"),
    )
    return pd.Series(found, index=dossiers.index)


def superseded(versions: pd.DataFrame, step: pd.DataFrame, statuses: pd.DataFrame) -> pd.Index:
    """Of dossiers that came more than once the rows that are not current."""
    contested = versions[versions["dossier_code"].duplicated(keep=False)].join(step, on="dossier_code")
    order = statuses.set_index("status_code")["progress_order"]
    contested["progress_order"] = contested["status_code"].map(order).fillna(0)
    moments = zip(peer.STATUSES, STATUS_MOMENTS, strict=True)
    contested["entered_at"] = by_status(contested, {status: contested[name] for status, name in moments})
    contested["source_moment_at"] = contested[["own_moment_at", "entered_at"]].max(axis=1)
    descending = ["source_moment_at", "progress_order", "own_moment_at", "delivery_date"]
    contested = contested.sort_values(
        ["precedence", *descending], ascending=[True, *[False] * len(descending)]
    )
    return contested.index[contested["dossier_code"].duplicated(keep="first")]


def repair(dossiers: pd.DataFrame, statuses: pd.DataFrame) -> None:
    """What exporters get wrong is put right in place."""
    last = (
        statuses.set_index("progress_order")
        .add_prefix("last_")
        .reindex((dossiers["last_order"] % 16).fillna(-1))
    )
    last_status = last["last_status_code"].set_axis(dossiers.index)
    is_end = last["last_is_end"].set_axis(dossiers.index).eq(other=True)
    status = dossiers["status_code"]
    is_not_finished = (
        (status == 9) & dossiers["at_9"].isna() & dossiers["at_10"].isna() & last_status.isin([5, 6, 8])
    )
    # A version without any moment is behind nothing, and so is one whose dossier has no progress.
    own_order = epoch(dossiers["own_moment_at"]).where(dossiers["own_moment_at"].notna()) * 16
    is_behind = ~status.isin([3, 7, 8, 9, 10]) & is_end & (dossiers["last_order"] >= own_order)
    is_copied = (dossiers["submitted_at"] == dossiers["received_at"]) & (
        dossiers["at_1"] < dossiers["received_at"]
    )
    is_cash = (
        dossiers["paid_online_code"].isin([1, 2])
        & (dossiers["priced"] > 0)
        & (dossiers["priced_not_cash"] == 0)
    )
    dossiers["submitted_at"] = dossiers["submitted_at"].mask(is_copied, dossiers["at_1"])
    dossiers["finished_at"] = dossiers["finished_at"].mask(is_not_finished)
    dossiers["status_code"] = status.mask(is_not_finished | is_behind, last_status).astype("int32")
    dossiers["paid_online_code"] = dossiers["paid_online_code"].mask(is_cash, 0)


def look_up(dossiers: pd.DataFrame, tables: Tables) -> pd.DataFrame:
    """With what the catalogue said on the day of filing, the unit that answers, and whether anybody petitioned."""
    dossiers["filed_date"] = first_of(dossiers, "received_at", "submitted_at").dt.normalize()
    procedure = ["procedure_code", "filed_date"]
    said = pd.merge_asof(
        dossiers[procedure].dropna().drop_duplicates().sort_values("filed_date"),
        tables["procedures"].sort_values("valid_from"),
        left_on="filed_date",
        right_on="valid_from",
        by="procedure_code",
    )
    said = said[said["valid_from"].notna() & ~(said["filed_date"] > said["valid_to"])]
    found = dossiers.merge(said.drop(columns=["valid_from", "valid_to"]), how="left", on=procedure)
    units = tables["units"].set_index("agency_code")["unit_code"]
    found["unit_code"] = found["agency"].map(units)
    found["received_unit_code"] = found["place"].map(units)
    found["is_petitioned"] = found["dossier_code"].isin(tables["petitioned"]["dossier_code"])
    for flag in ("returns_paper_result", "is_fee_bearing"):
        found[flag] = found[flag].eq(other=True)
    return found


def deadline(dossiers: pd.DataFrame, calendar: pd.DataFrame) -> pd.Series:
    """Until when they were to be settled."""
    due_at, received_at, limit = dossiers["due_at"], dossiers["received_at"], dossiers["statutory_limit"]
    received_date = received_at.dt.normalize()
    days = calendar.set_index("calendar_date")
    last_days = calendar[calendar["is_working_day"]].set_index("working_day_number")["calendar_date"]
    number = received_date.map(days["working_day_number"])
    last_day = (number + np.ceil(limit)).map(last_days).astype("datetime64[us]")
    is_worked = received_date.map(days["is_working_day"]).eq(other=True)
    days_and_hours = dossiers["limit_unit"].map({"day": 86400, "hour": 3600}) * limit
    counted = (last_day + END_OF_DAY).where(~is_worked, last_day + (received_at - received_date))
    counted = counted.where(dossiers["limit_unit"] == "working_day", received_at + days_and_hours * SECOND)
    whole_day = due_at.where(due_at != due_at.dt.normalize(), due_at + END_OF_DAY)
    return whole_day.fillna(counted).astype("datetime64[us]")


def settle(dossiers: pd.DataFrame, requests: pd.DataFrame) -> None:
    """When they ended or stood still, how long the applicant was waited for, and what came of it; in place."""
    withdrawn = first_of(dossiers, "at_7", "finished_at")
    finished = first_of(dossiers, "finished_at", "at_9", "returned_at", "at_10")
    stated = by_status(dossiers, {
        9: finished,
        10: finished,
        8: first_of(dossiers, "at_8", "finished_at", "refused_at", "returned_at"),
        3: first_of(dossiers, "refused_at", "at_3", "finished_at", "returned_at"),
        7: withdrawn.where(withdrawn >= dossiers["received_at"]),
    })  # fmt: skip
    ended_at = stated.where(stated <= dossiers["delivery_date"] + END_OF_DAY)
    stopped_at = ended_at.fillna(dossiers["open_requested_at"].where(dossiers["open_requests"] == 1))
    waiting = dossiers[["row", "received_at"]].assign(stopped_at=stopped_at)
    waited_seconds = dossiers["row"].map(waited(requests, waiting)).fillna(0).astype("int64")
    compared_at = stopped_at - waited_seconds * SECOND

    deadline_at, received_at = dossiers["deadline_at"], dossiers["received_at"]
    has_ended = ended_at.notna()
    dossiers["outcome"] = np.select(
        [
            received_at.isna(),
            deadline_at.isna(),
            ~has_ended & (dossiers["open_requests"] > 1),
            stopped_at.isna(),
            compared_at > deadline_at,
            ~has_ended,
            compared_at.dt.normalize() < deadline_at.dt.normalize(),
        ],
        ["", "no_deadline", "overdue", "open", "overdue", "within_time", "early"],
        default="on_time",
    )
    last_moment = deadline_at + (waited_seconds + 1) * SECOND
    dossiers["within_until_date"] = last_moment.dt.normalize() - pd.Timedelta(days=1)
    taken = (compared_at - received_at) // SECOND
    dossiers["processing_seconds"] = taken.clip(lower=0).where(has_ended & received_at.notna())


def waited(requests: pd.DataFrame, dossiers: pd.DataFrame) -> pd.Series:
    """Seconds by row in which the applicant was waited for; what overlaps counts once."""
    met = requests.rename(columns={"received_at": "met_at"}).merge(dossiers, on="row")
    met["start"] = met[["requested_at", "received_at"]].max(axis=1)
    met["until"] = met[["met_at", "stopped_at"]].min(axis=1)
    met = met.sort_values(["row", "start", "until"])
    met["before"] = met.groupby("row")["until"].cummax().groupby(met["row"]).shift()
    seconds = (met["until"] - met[["start", "before"]].max(axis=1)) // SECOND
    return seconds.clip(lower=0).groupby(met["row"]).sum()


def daily(dossiers: pd.DataFrame) -> pd.DataFrame:
    """Counts by unit and day."""
    outcome, is_received = dossiers["outcome"], dossiers["received_at"].notna()
    has_obligation = dossiers["is_fee_bearing"] & ~dossiers["is_free"]
    of_received = {
        "dossiers_received": True,
        **{name: outcome == name for name in NOT_COUNTED_AGAINST},
        "with_obligation": has_obligation,
        "paid_online": has_obligation & dossiers["paid_online_code"].isin([1, 2]),
        "with_electronic_result": dossiers["has_electronic_result"],
        "digitised": dossiers["has_submitted_file"] & dossiers["has_result_file"],
        "with_reused_data": dossiers["has_reused_document"],
        "from_personal_store": dossiers["has_stored_document"],
        "with_population_data": dossiers["has_population_data"],
        "cross_boundary": dossiers["received_unit_code"].notna()
        & dossiers["unit_code"].notna()
        & (dossiers["received_unit_code"] != dossiers["unit_code"]),
        "satisfied": outcome.isin(NOT_COUNTED_AGAINST) & ~dossiers["is_petitioned"],
    }
    is_online = (dossiers["channel_code"] == 2) & (
        ~dossiers["returns_paper_result"] | dossiers["has_electronic_result"]
    )
    counted = pd.DataFrame({
        "unit_code": dossiers["unit_code"],
        "counted_date": dossiers["filed_date"],
        **{name: is_received & flag for name, flag in of_received.items()},
        "dossiers_ended": dossiers["processing_seconds"].notna(),
        "processing_seconds": dossiers["processing_seconds"].fillna(0).astype("int64"),
        "dossiers_filed": True,
        "filed_online": is_online,
    })  # fmt: skip
    # Rows without unit or day are in no group.
    group = ["unit_code", "counted_date"]
    newest = dossiers.groupby(["unit_code", "filed_date"], sort=False)["delivery_date"].max()
    return counted.groupby(group, sort=False).sum().assign(newest_delivery_date=newest).reset_index()


def open_daily(dossiers: pd.DataFrame) -> pd.DataFrame:
    """Open dossiers by unit, day of receipt and last day within time."""
    still = dossiers[dossiers["outcome"] == "open"]
    counted = still.assign(
        counted_date=still["received_at"].dt.normalize(), within_time=1, satisfied=~still["is_petitioned"]
    )
    groups = counted.groupby(["unit_code", "counted_date", "within_until_date"], sort=False)
    return groups[["within_time", "satisfied"]].sum().reset_index()


def write(made: pd.DataFrame, file: Path) -> None:
    """Days as dates."""
    table = pa.Table.from_pandas(made, preserve_index=False)
    days = [
        pa.field(one.name, pa.date32()) if pa.types.is_timestamp(one.type) else one for one in table.schema
    ]
    pq.write_table(table.cast(pa.schema(days)), file)


def make(settings: Settings, folder: Path, watch: Watch) -> Mapping[str, str]:
    """Both files in `folder`."""
    watch.begin("pandas")
    tables = {name: frame(table) for name, table in peer.reference(settings).items()}
    statuses = tables["statuses"]
    step = steps(settings, statuses)
    versions, requests = read(settings, list(tables["cash"]["collection_form_code"]))
    versions["row"] = versions.index
    versions = versions.drop(index=superseded(versions, step, statuses)).join(step, on="dossier_code")
    del step
    repair(versions, statuses)
    dossiers = look_up(versions, tables)
    del versions
    dossiers["deadline_at"] = deadline(dossiers, tables["calendar"])
    settle(dossiers, requests)
    write(daily(dossiers), folder / "daily.parquet")
    write(open_daily(dossiers), folder / "open_daily.parquet")
    return {}


if __name__ == "__main__":
    peer.main(make, "pandas", "pyarrow")
