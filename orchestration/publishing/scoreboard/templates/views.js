// The views, but that of one province: each fills what the page declares for it.
const provincesOf = (p) => rowsWhere("ranking", ["p"], p);

/** A list of facts: each a word and what is said of it. */
function factList(id, pairs) {
  const shown = pairs.filter(([, value]) => !isMissing(value) && value !== "");
  document.getElementById(id).replaceChildren(
    ...shown.map(([key, value]) => made("div", { "data-fact": key }, made("dt", {}, say(key)), made("dd", {}, ...[value].flat()))));
}

const write = (id, text) => {
  const node = document.getElementById(id);
  node.textContent = text;
  node.hidden = !text;
};

function showRanking() {
  const over = series();
  const rows = provincesOf(state.period.p).map((row) => ({
    ...row, name: nameOf(row), rank_reason: row.rank_reason, total_score_reason: row.rank_reason,
    rank_change_reason: row.movement_reason, score_change_reason: row.movement_reason,
    course: over.map((period) => rowWhere("ranking", ["p", "u"], period.p, row.u)?.total_score),
  }));
  fill("ranking", rows, say("ranking_caption", { period: periodName(state.period) }));
  const baseline = state.period.baseline;
  write("movement", baseline ? say("movement_against", { baseline: baselineName(baseline) }) : say("movement_none"));
  write("course-note", over.length > 1 ? say("course_note", { n: number(over.length) }) : "");
  const bounds = rowsOf(tables.band_bounds).map((row) => isMissing(row.minimum_score)
    ? say("band_below", { band: say(`band_${row.band}`), bound: number(row.below_score) })
    : say("band_from", { band: say(`band_${row.band}`), bound: number(row.minimum_score) }));
  write("bands-note", say("bands_note", { bands: bounds.join(", ") }));
}

/** The mart names a baseline as `year_to_date from 2026-01-01 as of 2026-10-06`. */
function baselineName(baseline) {
  const [, period_type, period_start, as_of] = baseline.match(/^(\w+) from (\S+) as of (\S+)$/) ?? [];
  return as_of ? periodName({ period_type, period_start, as_of }) : baseline;
}

function showMap() {
  const p = state.period.p, byTotal = state.by === "total";
  const options = [["total", say("map_total")], ...tables.group_names.g.map((g) => [g, groupName(g)])];
  offer("map-by", options, state.by);
  const ends = byTotal ? state.period : rowWhere("group_medians", ["p", "g"], p, state.by);
  const { lowest, highest } = ends ?? {};
  write("map-legend", isMissing(lowest) ? "" : say("map_legend", { lowest: points(lowest), highest: points(highest) }));
  const tiles = rowsOf(tables.tiles).map(({ u, tile_row, tile_column }) => {
    const row = rowWhere("ranking", ["p", "u"], p, u);
    if (!row) return null;
    const score = byTotal ? row.total_score : rowWhere("groups", ["p", "u", "g"], p, u, state.by)?.score;
    const step = isMissing(score) ? "none" : Math.min(4, Math.floor((5 * (score - lowest)) / (highest - lowest || 1)));
    const link = provinceLink(u, made("b", {}, nameOf(row)), made("span", { class: "value" }, points(score)),
      made("span", {}, isMissing(row.rank) ? say("no_rank") : say(byTotal ? "rank_short" : "rank_of_total", { rank: number(row.rank) })));
    link.className = `step-${step}`;
    const tile = made("li", { "data-row": u }, link);
    tile.style.gridArea = `${tile_row} / ${tile_column}`;
    return tile;
  });
  document.getElementById("tiles").replaceChildren(...tiles.filter(Boolean));
}

function showNation() {
  const { p } = state.period, said = rowWhere("headlines", ["p", "u"], p, "VN") ?? {};
  const bands = rowsWhere("bands", ["p"], p);
  const inBand = tables.band_bounds.band.map((band) => [band, bands.find((row) => row.band === band)?.provinces])
    .filter(([, provinces]) => provinces).map(([band, provinces]) => `${say(`band_${band}`)} ${number(provinces)}`);
  factList("nation-facts", [
    ["fact_median", points(state.period.median)],
    ["fact_quartiles", say("from_to", { from: points(state.period.lower_quartile), to: points(state.period.upper_quartile) })],
    ["fact_range", say("from_to", { from: points(state.period.lowest), to: points(state.period.highest) })],
    ["fact_bands", inBand.join(", ")],
    ...headlineFacts(said),
  ]);
  fill("nation_groups", tables.group_names.g.map((g) => ({ g, group: groupName(g), ...rowWhere("group_medians", ["p", "g"], p, g) }))
    .filter((row) => !isMissing(row.p)));
  fill("nation_metrics", rowsWhere("metric_medians", ["p"], p).map((row) => ({ ...row, ...metricOf(row.m) }))
    .map((row) => ({ ...row, u: null, median_lost: row.points_lost, median_ratio: row.ratio, kinds: ratioKinds(row, "median_ratio") }))
    .filter((row) => row.is_scored).sort((a, b) => (b.median_lost ?? -1) - (a.median_lost ?? -1)));
  fill("coverage", rowsWhere("coverage", ["p"], p).map((row) => ({
    ...row, level: say(`level_${row.unit_level}`), group: groupName(row.g), newest_at: row.newest_at && day(row.newest_at),
    expected_reason: say("provinces_unknown", { n: number(row.provinces_unknown) }), missing_sources: sourceWords(row.missing_sources),
  })));
  const over = series();
  chart("spread", over.length > 1 ? over.map((row) => ({ day: row.as_of, lowest: row.lowest, median: row.median, highest: row.highest })) : [], say("chart_spread"));
  chart("totals", provincesOf(p).filter((row) => !isMissing(row.total_score)).map((row) => (
    { name: nameOf(row), score: row.total_score, median: state.period.median })), say("chart_totals"));
}

const headlineFacts = (said) => [
  ...["dossiers_received", "early", "overdue"].map((key) => [`fact_${key}`, isMissing(said[key]) ? null : number(said[key])]),
  ...["timely_ratio", "online_ratio", "paid_online_ratio"].map((key) => [`fact_${key}`, isMissing(said[key]) ? null : percent(said[key])]),
];

/** What a metric is under the rules looked at. */
function metricOf(m) {
  const found = rowWhere("indicators", ["regime", "m"], state.rules, m) ?? { m, name_vi: m };
  return { ...found, metric: nameOf(found), group: groupName(found.g) };
}

/** Of metrics measured in days, the ratio is a number of days. */
const ratioKinds = (row, ...columns) => Object.fromEntries(columns.map((column) => [column, row.counted_unit === "day" ? "score" : "percent"]));

function showChanges() {
  if (!facts.previous) {
    write("changes-note", say("changes_none_before"));
    fill("changes", []);
    fill("new_periods", []);
    return;
  }
  const changed = changedFigures();
  write("changes-note", [say("changes_against", { release: facts.previous }), changed.length ? "" : say("changes_unchanged")].filter(Boolean).join(". "));
  fill("changes", changed.map((row) => ({ ...row, name: nameOf(row), period: longPeriod(row) })));
  fill("new_periods", changedPeriods().map((row) => ({
    kind: say(`kind_${row.kind}`), basis: basisName(row.basis, row.contains_synthetic), rules: rulesName(row.regime), period: periodName(row) })));
}

const basisName = (basis, isMarked = facts.synthetic.includes(basis)) => sayIf(`basis_${basis}`, basis) + (isMarked ? ` (${say("synthetic")})` : "");
const basesNamed = (bases) => bases.map((basis) => basisName(basis, false)).join(", ");
/** Of a period all is synthetic; of what shows several bases, it is said which. */
const syntheticWords = () => (isTimeless() ? say("synthetic_among", { bases: basesNamed(syntheticHere()) }) : say("synthetic_here"));
const rulesName = (rules) => sayIf(`rules_${rules}`, rules);
const longPeriod = (row) => `${basisName(row.basis, row.contains_synthetic)}, ${rulesName(row.regime)}, ${periodName(row)}`;

function showQuality() {
  fill("gates", rowsOf(tables.gates).map((row) => ({ ...row, result: say(row.success ? "passed" : "failed") })));
  fill("reconciliation", rowsOf(tables.reconciliation).map((row) => ({
    ...row, day: day(row.as_of), period_type: say(`type_${row.period_type}`), rules: rulesName(row.regime), level: say(`level_${row.unit_level}`),
    score_level: say(`score_level_${row.score_level}`) })));
  fill("captures", rowsOf(tables.captures).map((row) => ({
    ...row, day: day(row.as_of), period_type: row.period_type && say(`type_${row.period_type}`), level: isMissing(row.unit_level) ? null : say(`level_${row.unit_level}`),
    capture_status: sayIf(`capture_${row.capture_status}`, row.capture_status), observed_at: row.observed_at && day(row.observed_at) })));
  fill("source_quality", rowsOf(tables.source_quality).map((row) => ({ ...row, defect: sayIf(`defect_${row.defect}`, row.defect) })));
  for (const basis of ["portal", "records"]) document.getElementById(`synthetic-quality-${basis}`).hidden = !facts.synthetic.includes(basis);
}
