"""A publisher that is killed, refused or alone no longer: what is served stays whole, and people are told in a sentence.

Belongs here: what goes wrong. Does not belong here: what is published (`test_content.py`), and readers (`test_swap.py`).
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from orchestration import cli
from orchestration.publishing import postgres_locks, postgres_session
from orchestration.publishing.marts import PublishError
from orchestration.publishing.postgres import publish_to_postgres
from orchestration.publishing.release import Release
from orchestration.settings import REPOSITORY
from tests.bi.server import PASSWORD, Server, rows

pytestmark = pytest.mark.bi
MakeRelease = Callable[..., Release]

WHOLE = (
    "select (select string_agg(distinct release_id, ' ') from marts.dim_unit), (select count(*) from marts.dim_unit),"
    " (select string_agg(distinct release_id, ' ') from marts.ind_publish_on_time),"
    " (select count(*) from marts.ind_publish_on_time)"
)
SCHEMAS = "select nspname from pg_namespace where nspname ~ '^(marts|closed)' order by 1"


@pytest.fixture(autouse=True)
def installation(serving: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For the command line, the folder of data is that of the releases; of a run, its name could hold no quote."""
    monkeypatch.setattr("orchestration.settings._usable", lambda folder: folder)
    monkeypatch.setenv("SERVICE_INDEX_DATA", str(serving.parent))


def killed_at(serving: Path, url: str, fatal: int) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "tests.bi.victim", str(serving), url, str(fatal)]
    return subprocess.run(words, cwd=REPOSITORY, capture_output=True, text=True, timeout=60, check=False)


def test_killed_at_any_step_it_serves_a_whole_release_and_the_next_succeeds(
    release: MakeRelease, serving: Path, url: str, server: Server
) -> None:
    for number in (0, 1):
        release(number)
        publish_to_postgres(serving, url)
    before = release(2)
    undisturbed = killed_at(serving, url, -1)
    assert undisturbed.returncode == 0, undisturbed.stderr
    steps = int(undisturbed.stdout)
    assert steps > 40
    swapped = []
    for fatal in range(steps):
        made = release(3 + fatal)
        victim = killed_at(serving, url, fatal)
        assert victim.returncode == -9, f"step {fatal}: {victim.stderr}"
        # The server ends the session when it finds nobody there; what was sent to it before may still be done.
        ((served, units, also, figures),) = rows(url, WHOLE)
        assert (served, units, figures) == (also, 2, 2), f"step {fatal}"
        assert served in (before.release_id, made.release_id), f"step {fatal}"
        swapped.append(served == made.release_id)

        assert publish_to_postgres(serving, url).release_id == made.release_id
        assert rows(url, WHOLE) == [(made.release_id, 2, made.release_id, 2)], f"step {fatal}"
        assert rows(url, SCHEMAS) == [("marts",), ("marts_previous",)], f"step {fatal}"
        before = made
    assert swapped == sorted(swapped), "from one step on, the new release is served"
    assert True in swapped, "some die after the swap"
    assert False in swapped, "and some before"


def test_what_is_served_already_is_not_loaded_again(release: MakeRelease, serving: Path, url: str) -> None:
    release()
    number = "select 'marts'::regnamespace::oid"
    assert publish_to_postgres(serving, url).is_new
    first = rows(url, number)
    again = publish_to_postgres(serving, url)
    assert (again.is_new, rows(url, number)) == (False, first)
    assert again.lines == (f"PostgreSQL: release {again.release_id}: unchanged, already served",)


def test_the_release_before_stays_and_the_one_before_that_goes(
    release: MakeRelease, serving: Path, url: str
) -> None:
    made = [release(number).release_id for number in (1,)]
    publish_to_postgres(serving, url)
    for number in (2, 3):
        made.append(release(number).release_id)
        assert publish_to_postgres(serving, url).kept == ()
    assert rows(url, "select distinct release_id from marts_previous.dim_unit") == [(made[-2],)]
    assert rows(url, SCHEMAS) == [("marts",), ("marts_previous",)]


def test_a_reader_of_the_release_before_keeps_it_and_the_next_publication_drops_it(
    release: MakeRelease, serving: Path, url: str
) -> None:
    for number in (1, 2):
        release(number)
        publish_to_postgres(serving, url)
    with psycopg.connect(url) as reader:
        before = reader.execute("select * from marts_previous.dim_unit order by 1").fetchall()
        release(3)
        made = publish_to_postgres(serving, url)
        assert made.is_new
        (kept,) = made.kept
        assert made.lines[-1] == f"PostgreSQL: a reader still holds {kept}, which the next publication drops"
        assert reader.execute(f"select * from {kept}.dim_unit order by 1".encode()).fetchall() == before
    assert publish_to_postgres(serving, url).kept == ()
    assert rows(url, SCHEMAS) == [("marts",), ("marts_previous",)]


def test_a_reader_that_never_ends_does_not_keep_a_release_from_being_served(
    release: MakeRelease, serving: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgres_locks, "SWAP_SECONDS", 0.2)
    release(1)
    publish_to_postgres(serving, url)
    with psycopg.connect(url) as reader:
        reader.execute("select * from marts.dim_unit")
        made = release(2)
        published = publish_to_postgres(serving, url)
        assert (published.is_new, published.was_quiet) == (True, False)
        assert "beside it" in published.lines[1]
        assert reader.execute("select distinct release_id from marts.dim_unit").fetchall() == [
            (made.release_id,)
        ]


def test_a_transaction_older_than_the_load_sees_empty_tables(
    release: MakeRelease, serving: Path, url: str
) -> None:
    """As docs/connect.md says; a new one sees the release."""
    release(1)
    publish_to_postgres(serving, url)
    with psycopg.connect(url) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("select 1")  # from now on it sees what there is now
        made = release(2)
        publish_to_postgres(serving, url)
        assert reader.execute("select count(*) from marts.dim_unit").fetchall() == [(0,)]
        reader.rollback()
        for table in (b"dim_unit", b"ind_publish_on_time"):
            found = reader.execute(b"select distinct release_id from marts." + table).fetchall()
            assert found == [(made.release_id,)]


def test_a_second_publisher_is_refused_while_the_first_is_at_work(
    release: MakeRelease, serving: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release()
    monkeypatch.setitem(postgres_session._SETTINGS, "lock_timeout", "100ms")
    with (
        postgres_session.publisher(url),
        pytest.raises(
            PublishError, match=r"found another publisher at work at .*; .*wait until it has ended"
        ),
    ):
        publish_to_postgres(serving, url)
    assert publish_to_postgres(serving, url).is_new


def test_somebody_elses_schema_is_left_alone(release: MakeRelease, serving: Path, url: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create schema marts; create table marts.mine as select 1 as a")
    release()
    with pytest.raises(PublishError, match="found a schema marts that no publication made"):
        publish_to_postgres(serving, url)
    assert rows(url, "select * from marts.mine") == [(1,)]


def test_a_table_that_does_not_keep_its_key_leaves_what_is_served(
    release: MakeRelease, serving: Path, url: str
) -> None:
    before = release(1)
    publish_to_postgres(serving, url)
    twice = (
        "unit_code varchar not null, name_vi varchar, valid_from date",
        "values ('75', 'a', null), ('75', 'b', null)",
    )
    release(2, {"dim_unit": twice})
    with pytest.raises(
        PublishError, match=r"could not create unique index .*\(unit_code, valid_from\)=\(75, null\)"
    ):
        publish_to_postgres(serving, url)
    assert rows(url, WHOLE)[0][0] == before.release_id


# What people are told.


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("password", "no way in at .*password authentication failed for user"),
        ("host", "no way in at .*No such file or directory"),
        ("address", "found in SERVICE_INDEX_POSTGRES_URL what is no address"),
        ("nothing", "found nothing in SERVICE_INDEX_POSTGRES_URL"),
    ],
)
def test_a_server_that_cannot_be_used_is_named_without_its_password(
    wrong: str, said: str, release: MakeRelease, serving: Path, url: str, server: Server,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    release()
    secret = "geheim"
    address = {
        "password": server.url("postgres", password=secret),
        "host": Server(server.folder / "nowhere").url("postgres", password=secret),
        "address": f"postgresql://me:{secret}@[::1/db",
        "nothing": "",
    }[wrong]
    with pytest.raises(PublishError, match=said) as raised:
        publish_to_postgres(serving, address)
    assert "section 'PostgreSQL is behind'" in str(raised.value)

    monkeypatch.setenv("SERVICE_INDEX_POSTGRES_URL", address)
    assert cli.main(["publish-postgres"]) == 1
    told = capsys.readouterr()
    assert "PostgreSQL: found" in told.err
    for text in (str(raised.value), repr(raised.value.__cause__), told.out, told.err):
        assert secret not in text
        assert PASSWORD not in text


def test_who_may_not_make_the_role_is_told_what_an_administrator_runs(
    release: MakeRelease, serving: Path, server: Server
) -> None:
    """In a server of its own there would be no such role yet; here its name is another."""
    url = server.new_database("without_role")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create role publisher login password 'p'")
        connection.execute("grant create on database without_role to publisher")
    release()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestration.publishing.postgres.READERS", "bi_others")
        with pytest.raises(
            PublishError, match="let an administrator run once: create role bi_others nologin"
        ):
            publish_to_postgres(serving, server.url("without_role", "publisher", "p"))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create role bi_others nologin")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orchestration.publishing.postgres.READERS", "bi_others")
        assert publish_to_postgres(serving, server.url("without_role", "publisher", "p")).is_new


def test_a_rollback_is_followed_and_one_that_cannot_be_is_made_all_the_same(
    release: MakeRelease,
    serving: Path,
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    made = [release(number) for number in (1, 2)]
    publish_to_postgres(serving, url)
    monkeypatch.setenv("SERVICE_INDEX_POSTGRES_URL", url)
    assert cli.main(["rollback", "--by", "Lan", "--reason", "wrong"]) == 0
    assert rows(url, "select distinct release_id from marts.dim_unit") == [(made[0].release_id,)]

    monkeypatch.setenv("SERVICE_INDEX_POSTGRES_URL", url.replace("host=", "host=/nowhere"))
    again = ["rollback", "--to", made[1].release_id, "--by", "Lan", "--reason", "right after all"]
    assert cli.main(again) == 1
    told = capsys.readouterr()
    assert f"served again: {made[1].release_id}" in told.out
    assert "PostgreSQL: found no way in" in told.out
    assert (serving / "current").resolve().name == made[1].release_id
