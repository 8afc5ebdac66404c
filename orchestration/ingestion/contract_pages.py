"""What is written from the contracts: the sources as dbt knows them, the page of the lake, and the schemas for editors;
and from the reference data the list of metrics, as dbt must know its models when it parses.

Here: those texts. `service-index contracts` writes them, and a test finds them as they would be written now.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from pathlib import Path

from orchestration.ingestion.contracts import LINEAGE, RECORD_SOURCES, Column, Contract, ListColumn, Part
from orchestration.ingestion.landing import CONTRACTS
from orchestration.ingestion.portal.contracts import PORTAL_CONTRACTS, SERVICE_RESULTS, PortalContract
from orchestration.ingestion.records.mapping import DEFAULT, SystemMapping, read_mapping
from orchestration.settings import REPOSITORY

STAGING = REPOSITORY / "dbt_project" / "models" / "staging"
SOURCES_PAGE = STAGING / "exchange" / "_exchange__sources.yml"
PORTAL_SOURCES_PAGE = STAGING / "portal" / "_portal__sources.yml"
LAKE_PAGE = REPOSITORY / "docs" / "lake.md"
METRIC_CODES = REPOSITORY / "dbt_project" / "macros" / "scoring" / "metric_codes.sql"
_METRIC_CODES = """{{# Written by `bin/service-index contracts` from seeds/reference/indicators.csv: change that. #}}
{{% macro metric_codes() %}}
    {{{{ return([
{codes}
    ]) }}}}
{{% endmacro %}}
"""
SCHEMA_NAME = "contract.schema.json"
_MADE = "Written by `bin/service-index contracts` from seeds/agreements/contracts: change those."
_FROM_HERE = f"<!-- {_MADE} -->\n"
_SOURCES_HEAD = """# {made}
version: 2

sources:
  - name: {name}
    description: >
      {description}
    meta:
      external_location: >-
        read_parquet('{{{{ env_var("SERVICE_INDEX_DATA", "../data") }}}}/lake/{{name}}/batch=*/rows*.parquet',
        hive_partitioning = true, hive_types_autocast = false, union_by_name = true)
    tables:
"""
_EXCHANGE = """What provincial systems and their catalogues send, as ingested (docs/lake.md): one or more Parquet files a
      batch, every version kept. A dataset that nobody has sent yet is a batch of no rows."""
_PORTAL = """What the National Public Service Portal publishes, as ingested (docs/lake.md): one Parquet file a batch, only
      batches that passed their raw gate."""


def pages() -> dict[Path, str]:
    """Each file that is written from the contracts, and what it should hold."""
    written = LAKE_PAGE.read_text(encoding="utf-8").partition(_FROM_HERE)[0]
    exchange = read_mapping(REPOSITORY / "mappings" / f"{DEFAULT}.yml")
    sections = [
        _portal_section(SERVICE_RESULTS),
        *(_section(one, exchange) for one in RECORD_SOURCES.values()),
    ]
    with (REPOSITORY / "seeds" / "reference" / "indicators.csv").open(encoding="utf-8", newline="") as stream:
        codes = ",\n".join(f"        '{row['metric_code']}'" for row in csv.DictReader(stream))
    return {
        METRIC_CODES: _METRIC_CODES.format(codes=codes),
        PORTAL_SOURCES_PAGE: _sources("portal", _PORTAL, [SERVICE_RESULTS]),
        SOURCES_PAGE: _sources("exchange", _EXCHANGE, RECORD_SOURCES.values()),
        LAKE_PAGE: f"{written}{_FROM_HERE}\n" + "\n".join(sections),
        CONTRACTS / SCHEMA_NAME: _schema(Contract),
        PORTAL_CONTRACTS / SCHEMA_NAME: _schema(PortalContract),
    }


def _schema(of: type[Part]) -> str:
    return json.dumps(of.model_json_schema(), ensure_ascii=False, indent=1) + "\n"


def _sources(name: str, description: str, contracts: Iterable[Contract | PortalContract]) -> str:
    head = _SOURCES_HEAD.format(made=_MADE, name=name, description=description)
    return head + "".join(map(_dbt_table, contracts))


def _dbt_table(contract: Contract | PortalContract) -> str:
    lines = [
        f"      - name: {contract.name}",
        f"        description: {_yaml(contract.description)}",
        "        columns:",
    ]
    meanings = {"batch": "The batch of the lake."} | {name: meaning for name, (_, meaning) in LINEAGE.items()}
    meanings |= {column.name: column.description for column in contract.columns}
    for name, data_type in ({"batch": "varchar"} | contract.row_columns).items():
        lines += [f"          - name: {name}", f"            data_type: {data_type}",
                  f"            description: {_yaml(meanings[name])}"]  # fmt: skip
    return "\n".join(lines) + "\n"


def _yaml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a text of JSON is one of YAML


def _section(contract: Contract, exchange: SystemMapping) -> str:
    head = f"## `{contract.name}`\n\n{contract.description}\n"
    table = "\n".join(["| column | type | in the exchange format | meaning |", "|---|---|---|---|"])
    return "\n".join([head, table, *_lines(contract, exchange), ""])


def _portal_section(contract: PortalContract) -> str:
    head = f"## `{contract.name}`\n\n{contract.description}\n"
    lines = ["| column | type | meaning |", "|---|---|---|"]
    for column in contract.columns:
        kind = column.data_type or ("list" if column.is_list else "struct")
        lines.append(f"| {column.name} | {kind} | {column.description} |")
        place = f"{column.name}[]" if column.is_list else column.name
        lines += [f"| {place}.{one.name} | {one.sql_type} | {one.description} |" for one in column.columns]
    return "\n".join([head, *lines, ""])


def _lines(contract: Contract, exchange: SystemMapping) -> Iterator[str]:
    fed = exchange.sources[contract.name].columns if contract.name in exchange.sources else {}
    for column in contract.columns:
        field = fed.get(column.name)
        wire = getattr(field, "label", None) or getattr(field, "wire", None) or ""
        yield _line(column, column.name, wire)
        if isinstance(column, ListColumn):
            inner = getattr(field, "columns", {})
            for part in column.columns:
                label = inner[part.name].label if part.name in inner else None
                yield _line(part, f"{column.name}[].{part.name}", f"{wire}.{label}" if label else "")


def _line(column: Column | ListColumn, name: str, wire: str) -> str:
    if isinstance(column, ListColumn):
        return f"| {name} | list | {wire} | {column.description} |"
    said = [column.description]
    if column.codes:
        said.append("; ".join(f"`{code}` {meaning}" for code, meaning in column.codes.items()) + ".")
    if column.required:
        said.append("Required.")
    elif column.leaves_out:
        said.append("A bad value is left out.")
    return f"| {name} | {column.data_type} | {wire} | {' '.join(said)} |"
