-- Grain: one row per province: where its tile lies, from 1.
select unit_code as u, tile_row + 1 as tile_row, tile_column + 1 as tile_column
from marts.dim_unit
where unit_level = 'province' and valid_to is null
order by dim_unit.tile_row, dim_unit.tile_column
