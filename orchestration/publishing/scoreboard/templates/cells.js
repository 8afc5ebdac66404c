// Single cells and small parts: what a value of each kind looks like. Text is only ever set as text.
function made(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (!isMissing(value) && value !== false) node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => !isMissing(child)));
  return node;
}

const provinceLink = (code, ...shown) =>
  made("a", { href: address({ view: "province", province: code, unit: null, sort: null }) }, ...shown);

const bandMark = (band) => made("span", { class: "band" }, sayIf(`band_${band}`, band));

function movedMark(places) {
  const side = places > 0 ? "up" : places < 0 ? "down" : "";
  return made("span", { class: side },
    made("span", { "aria-hidden": "true" }, moved(places)), made("span", { class: "sr" }, movedWords(places)));
}

/** A small line; `values` may lack some. Its ends are told in words. */
function trend(values, shown) {
  const known = values.filter((value) => !isMissing(value));
  if (known.length < 2) return made("span", { class: "none" }, "–");
  const low = Math.min(...known), height = Math.max(...known) - low || 1;
  const at = (value, i) => [4 + (88 * i) / (values.length - 1), 20 - (16 * (value - low)) / height];
  const spots = values.map((value, i) => (isMissing(value) ? null : at(value, i))).filter(Boolean);
  const draw = (tag, attributes) => {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
    return node;
  };
  const words = say("course_words", { first: shown(known[0]), last: shown(known.at(-1)) });
  const line = draw("svg", { class: "trend", viewBox: "0 0 96 24", role: "img", "aria-label": words });
  const [x, y] = spots.at(-1);
  line.append(draw("polyline", { points: spots.map((spot) => spot.join(",")).join(" ") }), draw("circle", { cx: x, cy: y, r: 2.5 }));
  return line;
}

const NUMERIC = ["rank", "score", "score4", "points", "signed", "percent", "count", "moved", "counts"];
const SHOWN = {
  rank: (value) => number(value), count: (value) => number(value), score: points, signed, percent,
  score4: (value) => number(value, 4), points: (value) => number(value), moved: movedMark, band: bandMark,
  origin: (value) => sayIf(`origin_${value}`, value), text: (value) => value, head: (value) => value,
};

/** The cell of a row in a column of some kind; where there is no figure, a dash and why. */
function cell(row, column, kind) {
  const value = row[column];
  const tag = ["head", "province", "unit"].includes(kind) ? "th" : "td";
  const attributes = { scope: tag === "th" ? "row" : null, class: NUMERIC.includes(kind) ? "number" : null };
  if (kind === "province") return made(tag, attributes, provinceLink(row.u, nameOf(row)));
  if (kind === "unit") return made(tag, attributes, row.name_vi);
  if (kind === "trend") return made(tag, attributes, trend(row[column] ?? [], row.shown ?? points));
  if (kind === "counts") {
    return made(tag, attributes, isMissing(row.denominator) ? "–" : `${number(row.numerator)} / ${number(row.denominator)}`);
  }
  if (isMissing(value)) {
    const reason = row[`${column}_reason`] ?? row.reason;
    const words = reason ? say("missing_because", { reason: reasonWords(reason) }) : say("missing");
    return made(tag, { ...attributes, class: `${attributes.class ?? ""} none`, title: words },
      made("span", { "aria-hidden": "true" }, "–"), made("span", { class: "sr" }, words));
  }
  return made(tag, attributes, SHOWN[row.kinds?.[column] ?? kind](value));
}
