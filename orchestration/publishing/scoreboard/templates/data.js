// The figures: blocks of the page unpacked, and rows found in their columns. Nothing is computed here.
async function unpacked(name) {
  const text = document.getElementById(`data-${name}`).textContent;
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")));
}

/** Older browsers cannot unpack, and say so where their reader sees it. */
async function first() {
  try {
    return await (await unpacked("first")).json();
  } catch (error) {
    document.getElementById("too-old").hidden = false;
    throw error;
  }
}

const { facts, texts, tables } = await first();

/** Row `i` of a table of columns. */
function rowAt(table, i) {
  return Object.fromEntries(Object.entries(table).map(([name, column]) => [name, column[i]]));
}

/** All rows of a table. */
function rowsOf(table) {
  return (Object.values(table)[0] ?? []).map((_, i) => rowAt(table, i));
}

const indexes = new Map();

/** The rows of table `name` that have these values in the columns `keys`. */
function rowsWhere(name, keys, ...values) {
  const key = `${name} ${keys}`;
  if (!indexes.has(key)) {
    const index = new Map(), columns = keys.map((column) => tables[name][column]);
    columns[0].forEach((_, i) => {
      const at = columns.map((column) => column[i]).join("|");
      index.has(at) ? index.get(at).push(i) : index.set(at, [i]);
    });
    indexes.set(key, index);
  }
  return (indexes.get(key).get(values.join("|")) ?? []).map((i) => rowAt(tables[name], i));
}

const rowWhere = (...asked) => rowsWhere(...asked)[0];
const periods = rowsOf(tables.periods);
const unpackedUnits = new Map();

/** Departments and communes of a province: its own block, unpacked when first asked for. */
async function unitsOf(province) {
  if (!unpackedUnits.has(province)) {
    unpackedUnits.set(province, rowsOf(await (await unpacked(`units-${province}`)).json()));
  }
  return unpackedUnits.get(province);
}
