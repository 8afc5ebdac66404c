"""Settings of the Superset of a test, which reads this file at its start.

Belongs here: where its own metadata are, and what only a server on the internet needs turned off. Does not belong here:
any address of marts.
"""

import os

SECRET_KEY = os.environ["SUPERSET_TEST_KEY"]
SQLALCHEMY_DATABASE_URI = os.environ["SUPERSET_TEST_METADATA"]
# No TLS in front of it, and no browser but the test's.
TALISMAN_ENABLED = False
WTF_CSRF_ENABLED = False
RATELIMIT_ENABLED = False
# Without a queue: a question is answered where it is asked.
FEATURE_FLAGS = {"GLOBAL_ASYNC_QUERIES": False, "ALERT_REPORTS": False}
