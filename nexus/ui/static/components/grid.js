// The grid of a view: draws one page of rows, and tells what a person wants of them. It holds no data but what it shows.
//
// `data`: columns [{ name, label, type, align, look, sortable, sorted, rank, filtered }], rows [{ cells, tones, row }],
// chosen (a row), label, height, widths (pixels by column's name). A cell is null, a text, or [text, part] with the part of 1 that a bar fills.
// Everything that comes from a database becomes a text node, never markup.

const TONES = { red: "#d5352b", amber: "#d98a00", green: "#23915a", blue: "#2b74d5", grey: "#7d7d7d" };
const BATCH = 60;
const STEP = 10;

export default function ({ data, parentElement, setTriggerValue }) {
  const held = (parentElement.nexusGrid ??= { at: null, widths: {}, scroll: [0, 0], columns: "" });
  const focused = parentElement.activeElement?.closest?.("td, th") ?? null;
  const wasAt = focused ? held.at : null;
  if (held.told !== JSON.stringify(data.widths)) {
    held.told = JSON.stringify(data.widths);
    held.widths = { ...data.widths };
  }
  const names = JSON.stringify(data.columns.map((column) => column.name));
  const marks = separators();

  const frame = make("div", { className: "frame" });
  const scroll = make("div", { className: "scroll" });
  scroll.style.setProperty("--grid-height", `${data.height}px`);
  const table = make("table");
  table.setAttribute("role", "grid");
  table.setAttribute("aria-label", data.label);
  table.setAttribute("aria-rowcount", "-1");
  table.append(head(), body());
  scroll.append(table);
  frame.append(scroll);
  parentElement.querySelector(".menu")?.remove();
  parentElement.querySelector(".frame")?.remove();
  parentElement.append(frame);
  if (held.columns === names && held.rows === firstRow()) [scroll.scrollLeft, scroll.scrollTop] = held.scroll;
  else scroll.scrollLeft = held.columns === names ? held.scroll[0] : 0;
  held.columns = names;
  held.rows = firstRow();
  scroll.addEventListener("scroll", () => (held.scroll = [scroll.scrollLeft, scroll.scrollTop]), { passive: true });
  table.addEventListener("keydown", keys);
  table.addEventListener("focusin", (event) => (held.at = place(event.target)));
  enter(wasAt ?? held.at ?? [0, 0], Boolean(wasAt));

  function firstRow() {
    return JSON.stringify(data.rows[0]?.cells ?? null);
  }

  function act(what, more = {}) {
    setTriggerValue("act", { what, ...more });
  }

  // --- what is shown -------------------------------------------------------------------------------------

  function head() {
    const row = make("tr");
    data.columns.forEach((column, at) => {
      const cell = make("th", { className: column.align, scope: "col" });
      if (column.sorted) cell.setAttribute("aria-sort", column.sorted === "down" ? "descending" : "ascending");
      if (held.widths[column.name]) setWidth(cell, held.widths[column.name]);
      const button = make("button", { type: "button", title: `${column.name} · ${column.type}`, tabIndex: -1 });
      button.setAttribute("aria-haspopup", "menu");
      button.append(make("span", {}, column.label));
      const arrow = column.sorted ? (column.sorted === "down" ? "▼" : "▲") + (column.rank > 1 ? column.rank : "") : "▾";
      const mark = make("span", { className: column.sorted ? "mark" : "mark quiet" }, arrow);
      mark.setAttribute("aria-hidden", "true");
      button.append(mark);
      if (column.filtered) button.append(make("span", { className: "mark", title: "filtered" }, "•"));
      button.addEventListener("click", () => open(at, button));
      button.addEventListener("contextmenu", (event) => (event.preventDefault(), open(at, button)));
      cell.append(button, grip(cell, column));
      row.append(cell);
    });
    const section = make("thead");
    section.append(row);
    return section;
  }

  function body() {
    const section = make("tbody");
    // The first rows at once; the rest when they have been painted.
    fill(section, 0, BATCH);
    if (data.rows.length > BATCH) {
      requestAnimationFrame(() => section.isConnected && fill(section, BATCH, data.rows.length));
    }
    return section;
  }

  function fill(section, from, to) {
    const rows = data.rows.slice(from, to).map((one) => {
      const row = make("tr", { className: one.row ? "opens" : "" });
      if (one.row) row.setAttribute("aria-selected", String(one.row === data.chosen));
      one.cells.forEach((value, at) => row.append(cell(value, data.columns[at], one.tones?.[at])));
      if (one.row) row.addEventListener("click", (event) => !event.target.closest("a") && !selecting() && act("row", { row: one.row }));
      return row;
    });
    section.append(...rows);
  }

  function cell(value, column, tone) {
    const made = make("td", { className: column.align, tabIndex: -1 });
    if (held.widths[column.name]) made.style.maxWidth = `${held.widths[column.name]}px`;
    if (tone) {
      made.style.setProperty("--tone", TONES[tone[0]]);
      made.style.setProperty("--strength", tone[1]);
    }
    if (value === null) made.append(make("span", { className: "quiet" }, "–"));
    else if (Array.isArray(value)) made.append(bar(value));
    else if (value === "") made.append(make("span", { className: "quiet empty" }, "empty"));
    else if (column.look === "link" && /^https?:\/\//i.test(value)) made.append(link(value));
    else if (column.look === "tick" && (value === "yes" || value === "no")) made.append(tick(value));
    else made.append(column.look === "number" ? local(value) : value);
    return made;
  }

  function bar([text, part]) {
    const made = make("span", { className: "bar" });
    const fillIn = make("i");
    fillIn.style.width = `${Math.max(0, Math.min(1, part)) * 100}%`;
    made.append(fillIn, make("span", {}, local(text)));
    return made;
  }

  function tick(value) {
    const made = make("span", { className: value === "yes" ? "" : "quiet" }, value === "yes" ? "✓" : "✗");
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", value);
    return made;
  }

  function link(address) {
    const made = make("a", { target: "_blank", rel: "noopener noreferrer nofollow", tabIndex: -1 }, address);
    made.href = address;
    return made;
  }

  /** Digits as the reader's language groups them; they come the English way. */
  function local(text) {
    return text.replace(/[.,]/g, (mark) => (mark === "," ? marks.group : marks.decimal));
  }

  // --- keys and menu -------------------------------------------------------------------------------------

  function place(node) {
    const found = node.closest("td, th");
    return found ? [found.parentElement.parentElement.tagName === "THEAD" ? 0 : found.parentElement.rowIndex, found.cellIndex] : null;
  }

  function target(at) {
    const found = table.rows[at[0]]?.cells[at[1]];
    return found?.tagName === "TH" ? found.querySelector("button") : found;
  }

  /** Make one cell the one that Tab reaches. */
  function enter(at, focus) {
    const rows = table.rows.length - 1;
    const inside = [Math.max(0, Math.min(rows, at[0])), Math.max(0, Math.min(data.columns.length - 1, at[1]))];
    const to = target(inside);
    if (!to) return;
    table.querySelector('[tabindex="0"]')?.setAttribute("tabindex", "-1");
    to.tabIndex = 0;
    if (focus) to.focus();
    held.at = focus ? inside : held.at;
  }

  function keys(event) {
    const at = place(event.target);
    if (!at) return;
    const page = Math.max(1, Math.floor(scroll.clientHeight / 26) - 2);
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-page, 0], PageDown: [page, 0] };
    if (event.shiftKey && at[0] === 0 && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
      resize(at[1], event.key === "ArrowRight" ? STEP : -STEP);
      event.preventDefault();
      return;
    }
    const step = steps[event.key];
    if (step) enter([at[0] + step[0], at[1] + step[1]], true);
    else if (event.key === "Home") enter([event.ctrlKey ? 0 : at[0], 0], true);
    else if (event.key === "End") enter([event.ctrlKey ? table.rows.length - 1 : at[0], data.columns.length - 1], true);
    else if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) open(at[1], target([0, at[1]]), event.target);
    else if (event.key === "Enter" && at[0] > 0) follow(event, at);
    else return;
    event.preventDefault();
  }

  function follow(event, at) {
    const address = event.target.querySelector("a");
    const row = data.rows[at[0] - 1]?.row;
    if (address && event.ctrlKey) address.click();
    else if (row) act("row", { row });
  }

  function open(at, button, back = button) {
    parentElement.querySelector(".menu")?.remove();
    const column = data.columns[at];
    const menu = make("div", { className: "menu" });
    menu.setAttribute("role", "menu");
    menu.setAttribute("aria-label", `Column ${column.label}`);
    menu.popover = "auto";
    const add = (text, what, more = {}) => {
      const item = make("button", { type: "button", tabIndex: -1 }, text);
      item.setAttribute("role", "menuitem");
      item.addEventListener("click", () => (close(), what && act(what, { column: column.name, ...more })));
      menu.append(item);
      return item;
    };
    if (column.sortable) {
      add("Sort ascending", "sort", { descending: false });
      add("Sort descending", "sort", { descending: true });
      if (data.columns.some((other) => other.sorted) && !column.sorted) add("Then sort by this", "then", { descending: false });
      if (column.sorted && data.ordered) add("Do not sort by this", "unsort");
    }
    add("Filter…", "filter");
    add("Statistics", "statistics");
    if (data.columns.length > 1) add("Hide", "hide");
    for (const [text, by] of [["Wider (Shift+→)", 4 * STEP], ["Narrower (Shift+←)", -4 * STEP]]) {
      add(text, null).addEventListener("click", () => resize(at, by));
    }
    if (data.formats) add("Format…", "format");
    parentElement.append(menu);
    menu.showPopover?.();
    const box = button.getBoundingClientRect();
    menu.style.left = `${Math.max(4, Math.min(box.left, window.innerWidth - menu.offsetWidth - 4))}px`;
    menu.style.top = `${Math.max(4, Math.min(box.bottom + 2, window.innerHeight - menu.offsetHeight - 4))}px`;
    const items = [...menu.querySelectorAll("button")];
    items[0]?.focus();
    const close = () => {
      menu.remove();
      back.focus?.();
    };
    menu.addEventListener("toggle", (event) => event.newState === "closed" && menu.remove());
    menu.addEventListener("keydown", (event) => {
      const now = items.indexOf(parentElement.activeElement);
      const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: items.length - 1 }[event.key];
      if (to !== undefined) items[(to + items.length) % items.length].focus();
      else if (event.key === "Escape" || event.key === "Tab") close();
      else return;
      event.preventDefault();
      event.stopPropagation();
    });
  }

  // --- widths --------------------------------------------------------------------------------------------

  function setWidth(cell, width) {
    cell.style.width = cell.style.minWidth = cell.style.maxWidth = `${width}px`;
  }

  function widen(cell, column, width) {
    held.widths[column.name] = Math.round(Math.max(40, Math.min(1200, width)));
    setWidth(cell, held.widths[column.name]);
    for (const row of table.tBodies[0].rows) row.cells[cell.cellIndex].style.maxWidth = `${held.widths[column.name]}px`;
  }

  /** By keyboard; the address learns of it when the last step is a moment ago. */
  function resize(at, by) {
    const cell = table.rows[0].cells[at];
    widen(cell, data.columns[at], cell.offsetWidth + by);
    clearTimeout(held.widening);
    held.widening = setTimeout(() => keep(data.columns[at]), 600);
  }

  function keep(column) {
    act("width", { column: column.name, width: held.widths[column.name] });
  }

  function grip(cell, column) {
    const made = make("span", { className: "grip" });
    made.setAttribute("aria-hidden", "true");
    made.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      const from = event.clientX - cell.offsetWidth;
      made.setPointerCapture(event.pointerId);
      made.onpointermove = (moved) => {
        widen(cell, column, moved.clientX - from);
      };
      made.onpointerup = () => {
        made.onpointermove = made.onpointerup = null;
        if (held.widths[column.name]) keep(column);
      };
    });
    return made;
  }

  function selecting() {
    return String(document.getSelection?.() ?? "").length > 0;
  }

  return () => parentElement.querySelector(".menu")?.remove();
}

function make(tag, properties = {}, text) {
  const node = Object.assign(document.createElement(tag), properties);
  if (text !== undefined) node.textContent = text;
  return node;
}

function separators() {
  const parts = new Intl.NumberFormat(navigator.language).formatToParts(12345.6);
  const of = (type, otherwise) => parts.find((part) => part.type === type)?.value ?? otherwise;
  return { group: of("group", ","), decimal: of("decimal", ".") };
}
