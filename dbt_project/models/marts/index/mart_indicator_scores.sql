-- Grain: one row per period key, unit and metric.
{%- set metrics = [
    'publish_on_time',
    'public_update_on_time',
    'public_content_full',
    'dossier_sync',
    'on_time_settlement',
    'avg_processing_days',
    'procedures_offered_online',
    'online_services_with_dossiers',
    'dossiers_filed_online',
    'cross_boundary_filing',
    'dossier_paid_online',
    'formality_paid_online',
    'fee_formality_integrated',
    'original_result_available',
    'so_hoa_giay_to_giai_quyet',
    'reused_digitized_data',
    'synced_with_dvcqg_personal_storage',
    'citizen_data_connected_dossier',
    'citizen_data_connected_formality',
    'electronic_certified_copy',
    'petition_classification_tthc',
    'petition_classification_staff',
    'petition_processing_on_time',
    'petition_handling_satisfaction',
    'dossier_receiving_satisfaction',
] %}
with indicators as (
    select * from {{ ref('dim_indicator') }}
),

scores as (
    {% for metric in metrics %}
        select * from {{ ref('ind_' ~ metric) }}
        {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

final as (
    select
        {{ period_keys('scores') }},
        scores.unit_code,
        scores.unit_level,
        scores.metric_code,
        scores.numerator,
        scores.denominator,
        scores.ratio,
        scores.score,
        scores.max_score,
        indicators.group_code,
        scores.score_reason,
        scores.denominator_status
    from scores
    inner join indicators
        on
            scores.regime = indicators.regime
            and scores.metric_code = indicators.metric_code
)

select * from final
