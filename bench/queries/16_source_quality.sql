-- What is wrong with what one province sends?
select q.agency_code, q.defect, q.dossiers, q.share from marts.mart_source_quality as q
inner join marts.dim_unit as u on q.unit_code = u.unit_code and u.valid_to is null
where u.province_code = '75'
order by q.dossiers desc
