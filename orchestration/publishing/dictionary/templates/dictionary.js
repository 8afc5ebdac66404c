// What of the page is shown: the address says so. Everything that is said stands in the HTML already.
const texts = JSON.parse(document.getElementById("texts").textContent);
const all = (selector, within = document) => [...within.querySelectorAll(selector)];
const input = document.querySelector("[name=search]");
const FOUND_AT_MOST = 60;
let state = {};

const say = (key, values = {}) => texts[state.lang][key].replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");

function readState() {
  const asked = new URLSearchParams(location.hash.slice(1));
  const lang = asked.get("lang") === "en" ? "en" : "vi";
  const view = asked.get("view") === "metrics" ? "metrics" : "tables";
  return { lang, view, table: asked.get("table"), column: asked.get("column"), metric: asked.get("metric"), search: asked.get("search") ?? "" };
}

/** The address of another view: what it does not name is left out, but for the language. */
function address(wanted) {
  const held = Object.entries({ lang: state.lang, ...wanted }).filter(([, value]) => value);
  return `#${new URLSearchParams(held)}`;
}

function made(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  Object.entries(attributes).forEach(([key, value]) => node.setAttribute(key, value));
  node.append(...children);
  return node;
}

/** Every table, column and metric, with all that is said of it, as it is typed without accents. */
const typed = (node) => plainLetters(node.textContent);
const entries = all("[data-entry]").map((section) => ({
  name: section.dataset.entry, section,
  typed: plainLetters([section.querySelector("h2"), section.querySelector("[data-description]"), section.querySelector("[data-fact=grain] dd")]
    .filter(Boolean).map((node) => node.textContent).join(" ")),
}));
const metrics = all("#table-metrics tbody tr").map((row) => ({ code: row.dataset.row, row, typed: typed(row) }));
const columns = new Map();
for (const { name, section } of entries) {
  for (const row of all("tbody tr", section)) {
    const column = columns.get(row.dataset.row) ?? { name: row.dataset.row, meaning: row.lastElementChild, tables: [], typed: "" };
    column.tables.push(name);
    const text = plainLetters(`${row.dataset.row} ${row.lastElementChild.textContent}`);
    if (!column.typed.includes(text)) column.typed += ` ${text}`; // most tables say the same of it
    columns.set(row.dataset.row, column);
  }
}

function link(words, wanted) {
  return made("a", { href: address(wanted) }, made("code", {}, words));
}

/** What a place says, without what leads away from it. */
function copied(node) {
  const copy = node.cloneNode(true);
  all("a", copy).forEach((inner) => inner.replaceWith(...inner.childNodes));
  return copy.childNodes;
}

function list(kind, hits, item) {
  const block = document.getElementById(`found-${kind}`);
  block.hidden = !hits.length;
  block.querySelector("ul").replaceChildren(...hits.slice(0, FOUND_AT_MOST).map((hit) => made("li", {}, ...item(hit))));
}

function showResults() {
  const parts = plainLetters(state.search).split(/\s+/).filter(Boolean);
  const named = (name) => Number(!parts.some((part) => plainLetters(name).includes(part))); // whose name it is comes first
  const hits = (of, name) => [...of].filter((one) => parts.every((part) => one.typed.includes(part)))
    .sort((a, b) => named(name(a)) - named(name(b)));
  const [tablesHit, columnsHit, metricsHit] = [hits(entries, (one) => one.name), hits(columns.values(), (one) => one.name), hits(metrics, (one) => one.code)];
  list("tables", tablesHit, ({ name, section }) => [link(name, { table: name }), " ", ...copied(section.querySelector("[data-description]"))]);
  list("columns", columnsHit, ({ name, meaning, tables }) => [
    made("code", {}, name), " ", ...copied(meaning), made("div", { class: "where" }, `${say("in_tables")} `,
      ...tables.flatMap((table, i) => [i ? ", " : "", link(table, { table, column: name })]))]);
  list("metrics", metricsHit, ({ code, row }) => [
    link(code, { view: "metrics", metric: code }), " ", ...all("span[lang]", row.cells[0]).map((node) => node.cloneNode(true))]);
  const n = tablesHit.length + columnsHit.length + metricsHit.length;
  document.getElementById("found").textContent = say(n ? "found" : "none_found", { n, word: state.search });
}

function choose(row) {
  all("tr.chosen").forEach((node) => node.classList.remove("chosen"));
  if (!row) return;
  row.classList.add("chosen");
  row.scrollIntoView({ block: "center" });
}

function showWords() {
  document.documentElement.lang = state.lang;
  all("[data-label]").forEach((node) => node.setAttribute("aria-label", say(node.dataset.label)));
  all("[data-language]").forEach((node) => node.setAttribute("aria-pressed", node.dataset.language === state.lang));
  all("a[data-table]").forEach((node) => { node.href = address({ table: node.dataset.table }); });
  all("a[data-view]").forEach((node) => { node.href = address({ view: node.dataset.view }); });
}

function show({ keepsFocus = false } = {}) {
  const before = state;
  state = readState();
  showWords();
  const entry = entries.find(({ name }) => name === state.table);
  const shown = state.search ? "results" : entry ? entry.name : state.view;
  all("main > section").forEach((section) => { section.hidden = (section.dataset.entry ?? section.id) !== shown; });
  all("nav a").forEach((node) => (node.dataset.view === shown ? node.setAttribute("aria-current", "page") : node.removeAttribute("aria-current")));
  if (document.activeElement !== input) input.value = state.search;
  if (state.search) showResults();
  const section = document.querySelector("main > section:not([hidden])");
  const heading = section.querySelector("h2");
  document.title = `${heading.innerText}: ${say("short_title")}`;
  const rows = all("tbody tr", section);
  const row = rows.find((one) => one.dataset.row === (entry ? state.column : state.metric));
  choose(row);
  const isOther = ["view", "table", "search"].some((key) => before[key] !== state[key]);
  if (before.lang && isOther && !keepsFocus) {
    heading.focus({ preventScroll: Boolean(row) });
    if (!row) scrollTo(0, 0);
  }
}

input.addEventListener("input", () => {
  // Each letter is no step back of its own.
  history.replaceState(null, "", address({ view: state.view, table: state.table, search: input.value.trim() }));
  show({ keepsFocus: true });
});
document.getElementById("ask").addEventListener("submit", (event) => event.preventDefault());
all("[data-language]").forEach((button) => button.addEventListener("click", () => {
  location.hash = address({ ...state, lang: button.dataset.language });
}));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});
addEventListener("hashchange", () => show());
show();
document.documentElement.dataset.ready = Math.round(performance.now());
