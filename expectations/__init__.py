"""The layer that decides whether data may be released. What the author of a suite (`suites/*.yml`) must know:

* `sql` selects the rows that must not be, from `batch`, in DuckDB's SQL; other tables of the database can be read beside
  it. Select the columns that identify a row: they are what the reader of a failure gets to see.
* Texts are Jinja templates. They name the expectation's `bounds`, the suite's `texts` and `parameters`, the texts of
  `_shared.yml`, and the figures of the reference data (`builder`). A name without a value is an error.
* A bound stands with its reason and its date. What dbt tests already say (keys, grain, relationships, accepted values)
  is not said again.
* An empty table passes every query that looks for rows: begin a suite with a row count.
* A total over no rows, or over a NaN, comes out as no value and is not above any bound. As a single value, NaN lies above
  any upper bound.
* `expect` names what Great Expectations has ready. Its regex, LIKE and type expectations do not work on DuckDB; they
  fail, they do not pass. Nulls pass its column expectations but `ExpectColumnValuesToNotBeNull`.
* Every failed expectation stops a release: there are no severities.
"""
