"""Where Dagster writes what happens in a run: its own storage in SQLite, over connections that stay open.

Dagster makes an engine, a connection and, as the last one is closed, a checkpoint for each of the 1,450 events of a
night: 29.9 s of processor time where there was little to do, with this 18.8 (docs/adr/0046). Named in `dagster.yaml`.
Belongs here: how long connections live. Does not belong here: what is stored, which is Dagster's matter.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import sqlalchemy
from dagster import EventLogEntry
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._serdes import ConfigurableClassData

#: The index, the run that is written, and others that are looked at in the UI.
_KEPT = 8
#: Another process may be writing: as long as Dagster waits.
_SECONDS_TO_WAIT = 60


class KeptSqliteEventLogStorage(SqliteEventLogStorage):
    """The same files and tables as Dagster's: either may follow the other on one folder."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._engines: OrderedDict[str, sqlalchemy.Engine] = OrderedDict()
        super().__init__(*args, **kwargs)

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> Self:
        """What `dagster.yaml` names; of the class that is extended it would be that class."""
        return cls(inst_data=inst_data, **config_value)

    @contextmanager
    def _connect(self, shard: str) -> Iterator[sqlalchemy.Connection]:
        """A transaction on the file of one run, or on the index of all."""
        with self._db_lock, self._engine(shard).begin() as connection:
            yield connection

    def store_event(self, event: EventLogEntry) -> None:
        """As Dagster does it. Pages that follow a run watch the time of its file, which WAL leaves as it was."""
        super().store_event(event)
        os.utime(self.path_for_shard(event.run_id))

    def wipe(self) -> None:
        """Forget all runs; their files go."""
        self._close()
        super().wipe()

    def dispose(self) -> None:
        """Let go of all files."""
        super().dispose()
        self._close()

    def _engine(self, shard: str) -> sqlalchemy.Engine:
        if shard not in self._engines:
            engine = sqlalchemy.create_engine(
                self.conn_string_for_shard(shard), connect_args={"timeout": _SECONDS_TO_WAIT}
            )
            sqlalchemy.event.listen(engine, "connect", _without_waiting_for_the_disk)
            self._initdb(engine)
            self._engines[shard] = engine
        self._engines.move_to_end(shard)
        while len(self._engines) > _KEPT:
            _, oldest = self._engines.popitem(last=False)
            oldest.dispose()
        return self._engines[shard]

    def _close(self) -> None:
        while self._engines:
            self._engines.popitem()[1].dispose()


def _without_waiting_for_the_disk(connection: Any, _: object) -> None:
    """What a power cut takes are the last events of a run that it ended anyway; the file stays sound (WAL)."""
    connection.execute("pragma synchronous = normal")
