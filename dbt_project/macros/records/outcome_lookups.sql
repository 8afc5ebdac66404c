{#- What the outcome of a dossier is looked up in besides its own records: relation, key, and the columns that count. -#}
{% macro outcome_lookups() %}
    {{- return({
        'procedures': {
            'relation': ref('int_procedures__latest'),
            'key': 'procedure_code',
            'columns': ['statutory_limit', 'limit_unit', 'is_fee_bearing', 'returns_paper_result'],
        },
        'units': {'relation': ref('int_units__resolved'), 'key': 'agency_code', 'columns': ['unit_code']},
        'petitions': {'relation': ref('int_petitions__latest'), 'key': 'dossier_code', 'columns': []},
    }) -}}
{% endmacro %}
