"""The command line: `bin/service-index COMMAND`, `--help` lists the commands.

`app` is the program, `arguments` what commands have in common; each other module holds some commands, in the order in
which help lists them: importing it adds them to the program, which is why its name is not used here.
"""

from orchestration.cli.app import app, main

# isort: split
from orchestration.cli import runs  # noqa: F401  (adds its commands)

# isort: split
from orchestration.cli import questions  # noqa: F401  (adds its commands)

# isort: split
from orchestration.cli import releases  # noqa: F401  (adds its commands)

# isort: split
from orchestration.cli import deliveries, pages  # noqa: F401  (add their commands)

__all__ = ["app", "main"]
