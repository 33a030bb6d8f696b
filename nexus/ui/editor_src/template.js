// Templates of prompts: `{{ name }}` is coloured, completed from the names that there are, and inserted by a button.
import { LanguageSupport, StreamLanguage } from "@codemirror/language";

const PLACE = /^\{\{\s*[A-Za-z]\w*\s*\}\}/;

const words = StreamLanguage.define({
  token(stream) {
    if (stream.match(PLACE)) return "typeName";
    stream.next();
    stream.eatWhile(/[^{]/);
    return null;
  },
});

/** Puts `{{ name }}` in place of what is between `from` and `to`, and of brackets that were closed by themselves behind it. */
function put(view, name, from, to) {
  const behind = view.state.sliceDoc(to, to + 4).match(/^\s{0,2}\}{0,2}/)[0];
  const eaten = behind.includes("}") ? behind.length : 0;
  const insert = `{{ ${name} }}`;
  view.dispatch({ changes: { from, to: to + eaten, insert }, selection: { anchor: from + insert.length }, scrollIntoView: true });
}

/** The language, with `names` for completion behind `{{`. */
export function template(names) {
  const autocomplete = (context) => {
    const word = context.matchBefore(/\{\{\s*\w*/);
    if (!word || !names.length) return null;
    const options = names.map((label) => ({ label, type: "variable", apply: (view, _, __, to) => put(view, label, word.from, to) }));
    const typed = word.text.match(/\w*$/)[0].length;
    return { from: word.to - typed, options, validFor: /^\w*$/ };
  };
  return new LanguageSupport(words, words.data.of({ autocomplete }));
}

export function insertPlace(view, name) {
  const { from, to } = view.state.selection.main;
  const insert = `{{ ${name} }}`;
  view.dispatch({ changes: { from, to, insert }, selection: { anchor: from + insert.length }, scrollIntoView: true });
  view.focus();
}
