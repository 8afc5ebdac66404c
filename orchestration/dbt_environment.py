"""What dbt may find in the environment: nothing of the operator's own.

dbt reads some fifty `DBT_*` variables: a target, a profile, flags, vars, a full refresh. Set in somebody's shell for
another project, they would change or stop a night. Belongs here: taking them away, once, before anything of dbt is
called. Does not belong here: how dbt is called (`resources`).
"""

import os

PREFIX = "DBT_"


def forget_dbt_settings() -> tuple[str, ...]:
    """Remove every `DBT_*` variable from the environment of this process and those it starts; their names."""
    names = tuple(sorted(name for name in os.environ if name.startswith(PREFIX)))
    for name in names:
        del os.environ[name]
    return names
