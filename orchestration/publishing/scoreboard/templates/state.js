// What is looked at: it stands in the address, so that a link or the button Back leads to the same view.
const VIEWS = ["ranking", "map", "province", "nation", "changes", "quality"];
const state = { lang: "vi" };
const periodKey = (row) => `${row.period_type}.${row.period_start}.${row.as_of}`;

/** The newest figures come first, and of one day those of the year so far. */
function newest(listed) {
  const rank = (row) => `${row.as_of} ${row.period_type === "year_to_date" ? 1 : 0}`;
  return listed.reduce((best, row) => (best && rank(best) >= rank(row) ? best : row), undefined);
}

/** Take the state out of the address; what it does not hold, or names and is not there, becomes the newest there is. */
function readState() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const one = (name, allowed, otherwise) => (allowed.includes(asked.get(name)) ? asked.get(name) : otherwise);
  const bases = [...new Set(periods.map((row) => row.basis))];
  state.lang = one("lang", ["vi", "en"], "vi");
  state.view = one("view", VIEWS, "ranking");
  state.basis = one("basis", bases, bases.includes("portal") ? "portal" : bases[0]);
  const ofBasis = periods.filter((row) => row.basis === state.basis);
  state.rules = one("rules", ofBasis.map((row) => row.regime), newest(ofBasis)?.regime);
  const ofRules = ofBasis.filter((row) => row.regime === state.rules);
  state.period = ofRules.find((row) => periodKey(row) === asked.get("period")) ?? newest(ofRules);
  const ranked = state.period ? rowsWhere("ranking", ["p"], state.period.p) : [];
  state.province = one("province", ranked.map((row) => row.u), ranked[0]?.u);
  state.unit = asked.get("unit");
  state.sort = asked.get("sort") ?? "";
  state.by = one("by", tables.group_names.g, "total");
}

/** The address of the state with some changes; null takes one out. */
function address(changes = {}) {
  const held = {
    view: state.view, lang: state.lang, basis: state.basis, rules: state.rules,
    period: state.period && periodKey(state.period), province: state.province, unit: state.unit,
    sort: state.sort, by: state.by === "total" ? null : state.by, ...changes,
  };
  return `#${new URLSearchParams(Object.entries(held).filter(([, value]) => value))}`;
}

/** Whether the view is about the release, whatever period is chosen. */
const isTimeless = () => ["changes", "quality"].includes(state.view);

/** What changed since the release before, each with its period; synthetic where a figure of either release is. */
const changedFigures = () => rowsOf(tables.changes ?? {}).map((row) => ({ ...periods[row.p], ...row }));
const changedPeriods = () => rowsOf(tables.new_periods ?? {});

/** The bases of which something in the view is synthetic: a period says it of its own, the other basis may be real. */
function syntheticHere() {
  if (state.view === "quality") return facts.synthetic;
  const shown = state.view === "changes" ? [...changedFigures(), ...changedPeriods()] : [state.period];
  return [...new Set(shown.filter((row) => row.contains_synthetic).map((row) => row.basis))];
}
const isSynthetic = () => syntheticHere().length > 0;

/** Figures of the same kind of period under the same rules, in order; of the year so far, of one year: each begins at nothing. */
const series = (type = state.period.period_type) => periods
  .filter((row) => row.basis === state.basis && row.regime === state.rules && row.period_type === type
    && (type !== "year_to_date" || row.period_start === state.period.period_start))
  .sort((a, b) => (a.as_of < b.as_of ? -1 : 1));
