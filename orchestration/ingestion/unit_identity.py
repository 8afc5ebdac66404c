"""How a unit is recognised in what is sent: its agency code in today's form, its name as a key.

Here: the SQL macros that bring both into one form, for every source, and the tables of known communes. Not here:
what is done with a unit that nobody knows (`portal.rules`, `value_types`). The dbt project compares names and codes
in the same way (`macros/engine/unit_name.sql`, `macros/records/agency_code_today.sql`); a test holds them together.
"""

from __future__ import annotations

from pathlib import Path

import duckdb

from orchestration.ingestion.lake import visible_batches

#: The mark of a tone stands on either vowel of an open `oa`, `oe`, `uy`; both spellings are in use.
TONE_VARIANTS = (
    ("òa", "oà"), ("óa", "oá"), ("ỏa", "oả"), ("õa", "oã"), ("ọa", "oạ"),
    ("òe", "oè"), ("óe", "oé"), ("ỏe", "oẻ"), ("õe", "oẽ"), ("ọe", "oẹ"),
    ("ùy", "uỳ"), ("úy", "uý"), ("ủy", "uỷ"), ("ũy", "uỹ"), ("ụy", "uỵ"),
)  # fmt: skip
#: Blanks of any kind; what has no width at all.
_BLANK = r"[\s\x{00A0}\x{2000}-\x{200A}\x{202F}\x{3000}]"
_INVISIBLE = r"[\x{00AD}\x{200B}-\x{200F}\x{2060}\x{FEFF}]"

#: `agency_code_today`: capitals, no blanks, in the order of today. The old form starts with `000` and runs backwards,
#: missing levels as `00`: `000.00.00.H37` is `H37`, `000.00.95.H19` is `H19.95`, `000.01.95.H19` is `H19.95.01`.
AGENCY_CODE_SQL = rf"""
create or replace temp macro bare_code(v) as upper(regexp_replace(v, '{_BLANK}|{_INVISIBLE}', '', 'g'));
create or replace temp macro agency_code_today(v) as case
    when starts_with(bare_code(v), '000.') then array_to_string(list_reverse(string_split(
        regexp_replace(bare_code(v), '^000[.](00[.])*', ''), '.')), '.')
    else bare_code(v)
end;
"""


def _tones_placed(expression: str) -> str:
    for old, new in TONE_VARIANTS:
        expression = f"replace({expression}, '{old}', '{new}')"
    return expression


#: `unit_name_key`: NFC, lower case, one blank, ` - ` for any dash, comma or bracket before the province's name, one
#: kind of apostrophe, tones on one vowel, without the office (`UBND`). `without_province` takes the name of a
#: province off the end of such a key.
_FOLDED = rf"""translate(
    lower(nfc_normalize(regexp_replace(name, '{_INVISIBLE}', '', 'g'))), '’‘ʼ`)', repeat(chr(39), 4))"""  # without `)`
_SEPARATED = rf"regexp_replace({_FOLDED}, '{_BLANK}*[-–—,(]{_BLANK}*', ' - ', 'g')"
UNIT_NAME_SQL = rf"""
create or replace temp macro unit_name_key(name) as regexp_replace(
    trim(regexp_replace({_tones_placed(_SEPARATED)}, '{_BLANK}+', ' ', 'g')), '^(ubnd|uỷ ban nhân dân) ', '');
create or replace temp macro without_province(name_key, province_key) as
    regexp_replace(name_key, ' - ((tỉnh|thành phố|tp[.]?|t[.]) ?)?' || province_key || '$', '');
"""

_PROVINCE_NAMES_SQL = """
create or replace temp table province_name as
select distinct provinces.agency_code, unit_name_key(names.name_vi) as name_key
from read_csv($provinces, all_varchar = true) as provinces
inner join (
    select province_code, name_vi from read_csv($provinces, all_varchar = true)
    union all
    -- A province's name of any day may stand behind those of its communes, and so may one that was merged away.
    select unit_code, name_vi from read_csv($unit_changes, all_varchar = true)
    union all
    select new_province_code, old_name_vi from read_csv($province_crosswalk, all_varchar = true)
) as names using (province_code)
"""
_KNOWN_COMMUNES_SQL = """
create or replace temp table known_commune as
select distinct provinces.agency_code, communes.commune_code as unit_code, unit_name_key(names.name_vi) as name_key
from read_csv($communes, all_varchar = true) as communes
inner join read_csv($provinces, all_varchar = true) as provinces using (province_code)
inner join (
    select commune_code as unit_code, name_vi from read_csv($communes, all_varchar = true)
    union all
    select unit_code, name_vi from read_csv($unit_changes, all_varchar = true)
    union all
    select unit_code, variant_vi from read_csv($unit_name_variants, all_varchar = true)
) as names on communes.commune_code = names.unit_code
"""
_PROVINCE_NAMES = ("provinces", "unit_changes", "province_crosswalk")
_KNOWN_COMMUNES = ("provinces", "communes", "unit_changes", "unit_name_variants")
#: By its code a commune is what the unit catalogue says, else what the portal's codes were seen to stand for.
_CATALOGUED_SQL = """
create or replace temp table catalogued_commune as
with catalogue as (
    select agency_code_today(agency_code) as agency_code, max_by(state_code, (valid_from, delivery_date)) as unit_code
    from ({rows}) where unit_level = 'commune' and valid_to is null group by all
)

from catalogue
union all by name
select agency_code, unit_code from read_csv($codes, all_varchar = true)
where agency_code not in (select agency_code from catalogue where unit_code is not null)
"""
_CATALOGUE = "unit_catalogue"
_NO_CATALOGUE = (
    "select null::varchar as agency_code, null::varchar as state_code, null::varchar as unit_level,"
    " null::date as valid_from, null::date as valid_to, null::date as delivery_date limit 0"
)


def know_units(connection: duckdb.DuckDBPyConnection, reference: Path, lake: Path) -> None:
    """Make the macros, and the tables province_name (agency_code, name_key), known_commune (agency_code of the
    province, unit_code, name_key) and catalogued_commune (agency_code, unit_code), the last from the lake and the list.

    Raises duckdb.IOException if one of the reference files is not in folder `reference`.
    """
    connection.execute(AGENCY_CODE_SQL + UNIT_NAME_SQL)
    for sql, lists in ((_PROVINCE_NAMES_SQL, _PROVINCE_NAMES), (_KNOWN_COMMUNES_SQL, _KNOWN_COMMUNES)):
        connection.execute(sql, {name: str(reference / f"{name}.csv") for name in lists})
    batches = visible_batches(lake, _CATALOGUE)
    paths = [str(lake / _CATALOGUE / f"batch={batch}" / "rows*.parquet") for batch in batches]
    rows = "from read_parquet($paths, hive_partitioning = false, union_by_name = true)"
    codes = {"codes": str(reference / "portal_unit_codes.csv")}
    connection.execute(
        _CATALOGUED_SQL.format(rows=rows if paths else _NO_CATALOGUE),
        codes | ({"paths": paths} if paths else {}),
    )
