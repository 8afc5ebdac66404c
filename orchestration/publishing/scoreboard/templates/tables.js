// Tables that the page declares: filled with rows, sorted by a heading, remembered for the download.
const filled = new Map();
const columnsOf = (table) => [...table.tHead.rows[0].cells].map((head) => ({ head, ...head.dataset }));

/** Fill the table `name`; `sort` in the address reads `table.column.direction`. */
function fill(name, rows, caption = null) {
  const table = document.getElementById(`table-${name}`), columns = columnsOf(table);
  filled.set(name, { table, columns, rows });
  if (caption) table.caption.textContent = caption;
  const [sorted, by, direction] = state.sort.split(".");
  const isSorted = sorted === name && columns.some(({ column }) => column === by);
  const kind = columns.find(({ column }) => column === by)?.kind;
  const listed = isSorted ? [...rows].sort(order(by, kind, direction)) : rows;
  for (const { head, column, kind: of } of columns) {
    head.classList.toggle("number", NUMERIC.includes(of));
    head.removeAttribute("aria-sort");
    if (isSorted && column === by) head.setAttribute("aria-sort", direction === "up" ? "ascending" : "descending");
  }
  const made_rows = listed.map((row) => {
    const line = made("tr", { "data-row": row.u ?? row.m ?? row.g, class: row.u && row.u === state.unit ? "chosen" : null });
    line.append(...columns.map(({ column, kind: of }) => cell(row, column, of)));
    return line;
  });
  table.tBodies[0].replaceChildren(...made_rows);
  table.parentElement.hidden = rows.length === 0;
}

/** Missing figures come last, whatever the direction. */
function order(by, kind, direction) {
  const turn = direction === "up" ? 1 : -1, compare = new Intl.Collator("vi").compare;
  const value = (row) => (kind === "province" ? nameOf(row) : kind === "unit" ? row.name_vi : row[by]);
  return (a, b) => {
    const [one, other] = [value(a), value(b)];
    if (isMissing(one) || isMissing(other)) return isMissing(one) - isMissing(other);
    return turn * (typeof one === "string" ? compare(one, other) : one - other);
  };
}

document.addEventListener("click", (event) => {
  const button = event.target.closest(".sort");
  if (!button) return;
  const { column, kind } = button.closest("th").dataset;
  const name = button.closest("table").id.replace("table-", "");
  const first = NUMERIC.includes(kind) && kind !== "rank" ? "down" : "up";
  const now = state.sort === `${name}.${column}.${first}` ? (first === "up" ? "down" : "up") : first;
  history.replaceState(null, "", address({ sort: `${name}.${column}.${now}` }));
  show({ keepsFocus: true });
});
