// What can be taken along: the tables of the view as CSV, all provinces of the period as a workbook. Each says of what moment and which choice its figures are.
function about() {
  const of = state.view === "province" ? rowWhere("ranking", ["p", "u"], state.period.p, state.province) : null;
  return [
    ...(isSynthetic() ? [[say("synthetic_mark"), ...(isTimeless() ? [syntheticWords()] : [])]] : []),
    [say("release"), facts.release],
    ...(isTimeless() ? [] : [[say("moment_of_data"), state.period.as_of],
      [say("figures_of"), basisName(state.basis, state.period.contains_synthetic), rulesName(state.rules), periodName(state.period), say(`status_${state.period.period_status}`)]]),
    [say(`view_${state.view}`), of ? nameOf(of) : null],
  ];
}

/** A text that a spreadsheet would take for a formula is told to be a text. */
function csvCell(value) {
  if (isMissing(value)) return "";
  const text = typeof value === "string" ? value.replace(/^[=+\-@\t\r]/, "'$&") : String(value);
  return /[",\n\r]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Numbers as the release has them, in full; what is missing is an empty cell, not 0. */
function csvText() {
  const lines = [...about()];
  for (const { table, columns, rows } of filled.values()) {
    if (!rows.length || table.closest("section").hidden || table.closest("details:not([open])")) continue;
    const told = columns.filter(({ kind }) => kind !== "trend").flatMap(({ column, kind }) =>
      kind === "counts" ? ["numerator", "denominator"] : kind === "province" || kind === "unit" ? ["u", column] : [column]);
    lines.push([], [table.caption.textContent]);
    lines.push(told.map((column) => (column === "u" ? "unit_code" : say(`column_${column}`))));
    lines.push(...rows.map((row) => told.map((column) => row[column])));
  }
  return `\ufeff${lines.map((line) => line.map(csvCell).join(",")).join("\r\n")}\r\n`;
}

/** Hand a file to whoever looks at the page; nothing leaves the browser. */
function save(name, content, type) {
  const link = made("a", { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}

function fileName(ending, of = state.view) {
  const period = [state.basis, state.rules, state.period.period_type, state.period.as_of], isOfRelease = of === state.view && isTimeless();
  const isMarked = isOfRelease ? isSynthetic() : state.period.contains_synthetic; // the workbook is of the period, whatever the view
  return [isMarked ? "SYNTHETIC" : "", "scoreboard", of, of === "province" ? state.province : "",
    ...(isOfRelease ? [facts.release] : period)].filter(Boolean).join("_") + `.${ending}`;
}

document.getElementById("csv").addEventListener("click", () => save(fileName("csv"), csvText(), "text/csv;charset=utf-8"));
document.getElementById("excel").addEventListener("click", async () => {
  const content = await (await unpacked(`workbook-${state.period.p}`)).arrayBuffer();
  save(fileName("xlsx", "provinces"), content, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet");
});
document.getElementById("print").addEventListener("click", () => print());
