"""`python -m orchestration.cli`, as `bin/service-index` starts it."""

import sys

from orchestration.cli import main

sys.exit(main())
