// Words and numbers as people of the chosen language write them.
const say = (key, values = {}) =>
  texts[state.lang][key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

/** The words of a key if there are any, else what it stands for: codes of data may be new. */
const sayIf = (key, otherwise) => (key in texts[state.lang] ? say(key) : otherwise);
const locale = () => (state.lang === "vi" ? "vi-VN" : "en-GB");
const isMissing = (value) => value === null || value === undefined;

/** Codes of sources, in words. */
const sourceWords = (sources) => sources?.split(", ").map((source) => sayIf(`source_${source}`, source)).join(", ");

/** Why something is missing: the marts say it in English, a whole sentence, or a word before what is missing. */
function reasonWords(reason) {
  if (state.lang === "en" || !reason) return reason;
  const [, start, missing, more] = reason.match(/^(not_delivered|no figure for)[: ]+([^(]+?)(?: \((.*)\))?$/) ?? [];
  if (start) return `${say(`reason_${start.replaceAll(" ", "_")}`, { missing: start === "not_delivered" ? sourceWords(missing) : missing })}${more ? ` (${reasonWords(more)})` : ""}`;
  return sayIf(`reason_${reason.toLowerCase().replace(/[^a-z]+/g, "_")}`, reason);
}

function number(value, digits = 0, sign = "auto") {
  if (isMissing(value)) return "–";
  const style = { minimumFractionDigits: digits, maximumFractionDigits: digits, signDisplay: sign };
  return new Intl.NumberFormat(locale(), style).format(value);
}

const points = (value) => number(value, 2);
const signed = (value) => number(value, 2, "exceptZero");
const percent = (ratio) => (isMissing(ratio) ? "–" : `${number(100 * ratio, 2)} %`);

function day(iso) {
  if (isMissing(iso)) return "–";
  const [year, month, date] = iso.slice(0, 10).split("-");
  return `${date}/${month}/${year}${iso.slice(10)}`;
}

/** Names of units have no English form below the province. */
const nameOf = (row) => (state.lang === "en" && row.name_en) || row.name_vi;

function periodName(row) {
  const [year, month] = row.period_start.split("-");
  const values = { year, month, quarter: Math.ceil(month / 3), start: day(row.period_start) };
  return `${say(`period_${row.period_type}`, values)}, ${say("up_to", { day: day(row.as_of) })}`;
}

function moved(places) {
  if (isMissing(places)) return "–";
  if (places === 0) return "=";
  return `${places > 0 ? "▲" : "▼"} ${number(Math.abs(places))}`;
}

function movedWords(places) {
  if (places === 0) return say("unmoved");
  return say(places > 0 ? "climbed" : "fell", { n: number(Math.abs(places)) });
}

const groupName = (code) => {
  const group = rowWhere("group_names", ["g"], code);
  return group ? nameOf(group) : code;
};
