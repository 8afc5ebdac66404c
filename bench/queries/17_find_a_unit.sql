-- Which unit did somebody mean?
select unit_code, label_vi, unit_level from marts.dim_unit
where search_name like '%dong nai%' and valid_to is null
order by unit_level
