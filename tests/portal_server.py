"""A portal that behaves, or misbehaves as it is told: a real HTTP server on this machine, and what it has to answer.

`FewUnits` has real figures: the list of the nation of 10 October 2026 and a few units of Phú Thọ. `whole_country` is of
real size, with the real names of provinces and communes, and pretend figures that agree with each other. Belongs here:
what the portal may do. Does not belong here: what a capture makes of it.
"""

from __future__ import annotations

import csv
import json
import random
import ssl
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from orchestration.settings import REPOSITORY

Data = dict[str, Any]
#: What `data` of an answer is, by the last word of the path and the body of the request.
Answers = Callable[[str, Data], Data]
JSON = {"Content-Type": "application/json"}
BASE = "/api/v1/reporting/"
REFERENCE = REPOSITORY / "seeds" / "reference"


@dataclass(frozen=True)
class Asked:
    """One request as it came; `attempt` counts those of the same path and body."""

    interface: str
    body: Data
    attempt: int
    agent: str
    authorization: str | None


@dataclass(frozen=True)
class Reply:
    """What is sent: `cut` bytes of it before the connection is closed, all of it after `hold` has been set."""

    body: bytes
    status: int = 201
    headers: dict[str, str] = field(default_factory=lambda: JSON)
    cut: int | None = None
    hold: threading.Event | None = None


def answered(data: Data, code: str = "OK") -> Reply:
    """The envelope."""
    return Reply(json.dumps({"code": code, "data": data, "message": code}, ensure_ascii=False).encode())


class Portal:
    """`answers` are what it has; `before` may reply to a request in their place. A context: it serves until the end."""

    def __init__(self, answers: Answers, tls: ssl.SSLContext | None = None) -> None:
        self.answers = answers
        self.before: Callable[[Asked], Reply | None] = lambda asked: None
        self.asked: list[Asked] = []
        self.most_at_once = 0
        at_once, lock = 0, threading.Lock()
        portal = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                nonlocal at_once
                with lock:
                    at_once += 1
                    portal.most_at_once = max(portal.most_at_once, at_once)
                try:
                    body = self.rfile.read(int(self.headers["Content-Length"]))
                    self.reply(portal.reply(self.path, body, self.headers))
                except OSError:
                    pass  # whoever asked has gone
                finally:
                    with lock:
                        at_once -= 1

            def reply(self, reply: Reply) -> None:
                if reply.hold is not None:
                    reply.hold.wait(10)
                self.send_response(reply.status)
                for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body[: reply.cut])
                self.close_connection = reply.cut is not None

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls is not None:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        scheme, host = ("https", "localhost") if tls else ("http", "127.0.0.1")
        self.url = f"{scheme}://{host}:{self.server.server_port}{BASE}"

    def __enter__(self) -> Portal:
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def reply(self, path: str, body: bytes, headers: Message) -> Reply:
        interface, asked = path.rpartition("/")[2], json.loads(body)
        attempt = 1 + sum((one.interface, one.body) == (interface, asked) for one in self.asked)
        self.asked.append(Asked(interface, asked, attempt, headers["User-Agent"], headers["Authorization"]))
        return self.before(self.asked[-1]) or answered(self.answers(interface, asked))


@contextmanager
def serving(answers: Answers) -> Iterator[Portal]:
    """A portal that has `answers`."""
    with Portal(answers) as portal:
        yield portal


class FewUnits:
    """Real figures of the nation, and of a few units of Phú Thọ, whichever period or province is asked for."""

    def __init__(self) -> None:
        sample = REPOSITORY / "seeds" / "samples" / "portal" / "service_results_2026-10-10.json"
        self.provinces = [
            _of_nation(f"id-{row['departmentCode']}", row["departmentCode"], row["departmentName"],
                       {"CLGQ" if code == "ONLINE" else code: score for code, score in row["groupScores"].items()},
                       row["totalScore"])
            for row in json.loads(sample.read_text(encoding="utf-8"))["provinces"]
        ]  # fmt: skip
        file = Path(__file__).with_name("portal_answers_H44.json")
        self.groups: Data = json.loads(file.read_text(encoding="utf-8"))
        for row in self.provinces:
            if row["departmentCode"] == "H44":
                row["departmentId"] = self.groups["transparency"]["overview"]["departmentId"]

    def __call__(self, interface: str, body: Data) -> Data:
        return nation(self.provinces) if interface == "service-results" else deepcopy(self.groups[interface])


def _of_nation(id_: str, code: str, name: str, groups: dict[str, float], total: float) -> Data:
    return {
        "departmentId": id_, "departmentCode": code, "departmentName": name, "totalScore": total, "ratio": total,
        "scoreDelta": None, "groupScores": groups,
    }  # fmt: skip


def nation(provinces: Iterable[Data]) -> Data:
    """`service-results` of the nation: rows by total, descending, ties by name."""
    rows = sorted(deepcopy(list(provinces)), key=lambda row: (-row["totalScore"], row["departmentName"]))
    mean = round(sum(row["totalScore"] for row in rows) / len(rows), 2)
    return {
        "overview": {"departmentName": "Cả nước", "departmentCode": None, "totalScore": mean, "totalMaxScore": 100},
        "growthPercent": None, "radar": [], "donuts": [], "evaluation": rows, "monthlyChart": [], "dossierChart": [],
    }  # fmt: skip


def paged(data: Data, body: Data, most: int) -> Data:
    """The page of a metric list that `body` asks for, with at most `most` rows."""
    size = min(body["pageSize"], most)
    rows, page = data["evaluation"], body["currentPage"]
    pagination = {
        "total": len(rows),
        "currentPage": page,
        "pageSize": size,
        "totalPages": -(-len(rows) // size),
    }
    return {**data, "evaluation": rows[(page - 1) * size : page * size], "pagination": pagination}


#: The metrics of each list, in the order in which the portal shows them, and what each counts.
LISTS = {
    "transparency": ("PUBLISH_ON_TIME", "PUBLIC_UPDATE_ON_TIME", "PUBLIC_CONTENT_FULL", "DOSSIER_SYNC"),
    "handling-satisfaction": (
        "PETITION_CLASSIFICATION_TTHC", "DOSSIER_RECEIVING_SATISFACTION", "PETITION_PROCESSING_ON_TIME",
        "PETITION_HANDLING_SATISFACTION", "PETITION_CLASSIFICATION_STAFF",
    ),
    "dossier-digitized": (
        "ORIGINAL_RESULT_AVAILABLE", "SO_HOA_GIAY_TO_GIAI_QUYET", "REUSED_DIGITIZED_DATA",
        "SYNCED_WITH_DVCQG_PERSONAL_STORAGE", "CITIZEN_DATA_CONNECTED_DOSSIER", "CITIZEN_DATA_CONNECTED_FORMALITY",
        "ELECTRONIC_CERTIFIED_COPY",
    ),
}  # fmt: skip
GROUPS = {
    "transparency": ("CKMB", 18), "handling-satisfaction": ("MDHL", 18), "dossier-digitized": ("MDSH", 22),
    "dvc-progress-tree": ("TDGQ", 20), "provide-online-tree": ("CLGQ", 12), "formality-online-payment-tree": ("TTTT", 10),
}  # fmt: skip
DEPARTMENTS = (
    "Sở Nội vụ", "Sở Tài chính", "Sở Tư pháp", "Sở Xây dựng", "Sở Y tế", "Sở Công Thương", "Sở Giáo dục và Đào tạo",
    "Sở Khoa học và Công nghệ", "Sở Nông nghiệp và Môi trường", "Sở Văn hóa, Thể thao và Du lịch",
    "Sở Dân tộc và Tôn giáo", "Sở Ngoại vụ", "Ban Quản lý Khu kinh tế", "Thanh tra tỉnh",
)  # fmt: skip
_PETITIONS, _PROCEDURES = "PETITION", ("PUBLISH", "PUBLIC_", "CITIZEN_DATA_CONNECTED_FORMALITY")
_IN_LISTS = 0.98


def _table(name: str) -> list[dict[str, str]]:
    with (REFERENCE / name).open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


@dataclass(frozen=True)
class Unit:
    """A unit below a province, and what there is to count of it."""

    code: str
    name: str
    kind: str
    dossiers: int
    petitions: int
    procedures: int

    @property
    def id(self) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, self.code))


class Country:
    """34 provinces with all their departments and communes; the same for the same seed, whichever period is asked for.

    A metric's ratio is 100 times numerator by denominator, its score the share of the full mark, each rounded to two
    places; a group is the sum of its rounded metrics, a total the sum of its groups. Counts of a province are those of
    its units together. `most_rows` is how many a page of a list has at most.
    """

    def __init__(self, seed: int, most_rows: int = 1000) -> None:
        self.seed, self.most_rows = seed, most_rows
        self.names = {row["metric_code"]: row["name_vi"] for row in _table("indicators.csv")}
        self.rules = {
            row["metric_code"]: (float(row["max_score"]), float(row["full_mark_ratio"]))
            for row in _table("scoring_rules.csv")
            if row["regime"] == "portal_2026"
        }
        self.communes: dict[str, list[dict[str, str]]] = {}
        for row in _table("communes.csv"):
            self.communes.setdefault(row["province_code"], []).append(row)
        self.provinces = _table("provinces.csv")
        self.codes = {row["unit_code"]: row["agency_code"] for row in _table("portal_unit_codes.csv")}
        self.by_id = {self.id_of(row["agency_code"]): row for row in self.provinces}
        self.made: dict[str, dict[str, Data]] = {}

    def __call__(self, interface: str, body: Data) -> Data:
        if interface == "service-results":
            return nation(self.of_nation)
        data = deepcopy(self.groups_of(self.by_id[body["rootDepartmentId"]])[interface])
        return paged(data, body, self.most_rows) if interface in LISTS else data

    @staticmethod
    def id_of(agency: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, agency))

    @cached_property
    def of_nation(self) -> list[Data]:
        """Rows of the list of the nation."""
        return [self._province(row) for row in self.provinces]

    def _province(self, row: dict[str, str]) -> Data:
        scores = {}
        for interface, data in self.groups_of(row).items():
            scores[GROUPS[interface][0]] = data["overview" if interface in LISTS else "parent"]["totalScore"]
        total = round(sum(scores.values()), 2)
        return _of_nation(
            self.id_of(row["agency_code"]), row["agency_code"], self.name_of(row), scores, total
        )

    def name_of(self, row: dict[str, str]) -> str:
        return f"UBND {_kind(row)} {row['name_vi']}"

    def units_of(self, row: dict[str, str]) -> list[Unit]:
        """Departments first, then communes, as their codes count them."""
        chance = random.Random(f"{self.seed} {row['agency_code']}")
        of_province = f" - {_kind(row)} {row['name_vi']}"
        named = [(f"{name}{of_province}", "AGENCY", "") for name in DEPARTMENTS]
        for commune in self.communes[row["province_code"]]:
            kind, _, rest = commune["name_vi"].partition(" ")
            if kind == "Đặc":  # of two words
                kind, rest = "Đặc khu", rest.removeprefix("khu ")
            named.append(
                (f"UBND {kind.lower()} {rest}", "COMMUNE", self.codes.get(commune["commune_code"], ""))
            )
        return [
            Unit(code or f"{row['agency_code']}.{number:02}", name, kind, dossiers=0 if chance.random() < 0.03
                 else chance.randint(5, 9000), petitions=0 if chance.random() < 0.4 else chance.randint(1, 60),
                 procedures=chance.randint(1, 90))
            for number, (name, kind, code) in enumerate(named, start=1)
        ]  # fmt: skip

    def groups_of(self, row: dict[str, str]) -> dict[str, Data]:
        """`data` of the six interfaces for a province."""
        code = row["agency_code"]
        if code not in self.made:
            units = self.units_of(row)
            self.made[code] = {
                interface: self._list(interface, row, units)
                if interface in LISTS
                else self._tree(interface, row, units)
                for interface in GROUPS
            }
        return self.made[code]

    def _list(self, interface: str, row: dict[str, str], units: list[Unit]) -> Data:
        chance = random.Random(f"{self.seed} {row['agency_code']} {interface}")
        rows, counts = [], Counter[tuple[str, str]]()
        for unit in _listed(units, chance):
            metrics = []
            for code in LISTS[interface]:
                there = unit.petitions if code.startswith(_PETITIONS) else (
                    unit.procedures if code.startswith(_PROCEDURES) else unit.dossiers
                )  # fmt: skip
                done = there if code == "DOSSIER_SYNC" else round(there * chance.random())
                counts[code, "numerator"] += done
                counts[code, "denominator"] += there
                metrics.append(self._metric(code, done, there))
            rows.append({
                "departmentId": unit.id, "departmentName": unit.name, "departmentType": unit.kind, "departmentLevel": 2,
                **self._group(interface, metrics), "metrics": metrics,
            })  # fmt: skip
        metrics = [
            self._metric(code, counts[code, "numerator"], counts[code, "denominator"])
            for code in LISTS[interface]
        ]
        overview = {
            "departmentId": self.id_of(row["agency_code"]), "departmentName": self.name_of(row),
            **self._group(interface, metrics), "averageScore": None, "scoreDelta": None, "metrics": metrics,
        }  # fmt: skip
        return {"overview": overview, "evaluation": rows, "pagination": None, "source": "DVCQG"}

    def _metric(self, code: str, done: int, there: int) -> Data:
        most, full = self.rules.get(code, (0.0, 1.0))
        numbers: Data = {"numerator": done, "denominator": there}
        ratio: float | None
        score: float | None
        is_petition = code.startswith(_PETITIONS)
        if code == "ELECTRONIC_CERTIFIED_COPY":
            numbers, ratio, score = {"numerator": None, "denominator": None}, 100.0, most
        elif there:
            ratio = round(100 * done / there, 2)
            score = round(most * min(1, done / there / full), 2)
        elif code == "DOSSIER_RECEIVING_SATISFACTION" or is_petition:
            ratio, score = 0.0, most if is_petition else 0.0
        else:
            ratio = score = None
        status = {} if code != "DOSSIER_SYNC" else {
            "dataQualityStatus": "TEMP_NATIONAL_REPORT_DENOMINATOR" if there else "NO_NATIONAL_REPORT_DATA"
        }  # fmt: skip
        return {
            "code": code, "name": self.names[code], **numbers, "ratio": ratio, "score": score if most else None,
            "maxScore": most, **status,
        }  # fmt: skip

    @staticmethod
    def _group(interface: str, metrics: list[Data]) -> Data:
        total, most = round(sum(one["score"] or 0 for one in metrics), 2), GROUPS[interface][1]
        return {"totalScore": total, "totalMaxScore": most, "ratio": round(100 * total / most, 2)}

    def _tree(self, interface: str, row: dict[str, str], units: list[Unit]) -> Data:
        chance = random.Random(f"{self.seed} {row['agency_code']} {interface}")
        make = {"dvc-progress-tree": _progress, "provide-online-tree": _online}.get(interface, _payment)
        children, sums = [], Counter[str]()
        for unit in _listed(units, chance):
            counts, child = make(unit, chance)
            sums.update(counts)
            about = {"departmentId": unit.id, "departmentCode": unit.code, "departmentName": unit.name}
            children.append({**about, "departmentType": unit.kind, **child})
        parent = {
            "departmentId": self.id_of(row["agency_code"]), "departmentCode": row["agency_code"],
            "departmentName": self.name_of(row), **_PARENTS[interface](sums),
        }  # fmt: skip
        chart = "label" if interface == "provide-online-tree" else "month"
        return {"parent": parent, "children": children,
                "monthlyChart": [{chart: f"{month:02}"} for month in range(1, 13)]}  # fmt: skip


def _listed(units: list[Unit], chance: random.Random) -> list[Unit]:
    """Each of the six leaves out a few."""
    return [unit for unit in units if chance.random() < _IN_LISTS]


def _kind(row: dict[str, str]) -> str:
    return "thành phố" if row["unit_type"] == "city" else "tỉnh"


def _share(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


def _totals(total: float, most: int) -> Data:
    return {"totalScore": total, "totalMaxScore": most, "ratio": round(100 * total / most, 2)}


def _progress(unit: Unit, chance: random.Random) -> tuple[dict[str, int], Data]:
    in_time = round(unit.dossiers * (0.5 + chance.random() / 2))
    days = round(20 * chance.random(), 2)
    share = _share(in_time, unit.dossiers)
    counts = {"totalReceived": unit.dossiers, "totalOnTime": in_time}
    return counts, {
        **counts, "totalOverdue": unit.dossiers - in_time, "avgProcessingDays": days, "ratio": round(100 * share, 2),
        "score": round(20 * share, 2), "maxScore": 20, "scoreDelta": None,
    }  # fmt: skip


def _progress_parent(sums: Counter[str]) -> Data:
    share = _share(sums["totalOnTime"], sums["totalReceived"])
    return {
        "totalReceived": sums["totalReceived"], "totalOnTime": sums["totalOnTime"],
        "totalCompleted": round(0.8 * sums["totalReceived"]), "avgProcessingDays": 4.1, "ratio": round(100 * share, 2),
        "totalScore": round(20 * share, 2), "totalMaxScore": 20,
    }  # fmt: skip


def _online(unit: Unit, chance: random.Random) -> tuple[dict[str, int], Data]:
    offered = round(unit.procedures * (0.4 + chance.random() / 2))
    full = round(offered * chance.random())
    used, online = round(offered * chance.random()), round(unit.dossiers * (0.9 + chance.random() / 10))
    counts = {
        "authorityCount": unit.procedures, "partialCount": offered - full, "fullCount": full,
        "onlineDossierCount": used, "onlineServiceTotal": offered, "channelOnlineSum": online,
        "channelDirectSum": unit.dossiers - online, "channelPostalSum": 0, "channelTotalSum": unit.dossiers,
        "onlineOnTimeSum": online - online // 10, "onlineOverdueSum": online // 10,
    }  # fmt: skip
    return counts, _totals(_online_score(counts), 12)


def _online_score(counts: dict[str, int] | Counter[str]) -> float:
    offered = _share(counts["partialCount"] + counts["fullCount"], counts["authorityCount"])
    used = _share(counts["onlineDossierCount"], counts["onlineServiceTotal"])
    online = _share(counts["channelOnlineSum"], counts["channelTotalSum"])
    return round(2 * min(1, offered / 0.8) + 4 * used + 6 * min(1, online / 0.5), 2)


def _payment(unit: Unit, chance: random.Random) -> tuple[dict[str, int], Data]:
    owed, fees = round(unit.dossiers * chance.random()), round(unit.procedures * chance.random())
    counts = {
        "totalDossierOnlinePaymentSuccess": round(owed * chance.random()), "totalDossierFinancialObligation": owed,
        "totalDossierOnlineFormalityPaymentSuccess": round(fees * chance.random()),
        "totalFeeDossierFormalityDistinct": fees, "totalFeeDossierFormality": round(fees * chance.random()),
        "totalFeeFormality": fees,
    }  # fmt: skip
    return counts, {**_totals(_payment_score(counts), 10), **counts}


def _payment_score(counts: dict[str, int] | Counter[str]) -> float:
    paid = _share(counts["totalDossierOnlinePaymentSuccess"], counts["totalDossierFinancialObligation"])
    online = _share(counts["totalDossierOnlineFormalityPaymentSuccess"], counts["totalFeeFormality"])
    integrated = _share(counts["totalFeeDossierFormality"], counts["totalFeeFormality"])
    return round(round(6 * paid, 2) + round(min(2, 2.5 * online), 2) + round(min(2, 2.5 * integrated), 2), 2)


_PARENTS: dict[str, Callable[[Counter[str]], Data]] = {
    "dvc-progress-tree": _progress_parent,
    "provide-online-tree": lambda sums: {**_totals(_online_score(sums), 12), **sums},
    "formality-online-payment-tree": lambda sums: {**_totals(_payment_score(sums), 10), **sums},
}


def whole_country(seed: int, most_rows: int = 1000) -> Country:
    """What a `Portal` of real size answers."""
    return Country(seed, most_rows)
