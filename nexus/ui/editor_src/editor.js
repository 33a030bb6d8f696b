// The editor of SQL and of templates: what is typed goes to the server a moment after the last key, with Run and when the editor is left.
import { autocompletion, closeBrackets, closeBracketsKeymap, closeCompletion, completionKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { bracketMatching, indentOnInput } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { highlightSelectionMatches, search, searchKeymap } from "@codemirror/search";
import { Compartment, EditorSelection, EditorState, Prec } from "@codemirror/state";
import {
  EditorView,
  drawSelection,
  highlightActiveLine,
  highlightActiveLineGutter,
  highlightSpecialChars,
  keymap,
  lineNumbers,
  placeholder,
} from "@codemirror/view";
import { catalogAt, language } from "./catalog.js";
import { marks } from "./marks.js";
import { insertPlace, template } from "./template.js";
import { theme } from "./theme.js";

const PAUSE_MS = 500;
const editors = new WeakMap();

class Editor {
  constructor(parent, data) {
    this.data = data;
    this.sent = data.text;
    this.serial = data.serial;
    this.written = data.mode === "template";
    this.languages = new Compartment();
    this.root = document.createElement("div");
    this.root.className = "nexus-editor";
    this.bar = document.createElement("div");
    this.bar.className = "nexus-editor-bar";
    this.frame = document.createElement("div");
    this.frame.className = "nexus-editor-frame";
    this.frame.style.height = `${data.height}px`;
    this.root.append(this.bar, this.frame);
    parent.append(this.root);
    if (this.written) this.places();
    else this.buttons();
    this.view = new EditorView({ parent: this.frame, state: this.state(data) });
    this.complete(data);
    this.update(data);
  }

  state(data) {
    const run = () => this.run(false) || true;
    return EditorState.create({
      doc: data.text,
      extensions: [
        Prec.highest(
          keymap.of([
            { key: "Mod-Enter", run, preventDefault: true },
            { key: "Mod-Shift-f", run: () => this.written || this.tell("format") || true, preventDefault: true },
          ]),
        ),
        lineNumbers(),
        lintGutter(),
        history(),
        drawSelection(),
        highlightSpecialChars(),
        highlightActiveLine(),
        highlightActiveLineGutter(),
        highlightSelectionMatches(),
        this.written ? [] : indentOnInput(),
        bracketMatching(),
        closeBrackets(),
        autocompletion({ icons: false }),
        search({ top: true }),
        EditorView.lineWrapping,
        placeholder(this.written ? "Write what the model is to do. {{ name }} stands for a variable or a block of data." : "select … from …"),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap, ...searchKeymap, ...historyKeymap, indentWithTab, ...defaultKeymap]),
        this.languages.of(this.written ? template(data.names) : language(null, [])),
        this.written ? [] : marks,
        theme,
        EditorView.contentAttributes.of({ "aria-label": data.label, spellcheck: String(this.written), autocapitalize: "off" }),
        EditorView.updateListener.of((update) => this.changed(update)),
        EditorView.domEventHandlers({ blur: () => this.flush() }),
      ],
    });
  }

  buttons() {
    const button = (label, title, action, primary) => {
      const made = document.createElement("button");
      made.type = "button";
      made.textContent = label;
      made.title = title;
      if (primary) made.className = "primary";
      made.addEventListener("click", action);
      this.bar.append(made);
      return made;
    };
    const command = /Mac|iP(hone|ad)/.test(navigator.platform) ? "⌘" : "Ctrl";
    button("Run", `${command}-Enter; what is selected, or all`, () => this.run(true), true);
    this.runSelection = button("Run selection", "Only what is selected", () => this.run(false));
    this.runSelection.disabled = true;
    button("Explain", "How the database would find the answer", () => this.tell("explain"));
    button("Format", `${command}-Shift-F`, () => this.tell("format"));
    const note = document.createElement("span");
    note.textContent = `${command}-Enter runs · ${command}-Space completes · Esc, then Tab leaves`;
    this.bar.append(note);
  }

  /** In place of the buttons, for a template: one for each name that may be put in. */
  places() {
    this.bar.replaceChildren();
    for (const name of this.data.names.slice(0, 16)) {
      const made = document.createElement("button");
      made.type = "button";
      made.textContent = `{{ ${name} }}`;
      made.title = "Puts it where the cursor is";
      made.addEventListener("click", () => insertPlace(this.view, name));
      this.bar.append(made);
    }
    const note = document.createElement("span");
    note.textContent = "{{ completes names · Esc, then Tab leaves";
    this.bar.append(note);
  }

  get text() {
    return this.view.state.doc.toString();
  }

  changed(update) {
    if (this.runSelection && (update.selectionSet || update.docChanged)) this.runSelection.disabled = update.state.selection.main.empty;
    if (!update.docChanged) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.flush(), PAUSE_MS);
  }

  flush() {
    clearTimeout(this.timer);
    if (this.text === this.sent) return;
    this.sent = this.text;
    this.trigger("typed", { text: this.text });
  }

  tell(event, more = {}) {
    closeCompletion(this.view);
    clearTimeout(this.timer);
    this.sent = this.text;
    this.trigger(event, { text: this.text, ...more });
  }

  run(everything) {
    if (this.written) return this.flush();
    const { from, to } = this.view.state.selection.main;
    this.tell("run", everything || from === to ? { from: 0, to: this.text.length } : { from, to });
  }

  /** What the server says: another text, a name to insert, and what is wrong where. */
  update(data) {
    const former = this.data;
    this.data = data;
    if (data.serial !== this.serial) {
      this.serial = data.serial;
      if (data.insert) this.insert(data.insert);
      else this.replace(data.text);
    }
    if (data.catalog !== former.catalog || data.names.join() !== former.names.join()) this.complete(data);
    if (data.text === this.text) this.mark(data.problems);
  }

  replace(text) {
    this.sent = text;
    if (text === this.text) return;
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text }, selection: EditorSelection.cursor(0) });
    this.sent = this.text;
    clearTimeout(this.timer);
  }

  insert(name) {
    const { from, to } = this.view.state.selection.main;
    this.view.dispatch({ changes: { from, to, insert: name }, selection: EditorSelection.cursor(from + name.length), scrollIntoView: true });
    this.view.focus();
  }

  mark(problems) {
    const end = this.view.state.doc.length;
    const found = problems.map(({ from, to, message }) => ({ from: Math.min(from, end), to: Math.min(to, end), message, severity: "error" }));
    this.view.dispatch(setDiagnostics(this.view.state, found));
  }

  async complete(data) {
    if (this.written) {
      this.places();
      this.view.dispatch({ effects: this.languages.reconfigure(template(data.names)) });
      return;
    }
    const catalog = await catalogAt(data.catalog);
    if (this.data.catalog === data.catalog) this.view.dispatch({ effects: this.languages.reconfigure(language(catalog, this.data.names)) });
  }
}

export default function ({ data, parentElement, setTriggerValue }) {
  let editor = editors.get(parentElement);
  if (editor) {
    editor.trigger = setTriggerValue;
    editor.update(data);
  } else {
    editor = new Editor(parentElement, data);
    editor.trigger = setTriggerValue;
    editors.set(parentElement, editor);
  }
  return () => {
    editor.flush();
    editor.view.destroy();
    editor.root.remove();
    editors.delete(parentElement);
  };
}
