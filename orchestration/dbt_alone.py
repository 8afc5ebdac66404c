#!/usr/bin/env python3
"""dbt, one at a time: waits for the lock on the build folder, then becomes dbt, which keeps the lock until it ends.

The dbt of a run that was killed lives on until its work is done, and DuckDB lets one process write. Waiting for its
end is all that has to be done about it. Belongs here: that wait, and nothing that takes time to import.
"""

import fcntl
import os
import sys
from pathlib import Path


def main() -> None:
    """Never returns: this process is dbt from then on."""
    folder = Path(os.environ["SERVICE_INDEX_DATA"]) / "build"
    folder.mkdir(parents=True, exist_ok=True)
    lock = os.open(folder / ".dbt.lock", os.O_RDWR | os.O_CREAT, 0o640)
    os.set_inheritable(lock, True)
    fcntl.flock(lock, fcntl.LOCK_EX)
    dbt = os.environ["SERVICE_INDEX_DBT"]
    os.execv(dbt, [dbt, *sys.argv[1:]])  # noqa: S606  (no shell is wanted)


if __name__ == "__main__":
    main()
