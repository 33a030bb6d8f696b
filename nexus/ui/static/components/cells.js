// A table that the server wrote as HTML, of which cells can be clicked, or chosen by keyboard: pivot tables, and rows with colours.
//
// `data`: html (escaped by the server, without a script), chosen [[row, column]], heads (whether heads can be clicked, and several
// cells chosen). Says `pick` with the cells that are chosen now. A head of a row has the column -1, one of a column the row -1.

const ARROWS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

export default function ({ data, parentElement, setTriggerValue }) {
  const cells = (parentElement.nexusCells ??= new Cells(parentElement));
  cells.update(data, (chosen) => setTriggerValue("pick", { cells: chosen }));
  return () => {
    cells.root.remove();
    delete parentElement.nexusCells;
  };
}

class Cells {
  constructor(parent) {
    this.root = document.createElement("div");
    this.root.addEventListener("click", (event) => this.click(event));
    this.root.addEventListener("keydown", (event) => this.press(event));
    parent.append(this.root);
  }

  update(data, send) {
    this.send = send;
    const said = JSON.stringify(data);
    // Drawn again as it was: who is on a cell stays there.
    if (said === this.said) return;
    this.said = said;
    this.data = data;
    this.chosen = data.chosen;
    this.root.innerHTML = data.html;
    this.table = this.root.querySelector("table");
    if (!this.table) return;
    this.table.setAttribute("role", "grid");
    this.table.setAttribute("aria-multiselectable", String(data.heads));
    // The cells are what the keyboard reaches, and scroll with it.
    this.table.parentElement.removeAttribute("tabindex");
    this.lines = [...this.table.rows].map((row) => [...row.cells]);
    for (const cell of this.lines.flat()) {
      if (!this.place(cell)) continue;
      cell.dataset.picks = "";
      cell.tabIndex = -1;
    }
    const first = this.table.querySelector("tbody [data-picks]");
    if (first) first.tabIndex = 0;
    this.show();
  }

  /** Row and column of a cell; none for one that stands for nothing. */
  place(cell) {
    const row = cell.parentElement;
    const shift = this.data.heads ? 1 : 0;
    if (row.parentElement.tagName === "TBODY") return [row.sectionRowIndex, cell.cellIndex - shift];
    let column = -shift;
    for (let before = cell.previousElementSibling; before; before = before.previousElementSibling) column += before.colSpan;
    return this.data.heads && column >= 0 ? [-1, column] : null;
  }

  show() {
    for (const cell of this.lines.flat()) {
      const place = this.place(cell);
      if (place) cell.setAttribute("aria-selected", String(this.holds(place)));
    }
  }

  holds(place) {
    return this.chosen.some((one) => one[0] === place[0] && one[1] === place[1]);
  }

  click(event) {
    const cell = event.target.closest("[data-picks]");
    if (!cell || event.target.closest("a") || String(getSelection()).trim()) return;
    this.enter(cell);
    this.pick(cell, event.shiftKey || event.ctrlKey || event.metaKey);
  }

  pick(cell, also) {
    const place = this.place(cell);
    const held = this.holds(place);
    const others = this.chosen.filter((one) => one[0] !== place[0] || one[1] !== place[1]);
    const kept = this.data.heads && also ? others : [];
    this.chosen = held && (also || !others.length) ? kept : [...kept, place];
    this.show();
    this.send(this.chosen);
  }

  press(event) {
    const cell = event.target.closest("[data-picks]");
    if (!cell) return;
    const step = ARROWS[event.key];
    if (step) this.move(cell, step);
    else if (event.key === "Home" || event.key === "End") this.enter(this.lines[cell.parentElement.rowIndex].at(event.key === "Home" ? 0 : -1));
    else if (event.key === "Enter" && event.target.closest("a")) return;
    else if (event.key === "Enter" || event.key === " ") this.pick(cell, event.shiftKey || event.ctrlKey || event.metaKey);
    else return;
    event.preventDefault();
  }

  move(cell, [down, right]) {
    const line = cell.parentElement.rowIndex + down;
    this.enter(this.lines[line]?.[Math.min(cell.cellIndex + right, this.lines[line].length - 1)]);
  }

  /** The one cell that Tab reaches. */
  enter(cell) {
    if (!cell?.hasAttribute("data-picks")) return;
    this.table.querySelector('[data-picks][tabindex="0"]')?.setAttribute("tabindex", "-1");
    cell.tabIndex = 0;
    cell.focus();
  }
}
