{#-
    The dossiers that units are measured by: of a unit of today, received (else filed) since its province delivers all
    of its dossiers. One that joined late delivers of the days before only what was still open: no figure is whole
    (docs/adr/0028). What is open is work to be done all the same, and in `int_dossiers__backlog`.
-#}
{% macro counted_dossiers() %}
    select dossiers.*
    from {{ ref('fct_dossier') }} as dossiers
    left join {{ ref('int_dossiers__known_until') }} as units
        on dossiers.unit_code = units.unit_code
    where
        dossiers.unit_code is not null
        and (units.known_from is null or dossiers.filed_date >= units.known_from)
{% endmacro %}
