"""The layer that decides whether data may be released. What the author of a suite must know:

* `{batch}` in a query becomes `(select ...) as subselect`. Give it no alias of your own, unless
  the query contains a JOIN: then it becomes a bare `(select ...)` and needs one.
* A query is read twice before DuckDB sees it: by `str.format`, so a brace is doubled (`x{{2}}`),
  and by SQLAlchemy, so a colon before a word is shielded (`'(?\\:a|b)'`); `::type` is safe.
  It must not end in a `--` comment.
* A query has no parameters of its own: build its text in the suite's function, or pass it whole
  as `{"$PARAMETER": name}`. Bounds take `$PARAMETER` too; None is refused.
* Regex, LIKE and type expectations do not work on DuckDB; they fail, they do not pass. Use
  `UnexpectedRowsExpectation` with `regexp_matches` or `like`; types are the contracts' business.
* Nulls pass every column expectation but `ExpectColumnValuesToNotBeNull`, and an empty table
  passes all of them: begin a suite with a row count.
* A total over no rows, or over a NaN, comes out as no value and fails its bound. As a single
  value, NaN lies above any upper bound.
* `row_condition` works (as GX's condition object, `Column("x") > 0`; strings are deprecated), but
  its failing rows are shown as bare values; a query shows whole rows.
* Select the columns that identify a row: they are what the reader of a failure gets to see.
* Give each expectation `description=` and `meta={"reason": "why this bound (date)"}`.
* `severity` changes nothing here: any failed check stops a release.
"""
