-- Of when are these figures, and are they real?
select release_id, created_at, as_of, contains_synthetic, gates_passed from marts.release
