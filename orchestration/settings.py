"""Where things are: the only place that reads the environment.

Belongs here: paths, the secrets that come from the environment, and the choices a deployment makes. Does not
belong here: numbers with a meaning (they are data, in `seeds/reference`).
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent


#: DuckDB, dbt's templates and the queries in them read these as patterns, or as the end of a text.
_READ_OTHERWISE = "[]*?{}'\"\\"


class UnusablePathError(ValueError):
    """A folder of ours has a path that a reader of files would take for a pattern."""


def _usable(folder: Path) -> Path:
    found = sorted({c for c in str(folder) if c in _READ_OTHERWISE or not c.isprintable()})
    if found:
        raise UnusablePathError(
            f"found {' '.join(map(ascii, found))} in the path {str(folder)!r}, expected none of {_READ_OTHERWISE} in it,"
            " as readers of files take them for patterns; put data elsewhere with SERVICE_INDEX_DATA, or move the project"
        )
    return folder


@dataclass(frozen=True)
class Settings:
    """Folders of one installation. `data` holds all that is made at run time."""

    data: Path
    repository: Path = REPOSITORY
    # The secret behind the hashes of identity numbers; not shown when settings are printed.
    hash_key: bytes = field(default=b"", repr=False)
    # Where alerts are posted; the address of a chat tool is a secret too.
    alert_webhook: str = field(default="", repr=False)
    # Where marts are published to beside the files; it holds a password.
    postgres_url: str = field(default="", repr=False)
    # By which the portal's people reach whoever captures; without it nothing is asked of the portal.
    contact: str = ""
    # Addresses of a proxy before Dagster's interface, as a browser shows them (docs/security.md).
    ui_origins: tuple[str, ...] = ()

    @classmethod
    def from_environment(cls) -> Settings:
        """`SERVICE_INDEX_DATA` names the data folder; without it, `data/` beside the code. Raises UnusablePathError."""
        return cls(
            data=_usable(Path(os.environ.get("SERVICE_INDEX_DATA", REPOSITORY / "data")).resolve()),
            repository=_usable(REPOSITORY),
            hash_key=os.environ.get("SERVICE_INDEX_HASH_KEY", "").encode(),
            alert_webhook=os.environ.get("SERVICE_INDEX_ALERT_WEBHOOK", ""),
            postgres_url=os.environ.get("SERVICE_INDEX_POSTGRES_URL", ""),
            contact=os.environ.get("SERVICE_INDEX_CONTACT", ""),
            ui_origins=tuple(os.environ.get("SERVICE_INDEX_UI_ORIGINS", "").split()),
        )

    @staticmethod
    def secret(name: str) -> str:
        """What the environment holds under `name`, empty if nothing: tokens of gateways, named by their agreements."""
        return os.environ.get(name, "")

    @property
    def dagster_home(self) -> Path:
        """Where Dagster keeps its runs: what `DAGSTER_HOME` names, or a folder of `data`."""
        return Path(os.environ.get("DAGSTER_HOME") or self.data / "dagster")

    @property
    def landing(self) -> Path:
        return self.data / "landing"

    @property
    def lake(self) -> Path:
        return self.data / "lake"

    @property
    def quarantine(self) -> Path:
        return self.data / "quarantine"

    @property
    def build(self) -> Path:
        return self.data / "build"

    @property
    def build_database(self) -> Path:
        return self.build / "build.duckdb"

    @property
    def gates(self) -> Path:
        return self.build / "gates"

    @property
    def serving(self) -> Path:
        return self.data / "serving"

    @property
    def closed(self) -> Path:
        return self.data / "closed"

    @property
    def portal(self) -> Path:
        """What is known of the portal itself: whether it refused us, and what was found last."""
        return self.data / "portal"

    @property
    def alerts_log(self) -> Path:
        return self.data / "alerts" / "alerts.jsonl"

    @property
    def reference(self) -> Path:
        return self.repository / "seeds" / "reference"

    @property
    def expected_deliveries(self) -> Path:
        return self.repository / "seeds" / "agreements" / "expected_deliveries.csv"

    @property
    def delivery_rights(self) -> Path:
        return self.repository / "seeds" / "agreements" / "delivery_rights.csv"

    @property
    def gateways(self) -> Path:
        return self.repository / "seeds" / "agreements" / "gateways.yml"

    @property
    def portal_agreement(self) -> Path:
        return self.repository / "seeds" / "agreements" / "portal.yml"

    @property
    def samples(self) -> Path:
        return self.repository / "seeds" / "samples"

    @property
    def mappings(self) -> Path:
        return self.repository / "mappings"

    @property
    def dbt_project(self) -> Path:
        return self.repository / "dbt_project"

    @property
    def dbt_manifest(self) -> Path:
        return self.dbt_project / "target" / "manifest.json"
