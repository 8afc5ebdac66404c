"""What is written from the contracts: the sources as dbt knows them, the page of the lake, and the schema for editors.

Here: those three texts. `service-index contracts` writes them, and a test finds them as they would be written now.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from orchestration.ingestion.contracts import LINEAGE, RECORD_SOURCES, Column, Contract, ListColumn
from orchestration.ingestion.landing import CONTRACTS
from orchestration.ingestion.records.mapping import DEFAULT, SystemMapping, read_mapping
from orchestration.settings import REPOSITORY

SOURCES_PAGE = REPOSITORY / "dbt_project" / "models" / "staging" / "exchange" / "_exchange__sources.yml"
LAKE_PAGE = REPOSITORY / "docs" / "lake.md"
SCHEMA = CONTRACTS / "contract.schema.json"
_MADE = "Written by `bin/service-index contracts` from seeds/agreements/contracts: change those."
_FROM_HERE = f"<!-- {_MADE} -->\n"
_SOURCES_HEAD = f"""# {_MADE}
version: 2

sources:
  - name: exchange
    description: >
      What provincial systems and their catalogues send, as ingested (docs/lake.md): one or more Parquet files a batch,
      every version kept. A dataset that nobody has sent yet is a batch of no rows.
    meta:
      external_location: >-
        read_parquet('{{{{ env_var("SERVICE_INDEX_DATA", "../data") }}}}/lake/{{name}}/batch=*/rows*.parquet',
        hive_partitioning = true, hive_types_autocast = false, union_by_name = true)
    tables:
"""


def pages() -> dict[Path, str]:
    """Each file that is written from the contracts, and what it should hold."""
    written = LAKE_PAGE.read_text(encoding="utf-8").partition(_FROM_HERE)[0]
    exchange = read_mapping(REPOSITORY / "mappings" / f"{DEFAULT}.yml")
    datasets = "\n".join(_section(contract, exchange) for contract in RECORD_SOURCES.values())
    schema = json.dumps(Contract.model_json_schema(), ensure_ascii=False, indent=1)
    return {
        SOURCES_PAGE: _SOURCES_HEAD + "".join(map(_dbt_table, RECORD_SOURCES.values())),
        LAKE_PAGE: f"{written}{_FROM_HERE}\n{datasets}",
        SCHEMA: schema + "\n",
    }


def _dbt_table(contract: Contract) -> str:
    lines = [
        f"      - name: {contract.name}",
        f"        description: {_yaml(contract.description)}",
        "        columns:",
    ]
    columns = {"batch": ("varchar", "The batch of the lake.")} | LINEAGE
    columns |= {column.name: (column.data_type, column.description) for column in contract.columns}
    for name, (data_type, description) in columns.items():
        lines += [f"          - name: {name}", f"            data_type: {data_type}",
                  f"            description: {_yaml(description)}"]  # fmt: skip
    return "\n".join(lines) + "\n"


def _yaml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)  # a text of JSON is one of YAML


def _section(contract: Contract, exchange: SystemMapping) -> str:
    head = f"## `{contract.name}`\n\n{contract.description}\n"
    table = "\n".join(["| column | type | in the exchange format | meaning |", "|---|---|---|---|"])
    return "\n".join([head, table, *_lines(contract, exchange), ""])


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
