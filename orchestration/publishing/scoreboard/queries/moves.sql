-- Grain: one row per period, province and part of its total that moved since what the ranking compares it with. The parts
-- add up to `total_moved`, which the ranking shows where the peers are the same.
select
    now.p, moves.unit_code as u, moves.part_level as level, moves.part_code as m, moves.group_code as g, moves.part_vi as name_vi,
    moves.part_en as name_en, moves.points_from, moves.points_to, moves.points_moved, moves.numerator_from,
    moves.denominator_from, moves.numerator_to, moves.denominator_to, moves.total_moved
from marts.bi_movement as moves
inner join periods as now on moves.to_period_id = now.period_id
inner join periods as earlier
    on moves.from_period_id = earlier.period_id
        and now.baseline = earlier.period_type || ' from ' || earlier.period_start || ' as of ' || earlier.as_of
where moves.unit_level = 'province' and moves.total_moved is not null and moves.points_moved <> 0
order by now.p, moves.unit_code, abs(moves.points_moved) desc, moves.part_code
