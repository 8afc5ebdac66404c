"""A sender speaks for itself: what may be delivered by whom is an agreement, and holds row by row.

Belongs here: what ingestion accepts of a sender. Does not belong here: who wins of two (the unit tests of dbt),
and what a night makes of a forged delivery.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orchestration.ingestion.lake import promote
from orchestration.ingestion.landing import SOURCES
from orchestration.ingestion.portal import run as batch
from orchestration.ingestion.rights import Right, Rights, Scope, load_rights, national
from tests.unit.ingestion.record_workplace import ROOT, Records, as_lines, good
from validated_files import InvalidFileError

AGREED = load_rights(ROOT / "seeds/agreements/delivery_rights.csv")
OWN = ["H19-250701-0001", "H19.95-250701-0001", "h19.95.01-250701-0002", "000.00.95.H19-250701-0003",
       "000.01.95.H19-250701-0004", "000.00.00.H19-250701-0005"]  # fmt: skip
#: Another province; one of its units; one whose unit is called as we are; both written backwards; a code that begins
#: with ours.
FOREIGN = ["H20-250701-0001", "H20.95-250701-0001", "H20.H19-250701-0001", "000.00.H19.H20-250701-0003",
           "000.95.19.H20-250701-0004", "000.00.19.H20-250701-0005"]  # fmt: skip


def place(root: Path, source: str = "dossiers", rights: Rights = AGREED) -> Records:
    return replace(Records(root, source), rights=rights)


def dossiers(*codes: str) -> bytes:
    return as_lines([good("dossiers", MaHoSo=code) for code in codes])


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_rows_of_other_agencies_are_refused_and_own_ones_taken(tmp_path: Path, name: str) -> None:
    from tests.unit.ingestion.record_workplace import as_csv, as_envelope

    rows = [good("dossiers", MaHoSo=code) for code in OWN + FOREIGN]
    content = {"a.jsonl": as_lines, "a.json": as_envelope, "a.csv": as_csv}[name](rows)
    here = place(tmp_path)
    here.deliver(content, name)
    report = here.ingest()
    assert here.rows(report, "dossier_code") == [(code.upper(),) for code in OWN]
    (file,) = report.files
    assert (file.rows_read, file.rows_accepted, file.rows_quarantined, file.rows_foreign) == (12, 6, 6, 6)
    assert (file.status, file.reason_codes, file.may_deliver) == (
        "partly_quarantined",
        ("foreign_agency",),
        "H19",
    )
    shown = str(file.problems[0])
    assert "record 7, MaHoSo: found H20-250701-0001, expected an agency for which H19 may deliver" in shown
    assert "delivery_rights.csv" in shown


@pytest.mark.parametrize("source", ["progress", "petitions", "publication_decisions", "unit_catalogue"])
def test_it_holds_for_every_source_that_names_an_agency(tmp_path: Path, source: str) -> None:
    here = place(tmp_path, source)
    here.deliver(as_lines([good(source)]), "own.jsonl")
    here.deliver(as_lines([good(source)]), "foreign.jsonl", sender="H20")
    report = here.ingest()
    said = {file.sender: (file.status, file.rows_foreign) for file in report.files}
    assert said == {"H19": ("accepted", 0), "H20": ("quarantined", 1)}


def test_a_unit_may_not_be_hung_below_another_province(tmp_path: Path) -> None:
    here = place(tmp_path, "unit_catalogue")
    unit = good("unit_catalogue", agency_code="H19.95", unit_level="department", name_vi="Sở Y tế")
    moved = [{**unit, "parent_agency_code": code} for code in ("H20", "H19", "")]
    here.deliver(as_lines(moved))
    report = here.ingest()
    assert report.counts["rows_accepted"] == 2
    assert report.files[0].reason_codes == ("foreign_agency",)


def test_who_is_not_agreed_is_not_read_and_stops_nobody(tmp_path: Path) -> None:
    here = place(tmp_path)
    here.deliver(dossiers("H19-250701-0001"))
    for sender in ("H99", "H64", "H00", "somebody", "nation", "*", "self", "H19x", "G01"):
        here.deliver(dossiers("H19-250701-0002"), sender=sender)
    report = here.ingest()
    assert [file.sender for file in report.files] == ["H19"]
    told = {problem.reason_code for problem in report.landing_problems}
    assert told == {"unknown_sender", "foreign_source"}  # the nation is known, for other sources
    assert len(report.landing_problems) == 9
    assert "found sender somebody, expected a sender of dossiers: each province" in "".join(
        map(str, report.landing_problems)
    )


def test_an_agreement_that_is_made_later_has_the_file_read(tmp_path: Path) -> None:
    here = place(tmp_path)
    here.deliver(dossiers("H19.95-250701-0001", "H19.96-250701-0001"), sender="a-vendor")
    assert here.ingest().batch_id is None
    agreed = Rights((*AGREED.rows, Right("a-vendor", "dossiers", "H19.95")))
    report = replace(here, rights=agreed).ingest()
    assert replace(here).rows(report, "dossier_code") == [("H19.95-250701-0001",)]
    here.promote(report)
    assert replace(here, rights=agreed).ingest().batch_id is None, "the row of H19.96 stays refused"
    wider = Rights((*agreed.rows, Right("a-vendor", "dossiers", "H19.96")))
    again = replace(here, rights=wider).ingest()
    assert again.batch_id not in (None, report.batch_id)
    assert again.counts["rows_accepted"] == 2
    here.promote(again)
    assert replace(here, rights=wider).ingest().batch_id is None


def test_catalogues_and_national_totals_are_the_nation_s(tmp_path: Path) -> None:
    for source in ("procedures", "national_report_totals"):
        here = place(tmp_path / source, source)
        for sender in ("H19", "nation"):
            here.deliver(as_lines([good(source)]), sender=sender)
        report = here.ingest()
        assert [file.sender for file in report.files] == ["nation"]
        assert [problem.reason_code for problem in report.landing_problems] == ["foreign_source"]
    assert Rights((Right("v", "*", "H19"),)).of("v", "procedures") is None, (
        "of no agency, so of no province's"
    )


@pytest.mark.parametrize("runs", [1, 2])
def test_a_copy_in_a_foreign_folder_takes_nothing_from_its_owner(tmp_path: Path, runs: int) -> None:
    """H18 sorts before H19, and its copy is there first: its rows are not its own, and H19's are all the same H19's."""
    here = place(tmp_path)
    content = dossiers("H19-250701-0001", "H19-250701-0002")
    here.deliver(content, sender="H18")
    if runs == 2:
        first = here.ingest()
        assert first.counts["rows_accepted"] == 0
        here.promote(first)
    here.deliver(content, sender="H19")
    report = here.ingest()
    accepted = {file.sender: file.rows_accepted for file in report.files}
    assert accepted == {"H19": 2} | ({"H18": 0} if runs == 1 else {})
    assert here.rows(report, "distinct sender") == [("H19",)]
    here.promote(report)
    assert here.ingest().batch_id is None


def test_two_senders_who_may_both_say_it_both_say_it(tmp_path: Path) -> None:
    """Which of them wins is decided in dbt, by the agreement: so no row of either is lost before."""
    here = place(tmp_path, "petitions")
    for sender in ("H19", "nation"):
        here.deliver(as_lines([good("petitions")]), sender=sender)
    report = here.ingest()
    assert here.rows(report, "sender, petition_id") == [("H19", "PA1"), ("nation", "PA1")]


def test_a_province_answers_for_one_that_was_merged_into_it_once_the_catalogue_says_so(
    tmp_path: Path,
) -> None:
    """`H10` is gone; 70 (Binh Phuoc) went to 75, which is H19's. Before the catalogue came, nobody knew."""
    here = place(tmp_path)
    here.deliver(dossiers("H10.01-250601-0001", "H19-250701-0001"))
    first = here.ingest()
    assert first.counts["rows_accepted"] == 1
    here.promote(first)
    gone = good(
        "unit_catalogue", agency_code="H10", state_code="70", valid_to="20250630", parent_agency_code=""
    )
    catalogue = place(tmp_path, "unit_catalogue")
    catalogue.deliver(as_lines([gone]), sender="nation")
    catalogue.promote(catalogue.ingest())
    second = here.ingest()
    assert second.counts["rows_accepted"] == 2
    assert second.files[0].may_deliver == "H10, H19"
    here.deliver(dossiers("H10.01-250601-0002"), sender="H20")
    assert here.ingest().files[-1].rows_foreign == 1


def forged(payload: Any) -> Any:
    whole = payload("provinces")
    (own,) = [unit for unit in whole["provinces"] if unit["departmentCode"] == "H19"]
    own["totalScore"] = own["totalScore"] + 4.47
    return whole


def portal(workplace: Any, rights: Rights = AGREED) -> Any:
    return batch.ingest(workplace.landing, workplace.lake, workplace.quarantine, workplace.reference, rights)


def test_the_snapshot_of_the_nation_is_the_nation_s_alone(workplace: Any, payload: Any) -> None:
    workplace.deliver(payload("provinces"), "true.json", sender="nation")
    workplace.deliver(forged(payload), "better.json", sender="H19")
    workplace.deliver(payload("provinces"), "copy.json", sender="H18")
    report = portal(workplace)
    said = {file.sender: (file.status, file.reason_codes) for file in report.files}
    assert said["nation"] == ("accepted", ())
    assert said["H18"] == ("quarantined", ("foreign_agency",))
    assert "foreign_agency" in said["H19"][1]
    assert "found a snapshot of the nation from H18" in str(report.files[0].problems[0])


@pytest.mark.parametrize(("sender", "status"), [("H21", "accepted"), ("nation", "accepted"), ("H19", "quarantined"),
                                                ("000.00.00.H21", "accepted"), ("H21.17", "quarantined")])  # fmt: skip
def test_units_of_a_province_are_its_own_or_the_nation_s(
    workplace: Any, payload: Any, sender: str, status: str
) -> None:
    workplace.deliver(payload("units"), sender=sender)
    (file,) = portal(workplace).files
    assert file.status == status


def test_a_forged_scope_is_no_way_around(workplace: Any, payload: Any) -> None:
    for number, scope in enumerate(("provinces", "UnitsDetail", "", None, "ProvincesDetail ")):
        whole = forged(payload)
        whole["metadata"]["scope"] = scope
        whole["metadata"]["provinceCode"] = "H19"
        workplace.deliver(whole, f"{number}.json", sender="H19")
    assert {file.rows_accepted for file in portal(workplace).files} == {0}


@pytest.mark.parametrize("code", [*OWN, *FOREIGN, "H19", "H19.95", "H20", "H190", "XH19", ""])
def test_the_pattern_says_what_the_codes_mean(code: str) -> None:
    """By taking the code apart, as people do: the levels before the first hyphen, reversed in the old form."""
    levels = code.upper().split("-")[0].split(".")
    if levels[0] == "000":
        levels = [level for level in levels[:0:-1] if level != "00"]
    pattern = Scope("H19", ("H19",)).pattern
    assert pattern is not None
    assert (re.search(pattern, code.upper()) is not None) == (levels[0] == "H19")


def test_a_unit_speaks_for_itself_alone() -> None:
    scope = AGREED.of("H19.95", "dossiers")
    assert scope is not None and scope.pattern is not None
    codes = {"H19.95-250701-1": True, "H19.95.01-250701-1": True, "000.01.95.H19-250701-1": True,
             "H19-250701-1": False, "H19.9-250701-1": False, "H19.951-250701-1": False,
             "000.00.19.H95-250701-1": False, "000.00.00.H19-250701-1": False}  # fmt: skip
    assert {code: re.search(scope.pattern, code) is not None for code in codes} == codes


@pytest.mark.parametrize(("row", "said"), [
    ("H19,dossier,self,1,", ":2: found 'dossier' as source, expected one of "),
    ("*,dossiers,*,1,", "expected a name as sender of '*'"),
    (",dossiers,self,1,", "found '' as sender"),
    ("a-vendor,dossiers,self,1,", "'a-vendor' is none of an agency"),
    ("a-vendor,dossiers,h19,1,", "found 'h19' as agency_code"),
    ("H19,dossiers,self,first,", "found 'first' as precedence"),
    ("H19,dossiers", "found '' as agency_code"),
    ("H19,dossiers,self", "found '' as precedence"),
])  # fmt: skip
def test_an_agreement_that_cannot_be_read_says_where(tmp_path: Path, row: str, said: str) -> None:
    path = tmp_path / "delivery_rights.csv"
    path.write_text(f"sender,source,agency_code,precedence,note\n{row}\n", encoding="utf-8")
    with pytest.raises(InvalidFileError, match=re.escape(said)):
        load_rights(path)


def test_a_lake_of_before_has_no_rights_in_its_manifests(tmp_path: Path) -> None:
    """Batches written before know neither column; files are known by their paths, and read once more at most."""
    here = place(tmp_path, rights=national("H19"))
    here.deliver(dossiers("H19-250701-0001"))
    report = here.ingest()
    assert report.batch_id is not None
    manifest = promote(here.lake, "dossiers", report.batch_id) / "files.parquet"
    here.query(
        f"copy (select * exclude (rows_foreign, may_deliver) from '{manifest}') to '{manifest}.old' (format parquet)"
    )
    Path(f"{manifest}.old").replace(manifest)
    here.deliver(dossiers("H19-250701-0002"), "b.jsonl")
    assert here.ingest().counts == {**report.counts, "files": 1}


@pytest.mark.parametrize(
    "sender",
    ["\uff2819", "\u041d19", "H\uff11\uff19", "H\u0661\u0669", "H19\u200b", "\u200bH19", "H19\u0301", "Nation", "NATION",
     "nat\u0131on", "nation ", "na\u200btion", "\u0274ation", "19.H19", "H019"],
    ids=ascii,
)  # fmt: skip
def test_a_name_that_looks_like_a_sender_s_has_none_of_its_rights(sender: str) -> None:
    """Full width, Cyrillic, other digits, what is not seen, other capitals: a folder that anyone could make."""
    assert [source for source in SOURCES if AGREED.of(sender, source) is not None] == []


@pytest.mark.parametrize(
    ("sender", "agency"),
    [("H19", "H19"), ("000.00.00.H19", "H19"), ("000.00.95.H19", "H19.95"), ("h19", None), ("H19 ", None),
     ("H 19", None), ("19.00.00.H19", None)],
)  # fmt: skip
def test_a_code_is_a_sender_s_as_it_is_written_and_no_other(sender: str, agency: str | None) -> None:
    scope = AGREED.of(sender, "dossiers")
    assert (scope and scope.agencies) == (agency and (agency,))


@pytest.mark.parametrize(
    ("sender", "said"),
    [("h19", "sender h19"), ("H19 ", "sender H19  (written 'H19 ')"), ("\u041d19", r"(written '\u041d19')"),
     ("H19\u200b", r"(written 'H19\u200b')"), ("\uff2819", r"(written '\uff2819')"), ("nation\u0301", r"'nation\u0301'"),
     ("000.00.00.h19", "dossiers/2025-12-01/000.00.00.h19/a.jsonl")],
    ids=ascii,
)  # fmt: skip
def test_a_folder_beside_a_sender_s_is_refused_and_shown_as_what_it_is(
    sender: str, said: str, tmp_path: Path
) -> None:
    here = place(tmp_path)
    here.deliver(dossiers("H19-250701-0001"))
    here.deliver(dossiers("H19-250701-0002"), sender=sender)
    report = here.ingest()
    assert [(file.sender, file.rows_accepted) for file in report.files] == [("H19", 1)]
    (problem,) = report.landing_problems
    assert problem.reason_code == "unknown_sender"
    assert said in str(problem)


def test_names_that_differ_by_form_alone_are_two_senders(tmp_path: Path) -> None:
    """One agreed, one not; and both agreed: neither is taken for the other, and copies of one content are two."""
    composed, decomposed = "S\u1edf Y t\u1ebf", unicodedata.normalize("NFD", "S\u1edf Y t\u1ebf")
    one = Rights((Right(composed, "dossiers", "H19"),))
    here = place(tmp_path, rights=one)
    for sender in (composed, decomposed):
        here.deliver(dossiers("H19-250701-0001"), sender=sender)
    report = here.ingest()
    assert [file.sender for file in report.files] == [composed]
    assert r"\u0309" in str(report.landing_problems[0])
    both = replace(here, rights=Rights((*one.rows, Right(decomposed, "dossiers", "H20"))))
    accepted = {file.sender: (file.rows_accepted, file.rows_foreign) for file in both.ingest().files}
    assert accepted == {composed: (1, 0), decomposed: (0, 1)}
