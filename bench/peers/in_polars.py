"""The counts of a day in Polars: what `bench/floors/dossiers.sql` does, as lazy frames on the streaming engine.

Here: reading the lake, current versions, how they were settled, counts by unit and day. Not here: what is the same in
each peer (`peer.py`).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from pathlib import Path

import polars as pl

from bench.peers import peer
from bench.watch import Watch
from orchestration.settings import Settings

Tables = Mapping[str, pl.DataFrame]

NOT_COUNTED_AGAINST = ("early", "on_time", "within_time", "no_deadline")
MOMENTS = ("submitted_at", "received_at", "finished_at", "returned_at", "refused_at")
STATUS_MOMENTS = tuple(f"at_{status}" for status in peer.STATUSES)


def item(field: str) -> pl.Expr:
    """A field of an element of a list."""
    return pl.element().struct.field(field)


def some(nested: str, condition: pl.Expr) -> pl.Expr:
    """Whether an element of a list meets a condition."""
    return pl.col(nested).list.eval(condition.fill_null(value=False)).list.any()


def count(nested: str, condition: pl.Expr) -> pl.Expr:
    """How many elements of a list meet a condition."""
    return pl.col(nested).list.eval(condition.fill_null(value=False)).list.sum()


def latest(nested: str, moment: pl.Expr) -> pl.Expr:
    """The latest moment of the elements of a list."""
    return pl.col(nested).list.eval(moment).list.max()


def today(code: pl.Expr) -> pl.Expr:
    """An agency's code in the order of today: `000.00.95.H19` is `H19.95`."""
    parts = code.str.replace("^000[.](00[.])*", "").str.split(".")
    return pl.when(code.str.starts_with("000.")).then(parts.list.reverse().list.join(".")).otherwise(code)


def own_result(*conditions: pl.Expr) -> pl.Expr:
    """Whether a result that meets the conditions is no copy of a document that was submitted."""
    is_meant = reduce(lambda both, one: both & one, conditions)
    ids = pl.col("results").list.eval(pl.when(is_meant).then(item("document_id").fill_null("")))
    submitted = pl.col("submitted_documents").list.eval(item("document_id"))
    return ids.list.drop_nulls().list.set_difference(submitted).list.len() > 0


def scan(settings: Settings, dataset: str) -> pl.LazyFrame:
    """A dataset of the lake; older batches lack columns."""
    return pl.scan_parquet(
        peer.lake_files(settings, dataset),
        hive_partitioning=False,
        missing_columns="insert",
        extra_columns="ignore",
    )


def flat(dossiers: pl.LazyFrame, cash: list[str]) -> pl.LazyFrame:
    """One row a version; of its lists what is asked of them, and `supplements`."""
    stands = ~item("is_deleted").fill_null(value=False)
    is_open = item("requested_at").is_not_null() & item("received_at").is_null()
    is_priced = item("price").fill_null(1.0) != 0
    is_cash = item("collection_form_code").is_in(cash).fill_null(value=False)
    return dossiers.select(
        "dossier_code",
        "procedure_code",
        "delivery_date",
        "due_at",
        "status_code",
        "supplements",
        *MOMENTS,
        pl.col("precedence").fill_null(1),
        pl.col("channel_code").fill_null(1),
        pl.col("paid_online_code").fill_null(0),
        agency=today(pl.col("dossier_code").str.extract("^([^-]*)", 1)),
        place=today(pl.col("received_place_code")),
        own_moment_at=pl.max_horizontal(
            *MOMENTS,
            latest("supplements", item("requested_at")),
            latest("supplements", item("received_at")),
        ),
        open_requests=count("supplements", is_open),
        open_requested_at=latest("supplements", pl.when(is_open).then(item("requested_at"))),
        priced=count("fees", is_priced),
        priced_not_cash=count("fees", is_priced & ~is_cash),
        fee_lines=pl.col("fees").list.len(),
        has_submitted_file=some("submitted_documents", stands & item("document_id").is_not_null()),
        has_reused_document=some("submitted_documents", stands & item("is_reused")),
        has_stored_document=some("submitted_documents", stands & item("is_from_national_store")),
        has_result_file=own_result(item("has_file")),
        has_electronic_result=own_result(item("has_file"), item("result_code").is_not_null()),
        has_population_data=pl.col("database_codes").list.contains("7").fill_null(value=False),
    )


def steps(progress: pl.LazyFrame, statuses: pl.DataFrame) -> pl.LazyFrame:
    """One row a dossier with progress: when it last entered each state, and its last step."""
    entered = {
        name: pl.when(pl.col("status_code") == status).then("acted_at").max()
        for name, status in zip(STATUS_MOMENTS, peer.STATUSES, strict=True)
    }
    order = pl.col("acted_at").dt.epoch("s") * 16 + pl.col("progress_order")
    return (
        progress.select("dossier_code", pl.col("precedence").fill_null(1), "status_code", "acted_at")
        .filter(pl.col("acted_at").is_not_null())
        .join(statuses.lazy(), on="status_code")
        .group_by("dossier_code", "precedence")
        .agg(last_order=order.max(), **entered)
        .drop("precedence")
    )


def chosen(contested: pl.DataFrame, step: pl.DataFrame, statuses: pl.DataFrame) -> pl.DataFrame:
    """Of dossiers that came more than once the row that is current."""
    entered = [
        pl.when(pl.col("status_code") == status).then(name)
        for name, status in zip(STATUS_MOMENTS, peer.STATUSES, strict=True)
    ]
    order = {"precedence": False, "source_moment_at": True, "progress_order": True, "own_moment_at": True,
             "delivery_date": True}  # fmt: skip
    return (
        contested.join(step, on="dossier_code", how="left")
        .join(statuses, on="status_code", how="left")
        .with_columns(
            pl.col("progress_order").fill_null(0),
            source_moment_at=pl.max_horizontal("own_moment_at", pl.coalesce(entered)),
        )
        .sort(list(order), descending=list(order.values()), nulls_last=True)
        .unique("dossier_code", keep="first", maintain_order=True)
        .select("row")
    )


def known(current: pl.LazyFrame, step: pl.DataFrame, statuses: pl.DataFrame) -> pl.LazyFrame:
    """Current versions with their progress, and what exporters get wrong put right."""
    last = statuses.lazy().rename({"status_code": "last_status", "progress_order": "last_step"})
    status = pl.col("status_code")
    is_not_finished = (
        (status == 9)
        & pl.col("at_9").is_null()
        & pl.col("at_10").is_null()
        & pl.col("last_status").is_in([5, 6, 8])
    )
    is_behind = (
        ~status.is_in([3, 7, 8, 9, 10])
        & pl.col("is_end")
        & (pl.col("last_order") >= pl.col("own_moment_at").dt.epoch("s") * 16)
    )
    is_copied = (pl.col("submitted_at") == pl.col("received_at")) & (pl.col("at_1") < pl.col("received_at"))
    is_cash = (
        pl.col("paid_online_code").is_in([1, 2]) & (pl.col("priced") > 0) & (pl.col("priced_not_cash") == 0)
    )
    return (
        current.join(step.lazy(), on="dossier_code", how="left")
        .with_columns(last_step=(pl.col("last_order") % 16).cast(pl.Int32))
        .join(last, on="last_step", how="left")
        .with_columns(
            submitted_at=pl.when(is_copied).then("at_1").otherwise("submitted_at"),
            finished_at=pl.when(is_not_finished).then(None).otherwise("finished_at"),
            status_code=pl.when(is_not_finished | is_behind).then("last_status").otherwise("status_code"),
            paid_online_code=pl.when(is_cash).then(0).otherwise("paid_online_code"),
        )
        .with_columns(filed_date=pl.coalesce("received_at", "submitted_at").dt.date())
    )


def procedures_of(dossiers: pl.DataFrame, procedures: pl.DataFrame) -> pl.DataFrame:
    """What the catalogue said of each procedure on each day on which it was filed."""
    return (
        dossiers.select("procedure_code", "filed_date")
        .drop_nulls()
        .unique()
        .sort("filed_date")
        .join_asof(
            procedures.sort("valid_from"),
            left_on="filed_date",
            right_on="valid_from",
            by="procedure_code",
            check_sortedness=False,
        )
        .filter(pl.col("valid_to").is_null() | (pl.col("filed_date") <= pl.col("valid_to")))
        .select(
            "procedure_code",
            "filed_date",
            "statutory_limit",
            "limit_unit",
            "returns_paper_result",
            "is_fee_bearing",
        )
    )


def due(dossiers: pl.DataFrame, tables: Tables) -> pl.LazyFrame:
    """What they are looked up in, and until when they were to be settled."""
    units, places = (
        tables["units"].lazy().rename({"agency_code": agency, "unit_code": unit})
        for agency, unit in (("agency", "unit_code"), ("place", "received_unit_code"))
    )
    days = tables["calendar"].lazy().rename({"calendar_date": "counted_from"})
    last_days = tables["calendar"].lazy().filter(pl.col("is_working_day"))
    received, day = pl.col("received_at"), pl.col("received_at").dt.date()
    limit = pl.col("statutory_limit")
    return (
        dossiers.lazy()
        .join(
            procedures_of(dossiers, tables["procedures"]).lazy(),
            on=["procedure_code", "filed_date"],
            how="left",
        )
        .join(units, on="agency", how="left")
        .join(places, on="place", how="left")
        .join(
            tables["petitioned"].lazy().with_columns(is_petitioned=True),
            on="dossier_code",
            how="left",
        )
        .with_columns(
            pl.col("is_petitioned").fill_null(value=False),
            counted_from=pl.when(pl.col("due_at").is_null()).then(day),
        )
        .join(days, on="counted_from", how="left")
        .with_columns(last_number=(pl.col("working_day_number") + limit.ceil()).cast(pl.Int32))
        .join(
            last_days.select(last_day="calendar_date", last_number="working_day_number"),
            on="last_number",
            how="left",
        )
        .with_columns(
            deadline_at=pl.when(pl.col("due_at") == pl.col("due_at").dt.truncate("1d"))
            .then(end_of(pl.col("due_at").dt.date()))
            .when(pl.col("due_at").is_not_null())
            .then("due_at")
            .when((pl.col("limit_unit") == "working_day") & pl.col("is_working_day"))
            .then(pl.col("last_day").cast(pl.Datetime("us")) + (received - received.dt.truncate("1d")))
            .when(pl.col("limit_unit") == "working_day")
            .then(end_of(pl.col("last_day")))
            .when(pl.col("limit_unit") == "day")
            .then(received + seconds(limit * 86400))
            .when(pl.col("limit_unit") == "hour")
            .then(received + seconds(limit * 3600))
        )
    )


def end_of(day: pl.Expr) -> pl.Expr:
    """The last second of a day."""
    return day.cast(pl.Datetime("us")) + pl.duration(seconds=86399)


def seconds(number: pl.Expr) -> pl.Expr:
    """So many seconds, as a duration."""
    return pl.duration(microseconds=(number * 1_000_000).round().cast(pl.Int64))


def stopped(dossiers: pl.LazyFrame) -> pl.LazyFrame:
    """When they ended, or stood still."""
    status, ended = pl.col("status_code"), pl.coalesce("at_7", "finished_at")
    stated_end_at = (
        pl.when(status.is_in([9, 10]))
        .then(pl.coalesce("finished_at", "at_9", "returned_at", "at_10"))
        .when(status == 8)
        .then(pl.coalesce("at_8", "finished_at", "refused_at", "returned_at"))
        .when(status == 3)
        .then(pl.coalesce("refused_at", "at_3", "finished_at", "returned_at"))
        .when((status == 7) & (ended >= pl.col("received_at")))
        .then(ended)
    )
    return dossiers.with_columns(stated_end_at=stated_end_at).with_columns(
        ended_at=pl.when(pl.col("stated_end_at") <= end_of(pl.col("delivery_date"))).then("stated_end_at")
    ).with_columns(
        stopped_at=pl.coalesce("ended_at", pl.when(pl.col("open_requests") == 1).then("open_requested_at"))
    )  # fmt: skip


def waited(dossiers: pl.DataFrame) -> pl.DataFrame:
    """Seconds by row in which the applicant was waited for; what overlaps counts once."""
    request = pl.col("supplements").struct
    before = pl.col("until").cum_max().shift(1).over("row")
    start = pl.max_horizontal("start", before)
    return (
        dossiers.filter(pl.col("supplements").list.len() > 0)
        .select("row", "received_at", "stopped_at", "supplements")
        .explode("supplements", empty_as_null=False)
        .filter(request.field("received_at") > request.field("requested_at"))
        .select(
            "row",
            start=pl.max_horizontal(request.field("requested_at"), "received_at"),
            until=pl.min_horizontal(request.field("received_at"), "stopped_at"),
        )
        .sort("row", "start", "until")
        .with_columns(waited=(pl.col("until") - start).dt.total_seconds().clip(lower_bound=0))
        .group_by("row")
        .agg(waited_seconds=pl.col("waited").sum())
    )


def settled(dossiers: pl.DataFrame) -> pl.LazyFrame:
    """One row a dossier: how it was settled, and what counts it."""
    has_received, has_ended = pl.col("received_at").is_not_null(), pl.col("ended_at").is_not_null()
    compared, deadline = pl.col("compared_at"), pl.col("deadline_at")
    outcome = (
        pl.when(~has_received)
        .then(None)
        .when(deadline.is_null())
        .then(pl.lit("no_deadline"))
        .when(~has_ended & (pl.col("open_requests") > 1))
        .then(pl.lit("overdue"))
        .when(pl.col("stopped_at").is_null())
        .then(pl.lit("open"))
        .when(compared > deadline)
        .then(pl.lit("overdue"))
        .when(~has_ended)
        .then(pl.lit("within_time"))
        .when(compared.dt.date() < deadline.dt.date())
        .then(pl.lit("early"))
        .otherwise(pl.lit("on_time"))
    )
    taken = (compared.dt.epoch("s") - pl.col("received_at").dt.epoch("s")).clip(lower_bound=0)
    is_fee_bearing = pl.col("is_fee_bearing").fill_null(value=False)
    is_free = (pl.col("fee_lines") > 0) & (pl.col("priced") == 0)
    needs_no_paper = ~pl.col("returns_paper_result").fill_null(value=False)
    return (
        dossiers.lazy()
        .join(waited(dossiers).lazy(), on="row", how="left")
        .with_columns(pl.col("waited_seconds").fill_null(0))
        .with_columns(compared_at=pl.col("stopped_at") - pl.duration(seconds="waited_seconds"))
        .select(
            "unit_code",
            "filed_date",
            "delivery_date",
            "is_petitioned",
            "has_electronic_result",
            "has_reused_document",
            "has_stored_document",
            "has_population_data",
            received_date=pl.col("received_at").dt.date(),
            outcome=outcome,
            within_until_date=(deadline + pl.duration(seconds=pl.col("waited_seconds") + 1))
            .dt.date()
            .dt.offset_by("-1d"),
            processing_seconds=pl.when(has_ended & has_received).then(taken),
            is_filed_online=(pl.col("channel_code") == 2)
            & (needs_no_paper | pl.col("has_electronic_result")),
            has_obligation=is_fee_bearing & ~is_free,
            is_paid_online=is_fee_bearing & ~is_free & pl.col("paid_online_code").is_in([1, 2]),
            is_digitised=pl.col("has_submitted_file") & pl.col("has_result_file"),
            is_cross_boundary=(pl.col("received_unit_code") != pl.col("unit_code")).fill_null(value=False),
        )
    )


def daily(dossiers: pl.DataFrame) -> pl.DataFrame:
    """Counts by unit and day."""
    outcome, is_received = pl.col("outcome"), pl.col("received_date").is_not_null()
    is_satisfied = outcome.is_in(NOT_COUNTED_AGAINST) & ~pl.col("is_petitioned")
    of_received = {
        "with_obligation": "has_obligation",
        "paid_online": "is_paid_online",
        "with_electronic_result": "has_electronic_result",
        "digitised": "is_digitised",
        "with_reused_data": "has_reused_document",
        "from_personal_store": "has_stored_document",
        "with_population_data": "has_population_data",
        "cross_boundary": "is_cross_boundary",
    }
    return (
        dossiers.filter(pl.col("unit_code").is_not_null() & pl.col("filed_date").is_not_null())
        .group_by("unit_code", counted_date="filed_date")
        .agg(
            dossiers_received=is_received.sum(),
            **{name: (outcome == name).sum() for name in NOT_COUNTED_AGAINST},
            dossiers_ended=pl.col("processing_seconds").count(),
            processing_seconds=pl.col("processing_seconds").sum(),
            dossiers_filed=pl.len(),
            filed_online=pl.col("is_filed_online").sum(),
            **{name: (is_received & pl.col(column)).sum() for name, column in of_received.items()},
            satisfied=is_satisfied.sum(),
            newest_delivery_date=pl.col("delivery_date").max(),
        )
    )


def open_daily(dossiers: pl.DataFrame) -> pl.DataFrame:
    """Open dossiers by unit, day of receipt and last day within time."""
    return (
        dossiers.filter(pl.col("unit_code").is_not_null() & (pl.col("outcome") == "open"))
        .group_by("unit_code", "within_until_date", counted_date="received_date")
        .agg(within_time=pl.len(), satisfied=(~pl.col("is_petitioned")).sum())
    )


def make(settings: Settings, folder: Path, watch: Watch) -> Mapping[str, str]:
    """Both files in `folder`."""
    watch.begin("Polars")
    tables = {name: pl.DataFrame(table) for name, table in peer.reference(settings).items()}
    statuses = tables["statuses"]
    step = steps(scan(settings, "progress"), statuses).collect(engine="streaming")
    versions = flat(scan(settings, "dossiers"), tables["cash"].to_series().to_list())
    rows = versions.collect(engine="streaming").with_row_index("row")
    contested = rows.filter(pl.col("dossier_code").is_duplicated())
    beaten = contested.join(chosen(contested, step, statuses), on="row", how="anti")
    current = rows.lazy().join(beaten.lazy().select("row"), on="row", how="anti")
    repaired = known(current, step, statuses).collect(engine="streaming")
    del rows, step
    ended = stopped(due(repaired, tables)).collect(engine="streaming")
    del repaired
    outcomes = settled(ended).collect(engine="streaming")
    daily(outcomes).write_parquet(folder / "daily.parquet")
    open_daily(outcomes).write_parquet(folder / "open_daily.parquet")
    return {}


if __name__ == "__main__":
    peer.main(make, "polars")
