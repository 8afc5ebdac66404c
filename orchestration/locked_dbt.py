#!/usr/bin/env python3
"""dbt, one at a time: waits for the lock on the build folder, then becomes dbt, which keeps the lock until it ends.

The dbt of a run that was killed lives on until its work is done, and DuckDB lets one process write. Waiting for its
end is all that has to be done about it. Belongs here: that wait, and nothing that takes time to import.
"""

import fcntl
import os
import sys
from pathlib import Path
from typing import IO


def main() -> None:
    """Never returns, unless asked for the version: this process is dbt from then on."""
    if sys.argv[1:] == ["--version"]:  # dbt would ask the registry for a newer one, and take five seconds
        print(os.environ["SERVICE_INDEX_DBT_VERSION"])
        return
    lock = take_lock(Path(os.environ["SERVICE_INDEX_DATA"]) / "build")
    os.set_inheritable(lock.fileno(), True)
    dbt = os.environ["SERVICE_INDEX_DBT"]
    os.execv(dbt, [dbt, *sys.argv[1:]])  # noqa: S606  (no shell is wanted)


def take_lock(folder: Path) -> IO[bytes]:
    """Wait for the lock on the build folder; who closes it lets go."""
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.fdopen(os.open(folder / ".dbt.lock", os.O_RDWR | os.O_CREAT, 0o600), "rb")
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


if __name__ == "__main__":
    main()
