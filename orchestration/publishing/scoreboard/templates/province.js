// The view of one province: groups, what moved it, next steps, metrics, what lies below it.
function showProvince() {
  const { p } = state.period, row = rowWhere("ranking", ["p", "u"], p, state.province);
  offer("province", provincesOf(p).map((one) => [one.u, nameOf(one)]).sort(([, a], [, b]) => new Intl.Collator("vi").compare(a, b)), row.u);
  const name = nameOf(row), similar = (row.similar ?? []).map((code) => rowWhere("ranking", ["p", "u"], p, code)).filter(Boolean);
  const region = row.region_vi && nameOf({ name_vi: row.region_vi, name_en: row.region_en });
  factList("province-facts", [
    ["fact_rank", isMissing(row.rank) ? reasonWords(row.rank_reason) : say("rank_of", { rank: number(row.rank), peers: number(state.period.peers) })],
    ["fact_score", isMissing(row.total_score) ? null : points(row.total_score)],
    ["fact_movement", isMissing(row.score_change) ? null : say("places_and_points", { places: movedWords(row.rank_change), points: signed(row.score_change) })],
    ["fact_band", row.band && sayIf(`band_${row.band}`, row.band)],
    ["fact_official", isMissing(row.official_rank) ? null : say("official_both", { rank: number(row.official_rank), score: points(row.official_score) })],
    ...headlineFacts(rowWhere("headlines", ["p", "u"], p, row.u) ?? {}),
    ["fact_similar", similar.length ? similar.flatMap((one, i) => [i ? ", " : "", provinceLink(one.u, nameOf(one))]) : null],
  ]);
  write("similar-note", region ? say("similar_note", { region }) : "");
  const groups = tables.group_names.g.map((g) => ({ ...rowWhere("groups", ["p", "u", "g"], p, row.u, g), g, u: null, group: groupName(g),
    median: rowWhere("group_medians", ["p", "g"], p, g)?.median })).filter((one) => !isMissing(one.p));
  fill("groups", groups.map((one) => ({ ...one, score_reason: one.score_reason })), say("groups_caption", { name }));
  chart("groups", groups.map(({ group, score, max_score, median, similar_median }) => ({ name: group, score, max_score, median, similar_median })),
    say("chart_groups", { name }));
  const over = series();
  chart("course", over.length > 1 ? over.map((one) => ({ day: one.as_of, median: one.median,
    score: rowWhere("ranking", ["p", "u"], one.p, row.u)?.total_score })) : [], say("chart_course", { name }));
  showMoves(row, name);
  showPlans(row, name);
  showMetrics(row, name);
  showUnits(row, name);
}

function showMetrics(row, name) {
  const { p } = state.period;
  // Months tell the trend where there is a single figure of the kind of period looked at.
  const own = series().filter((one) => rowsWhere("metric_medians", ["p"], one.p).length);
  const over = own.length > 1 ? own : series("month");
  const metrics = rowsWhere("metrics", ["p", "u"], p, row.u).map((one) => {
    const about = metricOf(one.m);
    return { ...about, ...one, u: null, score_reason: one.score_reason, reason: one.score_reason,
      median_ratio: rowWhere("metric_medians", ["p", "m"], p, one.m)?.ratio, kinds: ratioKinds(about, "ratio", "median_ratio"),
      trend: over.map((period) => rowWhere("metrics", ["p", "u", "m"], period.p, row.u, one.m)?.ratio),
      shown: about.counted_unit === "day" ? points : percent };
  });
  const place = (one) => tables.group_names.g.indexOf(one.g) * 100 - (one.max_score ?? 0);
  metrics.sort((a, b) => place(a) - place(b));
  fill("metrics", metrics, say("metrics_caption", { name }));
  write("metrics-note", !metrics.length ? say("metrics_none") : over.length > 1
    ? say("metrics_trend_note", { first: periodName(over[0]), last: periodName(over.at(-1)), n: number(over.length) }) : say("metrics_trend_none"));
}

/** What moved the total since what the ranking compares it with. */
function showMoves(row, name) {
  const { p, baseline } = state.period, counts = (numerator, denominator) =>
    (isMissing(numerator) || isMissing(denominator) ? null : `${number(numerator)} / ${number(denominator)}`);
  const moves = rowsWhere("moves", ["p", "u"], p, row.u);
  fill("moves", moves.map((one) => ({ ...one, u: null,
    part: one.level === "group" ? say("part_whole_group") : nameOf(one), group: one.level === "rest" ? say("map_total") : groupName(one.g), counts_from: counts(one.numerator_from, one.denominator_from),
    counts_to: counts(one.numerator_to, one.denominator_to) })), say("moves_caption", { name, baseline: baseline ? baselineName(baseline) : "" }));
  const reason = reasonWords(row.movement_reason ?? row.rank_reason ?? "");
  if (!moves.length && isMissing(row.score_change)) return write("moves-note", say("moves_none", { reason }));
  const note = say("moves_note", { points: signed(moves[0]?.total_moved ?? row.score_change) });
  write("moves-note", isMissing(row.score_change) ? `${note} ${say("moves_unranked", { reason })}` : note);
}

/** The steps to each goal; of one that counts alone do not reach, or that has none, only what it takes. */
function showPlans(row, name) {
  const plans = rowsWhere("plans", ["p", "u"], state.period.p, row.u).map((one) => {
    const none = say(one.plan_reason === "the source gives no counts" ? "plan_no_counts" : "plan_out_of_reach");
    const todo = one.step ? say("plan_todo", { more: number(one.more_units), unit: say(`counted_${one.counted_unit}`) }) : none;
    return { ...one, u: null, goal: say(`goal_${one.goal}`), todo, metric: one.m && metricOf(one.m).metric, reason: none };
  });
  fill("plans", plans, say("plans_caption", { name }));
  write("plans-note", say(plans.length ? "plans_note" : "no_steps", { reason: reasonWords(row.rank_reason ?? "") }));
}

/** Below the province nothing is unpacked until its list is opened. */
function showUnits(row, name) {
  for (const [id, level] of [["departments", "department"], ["communes", "commune"]]) {
    const list = document.getElementById(id);
    list.firstElementChild.textContent = say(`units_${id}`, { name });
    list.ontoggle = () => list.open && fillUnits(id, level, row.u, name);
    const sought = state.unit && rowWhere("searched", ["u"], state.unit);
    if (sought?.level === level && sought.province === row.u) list.open = true;
    if (list.open) fillUnits(id, level, row.u, name);
  }
}

async function fillUnits(id, level, province, name) {
  const { p } = state.period;
  const listed = (await unitsOf(province)).filter((unit) => unit.p === p && unit.level === level)
    .sort((a, b) => (a.rank ?? Infinity) - (b.rank ?? Infinity) || (a.u < b.u ? -1 : 1));
  if (p !== state.period.p || province !== state.province) return; // another was asked for meanwhile
  const { peers, peers_expected: expected, period_status } = listed[0] ?? {};
  const what = say(`units_${id}`, { name }), baseline = listed.find((unit) => unit.baseline)?.baseline;
  const caption = period_status && say("units_caption", { what, peers: number(peers), status: say(`status_${period_status}`),
    expected: isMissing(expected) ? say("unknown_number") : number(expected) });
  fill(id, listed.map((unit) => ({ ...unit, unit: unit.name_vi, reason: unit.rank_reason,
    rank_change_reason: unit.movement_reason, score_change_reason: unit.movement_reason })),
  baseline ? `${caption}. ${say("movement_against", { baseline: baselineName(baseline) })}` : caption);
  document.getElementById(id).firstElementChild.textContent = listed.length ? what : `${what}: ${say("units_none")}`;
  const chosen = document.querySelector(`#table-${id} .chosen`);
  chosen?.scrollIntoView({ block: "center" });
}
