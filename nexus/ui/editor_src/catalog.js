// Completion from the catalog of a source: its schemas, tables and columns, the functions that may be called, and parameters.
import { PostgreSQL, schemaCompletionSource } from "@codemirror/lang-sql";
import { LanguageSupport } from "@codemirror/language";

const fetched = new Map();

/** The catalog at an address of ours; asked for once a page. Null when it cannot be read: completion then knows SQL alone. */
export function catalogAt(address) {
  if (!address) return Promise.resolve(null);
  if (!fetched.has(address)) {
    const answer = fetch(address)
      .then((response) => (response.ok ? response.json() : null))
      .catch(() => null);
    fetched.set(address, answer);
    answer.then((catalog) => catalog ?? fetched.delete(address));
  }
  return fetched.get(address);
}

const plain = /^[a-z_][a-z0-9_$]*$/;
const quoted = (name) => (plain.test(name) ? name : `"${name.replaceAll('"', '""')}"`);
const column = ([name, type]) => ({ label: name, apply: quoted(name), detail: type, type: "property", boost: 1 });

function namespace(catalog) {
  const schemas = {};
  for (const [schema, tables] of Object.entries(catalog?.schemas ?? {})) {
    const children = {};
    for (const [name, columns] of Object.entries(tables)) {
      children[name.replaceAll(".", "\\.")] = { self: { label: name, apply: quoted(name), type: "class", detail: "table" }, children: columns.map(column) };
    }
    schemas[schema.replaceAll(".", "\\.")] = { self: { label: schema, apply: quoted(schema), type: "namespace", detail: "schema" }, children };
  }
  return schemas;
}

const FROM = /\b(?:from|join)\s+((?:"[^"]+"|[\w$]+)(?:\s*\.\s*(?:"[^"]+"|[\w$]+))?)/gi;
const bare = (part) => (part.startsWith('"') ? part.slice(1, -1) : part.toLowerCase());

/** Columns of the tables that the statement reads, without an alias before them. */
function columnsInUse(catalog) {
  return (context) => {
    const word = context.matchBefore(/[\w$]+/);
    if (!word || context.state.sliceDoc(Math.max(0, word.from - 1), word.from).match(/[.:]/)) return null;
    const options = [];
    for (const [, name] of context.state.doc.toString().matchAll(FROM)) {
      const parts = name.split(".").map((part) => bare(part.trim()));
      const [schema, table] = parts.length > 1 ? parts : ["public", parts[0]];
      const columns = catalog?.schemas?.[schema]?.[table] ?? [];
      options.push(...columns.map((one) => ({ ...column(one), detail: `${one[1]} · ${table}`, boost: 5 })));
    }
    return options.length ? { from: word.from, options, validFor: /^[\w$]*$/ } : null;
  };
}

const KEYWORDS = (
  "select distinct from where and or not in is null like ilike between exists any all case when then else end as on using join left right full inner cross " +
  "lateral group by having order asc desc nulls first last limit offset union intersect except with recursive over partition filter within window rows range " +
  "preceding following current row true false interval date timestamp cast values tablesample rollup cube grouping sets"
)
  .split(" ")
  .map((label) => ({ label, type: "keyword" }));

const functionsOf = (catalog) => (catalog?.functions ?? []).map((name) => ({ label: name, apply: `${name}(`, type: "function", boost: -5 }));

/** `options`, but not behind a table's name or in a parameter. */
function words(options) {
  return (context) => {
    const word = context.matchBefore(/[\w$]+/);
    if (!word || context.state.sliceDoc(Math.max(0, word.from - 1), word.from).match(/[.:]/)) return null;
    return { from: word.from, options, validFor: /^[\w$]*$/ };
  };
}

function parametersOf(names) {
  return (context) => {
    const word = context.matchBefore(/(?<!:):\w*/);
    return word && names.length ? { from: word.from, options: names.map((name) => ({ label: `:${name}`, type: "variable" })) } : null;
  };
}

/** The language with all that can be completed. */
export function language(catalog, names) {
  const known = schemaCompletionSource({ dialect: PostgreSQL, schema: namespace(catalog) });
  const sources = [known, columnsInUse(catalog), words(KEYWORDS), words(functionsOf(catalog)), parametersOf(names)];
  return new LanguageSupport(PostgreSQL.language, sources.map((autocomplete) => PostgreSQL.language.data.of({ autocomplete })));
}
