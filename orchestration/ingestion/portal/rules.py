"""What must hold in a `service-results` payload: fields and rules as data, and their SQL.

Here: every reason to quarantine a row or a file of this source, in one place; to add one, add a
line. Not here: reading the payload (`service_results.sql`), which makes the tables named
`grain`, and what a build must look like as a whole, such as a missing province (the gates).
"""

from __future__ import annotations

from dataclasses import dataclass

from orchestration.ingestion.problems import CAPTURE_AGAIN, FOREIGN_AGENCY, NOT_AGREED, RESEND

#: The source rounds to two places, so figures that should agree may differ: a ratio by half a
#: place...
RATIO_TOLERANCE = 0.0051
#: ...a group from its metrics by 0.01 (H55 and H56 on 10 October 2026), allowed twice that...
GROUP_TOLERANCE = 0.02
#: ...and a total from its six groups by up to 0.02, seen on the same day.
TOTAL_TOLERANCE = 0.03
#: The first day of the first regime (regimes.csv); the index itself dates from 2022.
FIRST_MOMENT = "2025-01-01"
#: Below the province a bad row is refused alone: each unit's figures are its own, and a rank among the rest says how
#: many there are. Above this share of a capture's rows its names or its layout are no longer those we know, and the
#: rest would be a biased choice; up to two are always allowed, for a unit that comes twice is two rows. Of 298 rows
#: with the portal's own names (Gia Lai, 2 and 10 October 2026) none is refused; three spellings less in the lists would
#: be 1 % (2026-11-26).
MOST_ROWS_REFUSED, ROWS_ALWAYS_ALLOWED = 0.2, 2
TOO_MANY_REFUSED = "too_many_units_refused"
#: The portal refreshes groups first and totals last: a capture of the nation in between is no observation of any moment.
#: Of 20 captures (17 September to 10 October 2026) 5 have 8 to 26 provinces whose groups do not sum to their total, the
#: others none. One alone is that province's fault, and reported as such.
REFRESHING, APART, PROVINCES_APART = "portal_refreshing", "group_sum_differs_from_total", 2
#: A delivery date is a local day, the moment is in UTC: a day of grace covers every zone.
LAST_MOMENT = "last_delivery_date + interval 2 days"


@dataclass(frozen=True)
class Field:
    """A value at `path` of each `item` of `grain`: its kind, and whether it must be there.

    `presence`: required (there, not null), nullable (there), optional. `where` narrows the grain.
    """

    grain: str
    path: str
    kind: str  # count | number | change (a number that may be negative) | text | object | list
    presence: str = "required"
    where: str = "true"


@dataclass(frozen=True)
class Rule:
    """A reason to refuse the rows of `grain` for which the SQL `predicate` is true (null is not).

    `field`, `found`, `expected` are SQL text expressions over the same row.
    """

    reason_code: str
    grain: str
    predicate: str
    field: str
    found: str
    expected: str
    action: str = RESEND


_ONLY_UNITS = "is_units"
_SETTLEMENT, _PAYMENT = "group_code = 'TDGQ'", "group_code = 'TTTT'"
_HAS_METRICS = "group_code in ('CKMB', 'MDSH', 'MDHL')"
#: An answer of the interface has a row of its own subject beside those that it lists, and two of the six groups' answers
#: know their units by id alone.
_IS_LISTED, _IS_GROUP = "not is_subject", "scope = 'Group'"
_IS_CODED = f"{_IS_LISTED} and not coalesce({_IS_GROUP}, false)"

FIELDS = (
    Field("envelope", "metadata", "object"),
    Field("envelope", "metadata.scope", "text"),
    Field("envelope", "metadata.timeType", "text"),
    Field("envelope", "metadata.year", "count"),
    Field("envelope", "metadata.month", "count", "optional"),
    Field("envelope", "metadata.quarter", "count", "optional"),
    Field("envelope", "metadata.extractedAt", "text"),
    Field("envelope", "metadata.provinceCode", "text", where=_ONLY_UNITS),
    Field("envelope", "metadata.unitCounts", "object", "optional"),
    Field("envelope", "metadata.unitCounts.AGENCY", "count", "optional"),
    Field("envelope", "metadata.unitCounts.COMMUNE", "count", "optional"),
    Field("envelope", "overview", "object", "optional"),
    Field("envelope", "overview.totalScore", "number", "optional"),
    Field("unit", "departmentCode", "text", where=_IS_CODED),
    Field("unit", "departmentCode", "text", "optional", f"not ({_IS_CODED})"),
    Field("unit", "departmentId", "text", where=f"{_IS_LISTED} and not ({_IS_CODED})"),
    Field("unit", "departmentName", "text", where=_IS_LISTED),
    Field("unit", "shortName", "text", "optional"),
    Field("unit", "childGroup", "text", where=f"{_ONLY_UNITS} and {_IS_LISTED}"),
    Field("unit", "totalScore", "number", "nullable"),
    Field("unit", "scoreDelta", "change", "optional"),
    Field("unit", "totalMaxScore", "number", "optional"),
    Field("unit", "rank", "count", "optional"),
    Field("unit", "groupRank", "count", "optional"),
    Field("unit", "groupScores", "object", where=f"{_IS_LISTED} and scope <> 'Units'"),
    Field("unit", "componentIndicators", "object", where="scope = 'ProvincesDetail'"),
    Field("unit", "componentIndicators", "object", "optional", "scope <> 'ProvincesDetail'"),
    Field("unit_group", "score", "number", "nullable", where="is_listed"),
    Field("component", "score", "number", "nullable"),
    Field("component", "maxScore", "number"),
    Field("component", "metrics", "list", where=_HAS_METRICS),
    Field("component", "totalReceived", "count", "nullable", _SETTLEMENT),
    Field("component", "totalOnTime", "count", "nullable", _SETTLEMENT),
    Field("component", "totalOverdue", "count", "nullable", f"{_SETTLEMENT} and {_IS_LISTED}"),
    Field("component", "totalCompleted", "count", "nullable", f"{_SETTLEMENT} and is_subject"),
    Field("component", "avgProcessingDays", "number", "optional", _SETTLEMENT),
    Field("component", "ratio", "number", "nullable", _SETTLEMENT),
    Field("component", "totalDossierOnlinePaymentSuccess", "count", "nullable", _PAYMENT),
    Field("component", "totalDossierFinancialObligation", "count", "nullable", _PAYMENT),
    Field("component", "totalDossierOnlineFormalityPaymentSuccess", "count", "nullable", _PAYMENT),
    Field("component", "totalFeeFormality", "count", "nullable", _PAYMENT),
    Field("component", "totalFeeDossierFormality", "count", "nullable", f"{_PAYMENT} and {_IS_GROUP}"),
    Field(
        "component", "totalFeeDossierFormalityDistinct", "count", "optional", f"{_PAYMENT} and {_IS_GROUP}"
    ),
    *(
        Field("component", name, "count", "nullable", "group_code = 'ONLINE' and is_subject")
        for name in (
            "authorityCount",
            "partialCount",
            "fullCount",
            "onlineDossierCount",
            "onlineServiceTotal",
            "channelOnlineSum",
            "channelDirectSum",
            "channelPostalSum",
            "channelTotalSum",
            "onlineOnTimeSum",
            "onlineOverdueSum",
        )
    ),
    Field("metric", "code", "text"),
    Field("metric", "name", "text", "optional", "not is_aside"),
    Field("metric", "numerator", "count", "nullable", "not is_aside"),
    Field("metric", "denominator", "count", "nullable", "not is_aside"),
    Field("metric", "ratio", "number", "nullable", "not is_aside"),
    Field("metric", "score", "number", "nullable", "not is_aside"),
    Field("metric", "maxScore", "number", "required", "not is_aside"),
    Field("metric", "dataQualityStatus", "text", "optional", "not is_aside"),
)


_KNOWN_AGENCY = "in (select agency_code from known_agency)"

# fmt: off
RULES = (
    # Any single value (grain figure: one row a Field).
    Rule("missing_field", "figure", "presence <> 'optional' and raw is null", "field",
         "'nothing'", "'a ' || kind"),
    Rule("missing_field", "figure",
         "presence = 'required' and (json_type(raw) = 'NULL' or is_blank)",
         "field", "'null or blank'", "'a ' || kind"),
    Rule("not_a_number", "figure", "is_given and kind = 'count' and count_of(raw) is null", "field",
         "raw::varchar", "'a whole number of at most eight digits'"),
    Rule("not_a_number", "figure", "is_given and kind in ('number', 'change') and number_of(raw) is null",
         "field",
         "raw::varchar", "'a number'"),
    Rule("wrong_type", "figure", "is_given and kind = 'text' and not is_blank and "
         "(json_type(raw) <> 'VARCHAR' or regexp_matches(raw ->> '$', '\\x00'))", "field",
         "lower(json_type(raw))", "'a text without NUL'"),
    Rule("wrong_type", "figure", "is_given and kind = 'object' and json_type(raw) <> 'OBJECT'",
         "field", "lower(json_type(raw))", "'an object'"),
    Rule("wrong_type", "figure", "is_given and kind = 'list' and json_type(raw) <> 'ARRAY'",
         "field",
         "lower(json_type(raw))", "'a list'"),
    Rule("negative_count", "figure", "kind = 'count' and count_of(raw) < 0", "field",
         "raw::varchar", "'0 or more'"),
    Rule("negative_score", "figure", "kind = 'number' and number_of(raw) < 0", "field",
         "raw::varchar", "'0 or more'"),
    # The file as a whole.
    Rule("unknown_scope", "envelope", "scope is not null and not is_known_scope",
         "'metadata.scope'",
         "scope", "(select 'one of ' || string_agg(scope, ', ' order by scope) from known_scope)"),
    Rule("missing_field", "envelope", "outer_type is null", "listed_at", "'nothing'",
         "'the list of units'"),
    Rule("wrong_type", "envelope", "outer_type <> 'ARRAY'", "listed_at", "lower(outer_type)",
         "'the list of units'"),
    Rule("no_rows", "envelope", "outer_type = 'ARRAY' and "
         "file_hash not in (select file_hash from unit where not is_subject)", "listed_at", "'an empty list'",
         "'at least one unit'"),
    Rule("unknown_time_type", "envelope", "time_type not in ('year', 'month', 'quarter')",
         "'metadata.timeType'", "time_type", "'year, month or quarter'"),
    Rule("unknown_time_type", "envelope", "time_type = 'month' and "
         "not coalesce(month between 1 and 12, false)", "'metadata.month'",
         "coalesce(month::varchar, 'nothing')", "'1 to 12, as timeType is month'"),
    Rule("unknown_time_type", "envelope", "time_type = 'quarter' and "
         "not coalesce(quarter between 1 and 4, false)", "'metadata.quarter'",
         "coalesce(quarter::varchar, 'nothing')", "'1 to 4, as timeType is quarter'"),
    Rule("bad_moment", "envelope", "extracted_text is not null and extracted_at is null",
         "'metadata.extractedAt'", "extracted_text", "'a moment such as 2026-10-10T07:00:40Z'"),
    Rule("bad_moment", "envelope", f"extracted_at < timestamptz '{FIRST_MOMENT}'",
         "'metadata.extractedAt'", "extracted_text", f"'{FIRST_MOMENT} or later'"),
    Rule("bad_moment", "envelope", f"extracted_at >= ({LAST_MOMENT})::timestamptz",
         "'metadata.extractedAt'", "extracted_text",
         "'no later than the delivery, ' || last_delivery_date",
         "ask the sender, or land the file under the date of its delivery"),
    Rule("bad_period", "envelope", "not year between 2022 and "
         "extract(year from extracted_at + interval 7 hours)", "'metadata.year'",
         "year::varchar", "'2022 to the year of extractedAt'"),
    Rule("unknown_agency", "envelope", f"parent_agency_code not {_KNOWN_AGENCY}",
         "'metadata.provinceCode'", "parent_agency_code", "'an agency code of provinces.csv'"),
    Rule("not_answered", "envelope", "interface is not null and coalesce(answer_code, '') <> 'OK'", "'code'",
         "coalesce(answer_code, 'nothing')", "'OK'", CAPTURE_AGAIN),
    Rule("bad_moment", "envelope", "answered_at not between extracted_at and extracted_at + interval 1 day",
         "'capturedAt'", "item ->> '$.metadata.answeredAt'", "'within a day from ' || extracted_text", CAPTURE_AGAIN),
    Rule("missing_field", "envelope", "asked_group is not null and coalesce(json_type(subject), '') <> 'OBJECT'",
         "subject_at", "coalesce(lower(json_type(subject)), 'nothing')", "'what the answer is about'", CAPTURE_AGAIN),
    Rule("other_department", "envelope",
         "is_units and (subject_code <> parent_agency_code or subject_id <> asked_id)",
         "subject_at || '.departmentId'", "if(subject_code <> parent_agency_code, subject_code, subject_id)",
         "if(subject_code <> parent_agency_code, parent_agency_code, asked_id) || ', as was asked for'", CAPTURE_AGAIN),
    Rule(FOREIGN_AGENCY, "envelope", "not is_own and not is_units", "'metadata.scope'",
         "'a snapshot of the nation from ' || sender", "'one from a sender for the nation'", NOT_AGREED),
    Rule(FOREIGN_AGENCY, "envelope", "not is_own and is_units", "'metadata.provinceCode'",
         "coalesce(parent_agency_code, 'nothing')", "'a province for which ' || sender || ' may deliver'", NOT_AGREED),
    # One unit.
    Rule("wrong_type", "unit", "item is null", "''", "lower(item_type)", "'an object'"),
    Rule("unknown_agency", "unit", f"not is_units and {_IS_LISTED} and agency_code not {_KNOWN_AGENCY}",
         "'departmentCode'", "agency_code", "'an agency code of provinces.csv'"),
    Rule("unknown_agency", "unit", f"is_units and {_IS_LISTED} and not (starts_with(agency_code, parent_agency_code) "
         "and regexp_full_match(agency_code, 'H[0-9]{2}[.][0-9]{2,4}'))", "'departmentCode'",
         "agency_code", "'a code such as ' || masked(parent_agency_code) || '.17'"),
    Rule("unknown_agency", "unit", f"is_units and {_IS_LISTED} and child_group not in ('AGENCY', 'COMMUNE')",
         "'childGroup'", "child_group", "'AGENCY or COMMUNE'"),
    Rule("unknown_unit", "unit", f"child_group = 'COMMUNE' and parent_agency_code {_KNOWN_AGENCY} "
         "and unit_code is null", "'departmentName'",
         "text_of(item -> '$.departmentName')", "'a commune of the province, as in communes.csv'",
         "add this spelling of its name to unit_name_variants.csv, a new name to unit_changes.csv, or the commune to"
         " communes.csv if it is new"),
    Rule("code_contradicts_name", "unit", "coded_unit <> named_unit", "'departmentName'",
         "text_of(item -> '$.departmentName')",
         "'the commune of ' || agency_code || ' in the unit catalogue or portal_unit_codes.csv, ' || coded_unit",
         "correct the catalogue or the list, or ask who uses the code now"),
    Rule("unit_twice", "unit", "coalesce(agency_code, department_id) is not null and occurrences > 1", "'departmentCode'",
         "coalesce(agency_code, department_id) || ' ' || occurrences || ' times'", "'each unit once'"),
    Rule("unit_twice", "unit", "unit_occurrences > 1 and occurrences = 1", "'departmentName'",
         "text_of(item -> '$.departmentName') || ', ' || unit_occurrences || ' times'",
         "'each commune once'"),
    Rule("bad_rank", "unit", "official_rank = 0", "'rank'", "'0'", "'1 or more'"),
    Rule("score_above_maximum", "unit", "total_score > coalesce(total_max_score, 100)",
         "'totalScore'", "total_score::varchar", "'at most ' || coalesce(total_max_score, 100)"),
    Rule("missing_field", "unit_sum", "total_score is null and group_scores_given = 6 and "
         "json_type(item, '$.totalScore') = 'NULL'", "'totalScore'", "'null'",
         "'a number, as all six groups have one'"),
    Rule(APART, "unit_sum",
         # Without one of its groups a sum can only be too large.
         "not is_subject and round(if(group_keys_listed = 6, abs(group_sum - total_score), group_sum - total_score), 4)"
         f" > {TOTAL_TOLERANCE}", "'totalScore'",
         "total_score::varchar", "'the sum of groupScores, ' || round(group_sum, 2)"),
    # Its groups and components.
    # A unit below the province may lack a group: it then has no total and no rank.
    Rule("missing_field", "unit_group", "not is_listed and not is_units", "place", "'nothing'",
         "'a number or null'"),
    Rule("group_twice", "unit_group", "scores_listed > 1", "place", "score::varchar",
         "'the same under ' || array_to_string(listed_keys, ' and ')"),
    Rule("score_above_maximum", "unit_group", "score > max_score", "place", "score::varchar",
         "'at most ' || max_score"),
    Rule("unknown_group", "group_key", "key not in (select unnest(keys) from known_group)",
         "'groupScores'", "key", "'a group of indicator_groups.csv'"),
    Rule("unknown_group", "component", "group_code not in (select group_code from known_group)",
         "place",
         "component", "'the code of a group of indicator_groups.csv, then _'"),
    Rule("missing_field", "unit_group", "(file_hash, record_no) in (select (file_hash, record_no) "
         "from component) and (file_hash, record_no, group_code) not in "
         "(select (file_hash, record_no, group_code) from component) and (is_listed or not is_units)",
         "'componentIndicators.' || group_code", "'nothing'", "'one component a group'"),
    Rule("wrong_type", "component", "item is null", "place", "coalesce(lower(item_type), 'null')",
         "'an object'"),
    Rule("component_twice", "component", "occurrences > 1", "place",
         "occurrences || ' of the group'",
         "'one component a group'"),
    Rule("score_above_maximum", "component", "score > max_score", "place || '.score'",
         "score::varchar",
         "'at most ' || max_score"),
    Rule("component_differs_from_group", "component_sum",
         f"round(abs(score - group_score), 4) > {GROUP_TOLERANCE}", "place || '.score'",
         "score::varchar", "'the same as in groupScores, ' || group_score"),
    Rule("metrics_differ_from_component", "component_sum",
         f"round(abs(metric_score - score), 4) > {GROUP_TOLERANCE}", "place || '.score'",
         "score::varchar", "'the sum of its metrics, ' || round(metric_score, 2)"),
    Rule("counts_do_not_add_up", "component", "total_on_time + total_overdue <> total_received",
         "place || '.totalReceived'", "total_received::varchar",
         "'totalOnTime + totalOverdue, ' || (total_on_time + total_overdue)"),
    Rule("ratio_contradicts_counts", "component",
         f"abs(ratio - 100 * total_on_time / nullif(total_received, 0)) > {RATIO_TOLERANCE}",
         "place || '.ratio'",
         "ratio::varchar", "'100 x ' || total_on_time || ' / ' || total_received"),
    Rule("ratio_contradicts_counts", "component", "total_received = 0 and ratio <> 0",
         "place || '.ratio'", "ratio::varchar", "'0 or null, as totalReceived is 0'"),
    Rule("numerator_above_denominator", "component",
         "paid_online_dossiers > financial_obligation_dossiers",
         "place || '.totalDossierOnlinePaymentSuccess'", "paid_online_dossiers::varchar",
         "'at most totalDossierFinancialObligation, ' || financial_obligation_dossiers"),
    Rule("numerator_above_denominator", "component", "paid_online_formalities > fee_formalities",
         "place || '.totalDossierOnlineFormalityPaymentSuccess'",
         "paid_online_formalities::varchar",
         "'at most totalFeeFormality, ' || fee_formalities"),
    Rule("numerator_above_denominator", "component", "fee_data_formalities > fee_formalities",
         "place || '.totalFeeDossierFormality'", "fee_data_formalities::varchar",
         "'at most totalFeeFormality, ' || fee_formalities"),
    Rule("numerator_above_denominator", "component", "partial_formalities + full_formalities > authority_formalities",
         "place || '.partialCount'", "(partial_formalities + full_formalities)::varchar",
         "'with fullCount at most authorityCount, ' || authority_formalities"),
    Rule("numerator_above_denominator", "component", "online_services_with_dossiers > online_services",
         "place || '.onlineDossierCount'", "online_services_with_dossiers::varchar",
         "'at most onlineServiceTotal, ' || online_services"),
    Rule("numerator_above_denominator", "component", "filed_online > filed",
         "place || '.channelOnlineSum'", "filed_online::varchar", "'at most channelTotalSum, ' || filed"),
    # One metric.
    Rule("wrong_type", "metric", "item is null", "place", "lower(item_type)", "'an object'"),
    Rule("metric_twice", "metric", "code is not null and not is_aside and occurrences > 1",
         "place", "occurrences || ' of this code'", "'each metric once'"),
    Rule("missing_field", "metric",
         "numerator is not null and denominator is null and not is_aside "
         "and json_type(item, '$.denominator') = 'NULL'", "place || '.denominator'", "'null'",
         "'a count, as numerator is one'"),
    Rule("missing_field", "metric",
         "denominator is not null and numerator is null and not is_aside "
         "and json_type(item, '$.numerator') = 'NULL'", "place || '.numerator'", "'null'",
         "'a count, as denominator is one'"),
    Rule("numerator_above_denominator", "metric", "is_share and numerator > denominator",
         "place || '.numerator'", "numerator::varchar",
         "'at most the denominator, ' || denominator"),
    Rule("ratio_contradicts_counts", "metric",
         f"is_share and abs(ratio - 100 * numerator / nullif(denominator, 0)) > {RATIO_TOLERANCE}",
         "place || '.ratio'", "ratio::varchar", "'100 x ' || numerator || ' / ' || denominator"),
    Rule("ratio_contradicts_counts", "metric", "is_share and denominator = 0 and ratio <> 0",
         "place || '.ratio'", "ratio::varchar", "'0 or null, as the denominator is 0'"),
    Rule("ratio_out_of_range", "metric", "is_share and ratio > 100", "place || '.ratio'",
         "ratio::varchar", "'at most 100 percent'"),
    Rule("score_above_maximum", "metric", "not is_aside and score > max_score", "place || '.score'",
         "score::varchar", "'at most ' || max_score"),
)
# fmt: on


def find_problems_sql() -> str:
    """Statements that add to table problem whatever breaks a rule in the tables of a chunk."""
    figures = " union all ".join(
        f"select file_hash, record_no, record, place || if(place = '', '', '.') || '{field.path}'"
        f" as field, '{field.kind}' as kind, '{field.presence}' as presence,"
        f" item -> '$.{field.path}' as raw"
        f" from {field.grain} where item is not null and {field.where}"
        for field in FIELDS
    )
    broken = " union all ".join(
        f"select file_hash, record_no, record, 'error' as severity, '{rule.reason_code}'"
        f" as reason_code, {rule.field} as field, {rule.found} as found,"
        f" coalesce({rule.expected}, '') as expected,"
        f" '{rule.action}' as action, null as row_text from {rule.grain} where {rule.predicate}"
        for rule in RULES
    )
    return f"""
        create or replace temp table figure as
        select
            *,
            raw is not null and json_type(raw) <> 'NULL' as is_given,
            coalesce(kind = 'text' and trim(raw ->> '$') = '', false) as is_blank
        from ({figures});
        -- What was found is masked here, once for all rules.
        insert into problem by name select * replace (coalesce(masked(found), '') as found) from ({broken});
        insert into problem by name
        -- What a row is about must be there; a unit below the province is known by its name as well.
        select file_hash, record_no, record, if(is_key, 'error', 'aside') as severity,
            'personal_number' as reason_code, field, 'a text of ' || length(raw ->> '$') || ' characters' as found,
            'a text without a number or an address of a person' as expected,
            if(is_key, '{RESEND}', 'the row goes on without it') as action, null as row_text
        from (
            select *, field in ('departmentCode', 'metadata.provinceCode') or is_units and field = 'departmentName'
                as is_key
            from figure inner join (select file_hash, is_units from envelope) using (file_hash)
        )
        where kind = 'text' and is_given and names_somebody(raw ->> '$')
        union all by name
        select file_hash, record_no, record, 'aside' as severity, 'personal_number' as reason_code, place as field,
            'a key of ' || length(component) || ' characters' as found,
            'a key without a number or an address of a person' as expected, 'the row goes on without it' as action,
            null as row_text
        from component where names_person(component);
        insert into problem by name
        select file_hash, record_no, record, 'aside' as severity, 'unknown_metric' as reason_code,
            place as field, masked(code) as found,
            'a metric of group ' || masked(group_code) || ' in indicators.csv' as expected,
            'add it to indicators.csv if the source introduced it; the rest of the row goes on'
                as action,
            masked_json(item_text) as row_text
        from metric where is_aside;
        insert into problem by name
        select file_hash, null as record_no, '$' as record, 'error' as severity, '{REFRESHING}' as reason_code,
            listed_at || '[*].groupScores' as field,
            provinces || ' provinces whose groups do not sum to their total' as found,
            'groups and totals of one moment' as expected,
            'nothing: the portal was refreshing its figures; the next capture counts' as action, row_text
        from envelope
        inner join (
            select
                file_hash, count(*) as provinces,
                string_agg(agency_code || ' ' || total_score || ' of ' || round(group_sum, 2), ', ' order by record_no)
                    as row_text
            from problem inner join unit_sum using (file_hash, record_no)
            where reason_code = '{APART}' group by file_hash
        ) as apart using (file_hash)
        where not is_units and provinces >= {PROVINCES_APART};
        -- No province is at fault then: one reason, which lists them.
        delete from problem
        where reason_code = '{APART}'
            and file_hash in (select file_hash from problem where reason_code = '{REFRESHING}');
        insert into problem by name
        select file_hash, null as record_no, '$' as record, 'error' as severity, '{TOO_MANY_REFUSED}' as reason_code,
            listed_at as field, refused.units || ' of ' || listed.units || ' units refused' as found,
            'at most {MOST_ROWS_REFUSED:.0%} of the units of a province' as expected,
            'see the reasons beside; the file counts as not delivered until they are put right' as action,
            null as row_text
        from envelope
        inner join (
            select file_hash, count(*) as units from unit where not is_subject group by file_hash
        ) as listed using (file_hash)
        inner join (
            select file_hash, count(distinct record_no) as units
            from problem where severity = 'error' and record_no > 0 group by file_hash
        ) as refused using (file_hash)
        where is_units and (refused.units = listed.units or refused.units > greatest(
            {ROWS_ALWAYS_ALLOWED}, {MOST_ROWS_REFUSED} * listed.units));
    """
