"""The charts of the page as Vega-Lite specifications, and the bundle that draws them.

Belongs here: what a chart looks like. Does not belong here: its figures, which the page hands in as the data `rows`, and
its words, which depend on the language. Colours go with a shape or a dash each: none stands for something by itself.

They are the same for every release, and seconds to make: `bin/service-index charts` writes them to `made/`, whence the
page takes them, and a test finds them as they would be written now. No night imports what makes them.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

MADE = Path(__file__).parent / "made"
_BUNDLE, _SPECIFICATIONS = MADE / "bundle.js.gz", MADE / "charts.json"
#: Run once the bundle is there; the page waits for it.
_READY = "window.vegaEmbed = vegaEmbed; dispatchEvent(new Event('charts-ready'));"
INK, QUIET, MARK = "#0b4f8a", "#c9d8e6", "#8a3b00"


def bundle() -> bytes:
    """Vega, Vega-Lite and Vega-Embed as one script that loads nothing."""
    return gzip.decompress(_BUNDLE.read_bytes())


def specifications() -> dict[str, dict[str, Any]]:
    """By name; each reads the data `rows`."""
    made: dict[str, dict[str, Any]] = json.loads(_SPECIFICATIONS.read_text(encoding="utf-8"))
    return made


def files() -> dict[Path, bytes]:
    """Each file of `made/`, and what it should hold."""
    import vl_convert

    charts = {
        name: _plain(chart)
        for name, chart in (
            ("groups", _groups()),
            ("course", _course()),
            ("totals", _totals()),
            ("spread", _spread()),
        )
    }
    return {
        _BUNDLE: gzip.compress(vl_convert.javascript_bundle(_READY).encode(), mtime=0),
        _SPECIFICATIONS: (json.dumps(charts, indent=1, sort_keys=True) + "\n").encode(),
    }


def _groups() -> Any:
    """Points of each group over its full mark; `name`, `score`, `max_score`, `median`, `similar_median`."""
    import altair as alt

    rows = alt.Chart(alt.NamedData("rows"))
    name = alt.Y("name:N", sort=None, title=None, axis=alt.Axis(labelLimit=190))
    return alt.layer(
        rows.mark_bar(color=QUIET, height=22).encode(x=alt.X("max_score:Q", title=None), y=name),
        rows.mark_bar(color=INK, height=12).encode(x="score:Q", y=name),
        rows.mark_tick(color=MARK, thickness=3, size=26).encode(x="median:Q", y=name),
        rows.mark_point(shape="diamond", color="#000", fill="#fff", opacity=1, size=70).encode(
            x="similar_median:Q", y=name
        ),
    ).properties(width="container", height=216)


def _course() -> Any:
    """A total over periods; `day`, `score`, `median`."""
    import altair as alt

    rows = alt.Chart(alt.NamedData("rows")).encode(x=_day())
    scale = alt.Scale(zero=False)
    return alt.layer(
        rows.mark_line(color=MARK, strokeDash=[5, 4]).encode(y=alt.Y("median:Q", title=None, scale=scale)),
        rows.mark_line(color=INK, strokeWidth=2.5, point=alt.OverlayMarkDef(color=INK, size=45)).encode(
            y=alt.Y("score:Q", title=None, scale=scale)
        ),
    ).properties(width="container", height=210)


def _totals() -> Any:
    """Totals of all provinces; `name`, `score`, `median`."""
    import altair as alt

    rows = alt.Chart(alt.NamedData("rows"))
    return alt.layer(
        rows.mark_bar(color=INK, height=10).encode(
            x=alt.X("score:Q", title=None), y=alt.Y("name:N", sort=None, title=None)
        ),
        rows.mark_rule(color=MARK, strokeWidth=2).encode(x="max(median):Q"),
    ).properties(width="container", height=560)


def _spread() -> Any:
    """The middle and the ends of all totals over periods; `day`, `lowest`, `median`, `highest`."""
    import altair as alt

    rows = alt.Chart(alt.NamedData("rows")).encode(x=_day())
    scale = alt.Scale(zero=False)
    return alt.layer(
        rows.mark_area(color=QUIET).encode(y=alt.Y("lowest:Q", title=None, scale=scale), y2="highest:Q"),
        rows.mark_line(color=INK, strokeWidth=2.5, point=alt.OverlayMarkDef(color=INK, size=45)).encode(
            y="median:Q"
        ),
    ).properties(width="container", height=210)


def _day() -> Any:
    import altair as alt

    return alt.X("day:T", title=None, axis=alt.Axis(format="%d/%m/%y", labelOverlap=True, grid=False))


def _plain(chart: Any) -> dict[str, Any]:
    configured = chart.configure(font="system-ui, Segoe UI, Noto Sans, Arial, sans-serif")
    configured = configured.configure_view(stroke=None).configure_axis(
        labelFontSize=13,
        labelColor="#1b1f24",
        gridColor="#e4e9ee",
        domainColor="#8a949e",
        tickColor="#8a949e",
    )
    made: dict[str, Any] = configured.to_dict()
    del made["$schema"]  # an address on the network, which nothing is asked for
    return made
