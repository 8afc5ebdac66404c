// Puts the state on the page, and takes it from there: choices, language, search.
const SHOW = { ranking: showRanking, map: showMap, province: showProvince, nation: showNation, changes: showChanges, quality: showQuality };
const choices = document.getElementById("choices").elements;

/** Fill a select. */
function offer(select, options, chosen) {
  const node = typeof select === "string" ? document.getElementById(select) : select;
  node.replaceChildren(...options.map(([value, words]) => made("option", { value, selected: value === chosen }, words)));
}

function showWords() {
  document.documentElement.lang = state.lang;
  document.querySelectorAll("[data-text]").forEach((node) => { node.textContent = say(node.dataset.text); });
  document.querySelectorAll("[data-label]").forEach((node) => node.setAttribute("aria-label", say(node.dataset.label)));
  document.querySelectorAll("table caption span[data-text]").forEach((node) => { node.textContent = say(node.dataset.text); });
  document.querySelectorAll("[data-language]").forEach((node) => node.setAttribute("aria-pressed", node.dataset.language === state.lang));
  write("release-line", say("release_line", { release: facts.release, moment: facts.moment }));
}

function showChoices() {
  const unique = (rows, column) => [...new Set(rows.map((row) => row[column]))];
  const ofBasis = periods.filter((row) => row.basis === state.basis);
  const ofRules = ofBasis.filter((row) => row.regime === state.rules).sort((a, b) => (a.as_of < b.as_of ? 1 : -1));
  offer(choices.basis, unique(periods, "basis").map((basis) => [basis, basisName(basis)]), state.basis);
  offer(choices.rules, unique(ofBasis, "regime").map((rules) => [rules, rulesName(rules)]), state.rules);
  offer(choices.period, ofRules.map((row) => [periodKey(row), periodName(row)]), periodKey(state.period));
  document.querySelectorAll("nav a").forEach((link) => {
    const view = link.dataset.view;
    link.href = address({ view, sort: null, unit: null });
    view === state.view ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
  });
}

function showHead() {
  const row = rowWhere("ranking", ["p", "u"], state.period.p, state.province);
  const heading = state.view === "province" ? nameOf(row) : say(`view_${state.view}`);
  write("heading", heading);
  document.title = `${heading}: ${say("short_title")}`;
  const { peers, peers_expected: expected, incomplete_sources: sources } = state.period;
  const timeless = isTimeless();
  write("scope", timeless ? "" : [
    `${longPeriod(state.period)} (${say(`status_${state.period.period_status}`)})`,
    say("of_ranked", { peers: number(peers), expected: number(expected) }),
    sources ? say("incomplete", { sources: state.lang === "vi" ? sourceWords(sources) : sources }) : null, say("not_comparable")].filter(Boolean).join(". "));
  showMark();
  document.querySelector("#print").textContent = say(state.view === "province" ? "print_sheet" : "print");
}

/** Whether what is shown is synthetic; of what is real, whether something else in the release is. */
function showMark() {
  const mark = document.getElementById("synthetic"), isMarked = isSynthetic();
  mark.hidden = !isMarked && !facts.synthetic.length;
  mark.textContent = isMarked ? `${say("synthetic_mark")}: ${syntheticWords()}` : say("synthetic_elsewhere", { bases: basesNamed(facts.synthetic) });
  mark.classList.toggle("quietly", !isMarked);
  document.querySelector("[data-synthetic]").hidden = !isMarked; // on the second sheet of a print
}

function show({ keepsFocus = false } = {}) {
  const before = state.view;
  readState();
  showWords();
  if (!state.period) return write("heading", say("no_figures"));
  showChoices();
  document.querySelectorAll("main section").forEach((section) => { section.hidden = section.dataset.of !== state.view; });
  showHead();
  SHOW[state.view]();
  document.getElementById("main").removeAttribute("aria-busy");
  // What had the focus may be gone: another province has other links.
  const isLost = before !== state.view || document.activeElement === document.body;
  if (before && isLost && !keepsFocus) document.getElementById("heading").focus();
}

const go = (changes) => { location.hash = address(changes); };
choices.basis.addEventListener("change", (event) => go({ basis: event.target.value, rules: null, period: null, sort: null }));
choices.rules.addEventListener("change", (event) => go({ rules: event.target.value, period: null, sort: null }));
choices.period.addEventListener("change", (event) => go({ period: event.target.value }));
document.getElementById("map-by").addEventListener("change", (event) => go({ by: event.target.value }));
document.getElementById("province").addEventListener("change", (event) => go({ province: event.target.value, unit: null }));
document.querySelectorAll("[data-language]").forEach((button) => button.addEventListener("click", () => go({ lang: button.dataset.language })));
document.querySelector(".skip").addEventListener("click", (event) => {
  event.preventDefault();
  document.getElementById("main").focus();
});
document.getElementById("choices").addEventListener("submit", (event) => event.preventDefault());

const FOUND_AT_MOST = 12;
let sought = null;

/** All that can be found, with its name as it is typed without accents. */
function findable() {
  sought ??= [
    ...provincesOf(state.period.p).map((row) => ({ ...row, level: "province", province: row.u })), ...rowsOf(tables.searched),
  ].map((row) => ({ ...row, typed: plainLetters(row.name_vi) }));
  return sought;
}

choices.search.addEventListener("input", (event) => {
  const word = event.target.value.trim(), typed = plainLetters(word), found = document.getElementById("found");
  if (!typed) return found.replaceChildren();
  const hits = findable().filter((row) => row.typed.includes(typed) || row.u.toLowerCase() === typed);
  if (!hits.length) return found.replaceChildren(say("search_none", { word }));
  const more = hits.length - FOUND_AT_MOST;
  found.replaceChildren(
    made("p", { class: "quiet" }, say("search_found", { n: number(hits.length) }), more > 0 ? `, ${say("search_more", { n: number(more) })}` : ""),
    made("ul", {}, ...hits.slice(0, FOUND_AT_MOST).map((row) => made("li", {}, foundLink(row)))));
});

function foundLink(row) {
  const isUnit = row.level !== "province", within = isUnit ? rowWhere("ranking", ["p", "u"], state.period.p, row.province) : null;
  const link = made("a", { href: address({ view: "province", province: row.province, unit: isUnit ? row.u : null, sort: null }) }, nameOf(row));
  return made("span", {}, link, ` ${say(`level_${row.level}`)}${within ? `, ${nameOf(within)}` : ""}`);
}

document.getElementById("found").addEventListener("click", (event) => {
  if (!event.target.closest("a")) return;
  choices.search.value = "";
  document.getElementById("found").replaceChildren();
});

addEventListener("hashchange", () => show());
show();
document.documentElement.dataset.ready = Math.round(performance.now());
