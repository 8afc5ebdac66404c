"""t"""
from __future__ import annotations
import json, pytest
pytestmark = pytest.mark.bi
def test_x(imported):
    p=imported.page
    print(imported.kind,[d["dashboard_title"] for d in p.every("dashboard")],[(c["id"],c["slice_name"]) for c in p.every("chart")])
    print([(d["table_name"],d["description"][:40],len(d["columns"])) for d in p.every("dataset")])
    for s in ("select count(*) from bi_ranking","create table marts.x as select 1","from read_csv('/etc/passwd')"):
        r=p.sql_lab(s); print(r.status_code,r.text[:400])
