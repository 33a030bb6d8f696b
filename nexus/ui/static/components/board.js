// Handles over the panels of a dashboard that is being built: choose, move and size them on the page itself.
//
// `data`: frames [{ name, at (which cell of the page is its own), title, kind, width, height }], order (names, as one reads), chosen.
// The page's own grid lays the panels out, also while one is dragged: handles only set the cells' CSS order and spans, so what
// one sees is what readers will see. Nothing but names, numbers and text nodes comes from data.

const COLUMNS = 12;
const ROWS = 24;
const GAP = 16;
const ROW = 80;
const WAIT = 350;
const NEAR = 6;

export default function ({ data, parentElement, setTriggerValue }) {
  const board = (parentElement.nexusBoard ??= new Board(parentElement));
  board.update(data, (said) => setTriggerValue("act", said));
  return () => {
    board.leave();
    delete parentElement.nexusBoard;
  };
}

class Board {
  constructor(parent) {
    this.layer = make("div", "layer");
    this.layer.setAttribute("role", "group");
    this.layer.setAttribute("aria-label", "Panels of the dashboard");
    this.told = make("p", "told");
    this.told.setAttribute("aria-live", "polite");
    this.help = make("p", "told");
    this.help.id = "help";
    this.help.textContent =
      "Enter opens the form. Arrow keys move the panel earlier and later. With Shift, they make it wider, narrower, taller and shorter. Delete removes it.";
    parent.append(this.layer, this.told, this.help);
    this.boxes = new Map();
    this.drag = null;
    this.timer = 0;
    this.place = this.place.bind(this);
    this.soon = () => {
      cancelAnimationFrame(this.frame);
      this.frame = requestAnimationFrame(this.place);
    };
    this.sizes = new ResizeObserver(this.soon);
    this.changes = new MutationObserver(this.soon);
    window.addEventListener("resize", this.soon);
  }

  update(data, send) {
    this.send = send;
    this.late = this.timer || this.drag ? data : null;
    if (this.late) return this.soon();
    this.frames = data.frames.map((frame) => ({ ...frame }));
    this.order = [...data.order];
    // What was added, or chosen by another way than its handle, is brought into sight once it is drawn.
    if (data.chosen !== this.chosen) this.brought = data.chosen;
    this.chosen = data.chosen;
    this.draw();
    this.watch();
    this.place();
  }

  leave() {
    clearTimeout(this.timer);
    cancelAnimationFrame(this.frame);
    this.sizes.disconnect();
    this.changes.disconnect();
    window.removeEventListener("resize", this.soon);
    for (const part of [this.layer, this.told, this.help]) part.remove();
    const grid = this.grid();
    if (!grid) return;
    grid.inert = false;
    for (const cell of grid.children) cell.style.order = cell.style.gridColumn = cell.style.gridRow = cell.style.opacity = "";
  }

  grid() {
    return document.querySelector(".st-key-compose-board .st-key-panels .stGrid");
  }

  cells() {
    return [...(this.grid()?.querySelectorAll(":scope > .stGridCell, :scope > * > .stGridCell") ?? [])];
  }

  watch() {
    const grid = this.grid();
    if (grid === this.watched) return;
    this.sizes.disconnect();
    this.changes.disconnect();
    this.watched = grid;
    this.sized_cells = new WeakSet();
    if (!grid) return;
    this.sizes.observe(grid);
    this.changes.observe(grid, { childList: true });
  }

  // --- what is drawn -------------------------------------------------------------------------------------

  draw() {
    const names = new Set(this.order);
    for (const [name, box] of this.boxes) {
      if (!names.has(name)) {
        const focused = box.contains(this.layer.getRootNode().activeElement);
        box.remove();
        this.boxes.delete(name);
        if (focused) this.layer.querySelector("button")?.focus();
      }
    }
    this.order.forEach((name) => this.boxes.has(name) || this.boxes.set(name, this.box(name)));
    this.sort();
    for (const name of this.order) this.label(name);
  }

  sort() {
    // Handles stand in reading order for those who step through them; moving one with the focus would lose it.
    const focused = this.layer.getRootNode().activeElement;
    const wanted = this.order.map((name) => this.boxes.get(name));
    if (wanted.some((box, at) => this.layer.children[at] !== box)) {
      this.layer.append(...wanted);
      if (focused && this.layer.contains(focused)) focused.focus({ preventScroll: true });
    }
  }

  box(name) {
    const box = make("div", "box");
    const face = make("button", "face");
    face.type = "button";
    face.setAttribute("aria-describedby", "help");
    const tag = make("span", "tag");
    const grip = make("span", "grip");
    grip.textContent = "⠿";
    grip.title = "Drag to move";
    const corner = make("span", "corner");
    corner.title = "Drag to size";
    for (const handle of [grip, corner, tag]) handle.setAttribute("aria-hidden", "true");
    box.append(face, tag, grip, corner);
    face.addEventListener("click", () => this.moved || this.choose(name));
    face.addEventListener("keydown", (event) => this.key(event, name));
    face.addEventListener("pointerdown", (event) => event.pointerType === "mouse" && this.begin(event, name, "move"));
    grip.addEventListener("pointerdown", (event) => this.begin(event, name, "move"));
    corner.addEventListener("pointerdown", (event) => this.begin(event, name, "size"));
    return box;
  }

  label(name) {
    const frame = this.frame_of(name);
    const box = this.boxes.get(name);
    if (!frame || !box) return;
    const title = frame.title || frame.name;
    const size = `${frame.width} of ${COLUMNS} columns wide, ${frame.height} row${frame.height === 1 ? "" : "s"} high`;
    const face = box.querySelector(".face");
    face.setAttribute("aria-label", `${title}, ${frame.kind}, ${this.order.indexOf(name) + 1} of ${this.order.length}, ${size}`);
    face.setAttribute("aria-pressed", String(name === this.chosen));
    box.classList.toggle("chosen", name === this.chosen);
    box.querySelector(".tag").textContent = `${frame.kind} · ${frame.width} × ${frame.height}`;
  }

  frame_of(name) {
    return this.frames.find((frame) => frame.name === name);
  }

  // Puts the cells where the draft says, and each handle over its cell.
  place() {
    this.watch();
    const cells = this.cells();
    if (this.watched) this.watched.inert = true;
    const origin = this.layer.getBoundingClientRect();
    this.frames.forEach((frame) => {
      const cell = cells[frame.at];
      const box = this.boxes.get(frame.name);
      if (!cell || !box) return;
      set(cell, "order", String(this.order.indexOf(frame.name)));
      set(cell, "gridColumn", `span ${frame.width}`);
      set(cell, "gridRow", `span ${frame.height}`);
      cell.style.opacity = this.drag?.name === frame.name && this.drag.what === "move" ? "0.35" : "";
      box.hidden = false;
    });
    this.frames.forEach((frame) => {
      const cell = cells[frame.at];
      const box = this.boxes.get(frame.name);
      if (!cell || !box) return;
      const is = cell.getBoundingClientRect();
      box.style.transform = `translate(${is.left - origin.left}px, ${is.top - origin.top}px)`;
      box.style.width = `${is.width}px`;
      box.style.height = `${is.height}px`;
      if (!this.sized_cells.has(cell)) {
        // A free place that is taken need not make the grid any higher.
        this.sized_cells.add(cell);
        this.sizes.observe(cell);
      }
      if (frame.name === this.brought && is.height && !this.drag) {
        this.brought = null;
        cell.scrollIntoView({ block: "nearest" });
        this.soon();
      }
    });
  }

  // --- moving and sizing ---------------------------------------------------------------------------------

  begin(event, name, what) {
    if (event.button) return;
    const frame = this.frame_of(name);
    this.moved = false;
    const target = event.currentTarget;
    const cell = this.cells()[frame.at];
    this.drag = { name, what, x: event.clientX, y: event.clientY, width: frame.width, height: frame.height, on: false, box: cell?.getBoundingClientRect() };
    const move = (now) => this.dragged(now);
    const end = (now) => {
      target.removeEventListener("pointermove", move);
      target.removeEventListener("pointerup", end);
      target.removeEventListener("pointercancel", end);
      window.removeEventListener("keydown", stop, true);
      this.end(now.type === "pointerup");
    };
    const before = { order: [...this.order], width: frame.width, height: frame.height };
    const stop = (pressed) => {
      if (pressed.key !== "Escape") return;
      pressed.stopPropagation();
      this.order = before.order;
      Object.assign(frame, { width: before.width, height: before.height });
      end({ type: "pointercancel" });
    };
    target.setPointerCapture(event.pointerId);
    target.addEventListener("pointermove", move);
    target.addEventListener("pointerup", end);
    target.addEventListener("pointercancel", end);
    window.addEventListener("keydown", stop, true);
  }

  dragged(event) {
    const drag = this.drag;
    if (!drag) return;
    const [across, down] = [event.clientX - drag.x, event.clientY - drag.y];
    if (!drag.on && Math.hypot(across, down) < NEAR) return;
    drag.on = this.moved = true;
    this.boxes.get(drag.name)?.classList.add("dragged");
    if (drag.what === "size") this.size(drag, across, down);
    else this.over(drag, event.clientX, event.clientY);
    this.scroll(event.clientY);
  }

  size(drag, across, down) {
    const unit = (this.watched.clientWidth + GAP) / COLUMNS;
    const narrow = drag.box && drag.box.width > unit * drag.width + GAP;
    const frame = this.frame_of(drag.name);
    const width = narrow ? drag.width : clamp(drag.width + Math.round(across / unit), COLUMNS);
    const height = clamp(drag.height + Math.round(down / ROW), ROWS);
    if (width === frame.width && height === frame.height) return;
    Object.assign(frame, { width, height });
    this.label(drag.name);
    this.place();
  }

  over(drag, x, y) {
    const cells = this.cells();
    const under = this.frames.find((frame) => frame.name !== drag.name && cells[frame.at] && holds(cells[frame.at].getBoundingClientRect(), x, y));
    if (!under) return;
    const name = under.name;
    const is = cells[under.at].getBoundingClientRect();
    const whole = is.width > this.watched.clientWidth * 0.9;
    const after = whole ? y > is.top + is.height / 2 : x > is.left + is.width / 2;
    const order = this.order.filter((one) => one !== drag.name);
    order.splice(order.indexOf(name) + (after ? 1 : 0), 0, drag.name);
    if (order.join() === this.order.join()) return;
    this.order = order;
    this.place();
  }

  scroll(y) {
    const main = document.querySelector("[data-testid=stMain]");
    if (y < 90) main?.scrollBy({ top: -24 });
    else if (y > window.innerHeight - 60) main?.scrollBy({ top: 24 });
    this.soon();
  }

  end(done) {
    const { name, on } = this.drag ?? {};
    this.drag = null;
    this.boxes.get(name)?.classList.remove("dragged");
    for (const one of this.order) this.label(one);
    this.sort();
    this.place();
    if (on && done) this.arranged(name, 0);
    else if (this.late) this.update(this.late, this.send);
    setTimeout(() => (this.moved = false));
  }

  key(event, name) {
    const frame = this.frame_of(name);
    if (event.key === "Delete" || event.key === "Backspace") {
      event.preventDefault();
      return this.send({ what: "remove", name, ...this.pending() });
    }
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (!step || event.altKey || event.ctrlKey || event.metaKey || !frame) return;
    event.preventDefault();
    if (event.shiftKey) {
      frame.width = clamp(frame.width + step[0], COLUMNS);
      frame.height = clamp(frame.height + step[1], ROWS);
    } else {
      const at = this.order.indexOf(name);
      const to = at + step[0] + step[1];
      if (to < 0 || to >= this.order.length) return;
      this.order.splice(to, 0, ...this.order.splice(at, 1));
    }
    this.label(name);
    this.sort();
    this.place();
    this.boxes.get(name).scrollIntoView?.({ block: "nearest" });
    this.told.textContent = event.shiftKey
      ? `${frame.width} columns wide, ${frame.height} rows high`
      : `Place ${this.order.indexOf(name) + 1} of ${this.order.length}`;
    this.arranged(name, WAIT);
  }

  // Steps that were not told yet go along: a second message right after the first would take its place.
  choose(name) {
    this.send({ what: "choose", name, ...this.pending() });
  }

  // Several steps in a row are told together.
  arranged(name, wait) {
    clearTimeout(this.timer);
    this.sized = (this.sized ?? new Set()).add(name);
    this.timer = setTimeout(() => this.send({ what: "arrange", ...this.pending() }), wait);
  }

  pending() {
    if (!this.timer) return {};
    clearTimeout(this.timer);
    this.timer = 0;
    const sizes = {};
    for (const one of this.sized) {
      const frame = this.frame_of(one);
      if (frame) sizes[one] = [frame.width, frame.height];
    }
    this.sized = new Set();
    return { order: this.order, sizes };
  }
}

function make(tag, className) {
  const element = document.createElement(tag);
  element.className = className;
  return element;
}

function set(element, name, value) {
  if (element.style[name] !== value) element.style[name] = value;
}

function clamp(value, most) {
  return Math.max(1, Math.min(most, value));
}

function holds(box, x, y) {
  return x >= box.left && x <= box.right && y >= box.top && y <= box.bottom;
}
