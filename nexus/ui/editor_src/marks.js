// What SQL itself does not have: `:name` and the brackets of an optional part.
import { syntaxTree } from "@codemirror/language";
import { Decoration, MatchDecorator, ViewPlugin } from "@codemirror/view";

const parameter = Decoration.mark({ class: "cm-parameter" });
const optional = Decoration.mark({ class: "cm-optional" });
const QUIET = new Set(["String", "LineComment", "BlockComment", "QuotedIdentifier"]);

const matcher = new MatchDecorator({
  regexp: /\[\[|\]\]|(?<![:\w]):[A-Za-z_]\w*/g,
  decorate(add, from, to, match, view) {
    if (QUIET.has(syntaxTree(view.state).resolveInner(from, 1).name)) return;
    add(from, to, match[0].startsWith(":") ? parameter : optional);
  },
});

export const marks = ViewPlugin.fromClass(
  class {
    constructor(view) {
      this.decorations = matcher.createDeco(view);
    }
    update(update) {
      this.decorations =
        syntaxTree(update.startState) === syntaxTree(update.state)
          ? matcher.updateDeco(update, this.decorations)
          : matcher.createDeco(update.view);
    }
  },
  { decorations: (plugin) => plugin.decorations },
);
