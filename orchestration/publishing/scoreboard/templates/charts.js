// Charts: the bundle is unpacked when the first one is seen, after the tables, and draws SVG from specifications.
let drawing = null;

function chartsReady() {
  drawing ??= (async () => {
    const [specifications, code] = await Promise.all([
      unpacked("charts").then((found) => found.json()), unpacked("bundle").then((found) => found.text()),
    ]);
    const ready = new Promise((done) => addEventListener("charts-ready", done, { once: true }));
    document.head.append(made("script", { type: "module" }, code));
    await ready;
    return specifications;
  })();
  return drawing;
}

const VIETNAMESE = { decimal: ",", thousands: ".", grouping: [3], currency: ["", " ₫"] };

/** A layer of which no row has a figure is left out: its scale would have no ends. */
const hasFigures = (layer, rows) => ["x", "y"].map((axis) => layer.encoding[axis]?.field).filter(Boolean)
  .every((field) => rows.some((row) => !isMissing(row[field])));

/** Draw chart `name` from `rows`; without a figure among them there is none. `caption` describes it. */
async function chart(name, rows, caption) {
  const figure = document.getElementById(`chart-${name}`);
  figure.hidden = rows.every((row) => isMissing(row.score ?? row.highest));
  figure.asked = rows;
  if (figure.hidden) return;
  figure.querySelector("figcaption").textContent = caption;
  const specification = structuredClone((await chartsReady())[name]);
  if (figure.asked !== rows || figure.closest("section").hidden) return; // another was asked for meanwhile
  specification.datasets = { rows };
  specification.layer = specification.layer.filter((layer) => hasFigures(layer, rows));
  specification.description = say(name === "groups" ? "chart_words" : "chart_words_ranking", { caption });
  await window.vegaEmbed(figure.querySelector(".drawing"), specification, {
    actions: false, renderer: "svg", ast: true, tooltip: false, formatLocale: state.lang === "vi" ? VIETNAMESE : undefined,
  });
}
