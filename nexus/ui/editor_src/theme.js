// Colours from Streamlit's own variables, so that the editor is light and dark with the page.
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const look = EditorView.theme({
  "&": {
    height: "100%",
    color: "var(--st-text-color)",
    backgroundColor: "var(--st-background-color)",
    fontSize: "13px",
  },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--st-code-font)", lineHeight: "1.5" },
  ".cm-content": { caretColor: "var(--st-text-color)", padding: "6px 0" },
  ".cm-cursor": { borderLeftColor: "var(--st-text-color)", borderLeftWidth: "2px" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection": {
    backgroundColor: "color-mix(in srgb, var(--st-primary-color) 28%, transparent)",
  },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--st-text-color) 4%, transparent)" },
  ".cm-gutters": {
    backgroundColor: "var(--st-secondary-background-color)",
    color: "color-mix(in srgb, var(--st-text-color) 70%, var(--st-background-color))",
    border: "none",
  },
  ".cm-activeLineGutter": { backgroundColor: "color-mix(in srgb, var(--st-text-color) 8%, transparent)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": {
    backgroundColor: "color-mix(in srgb, var(--st-primary-color) 25%, transparent)",
    outline: "1px solid var(--st-primary-color)",
  },
  ".cm-tooltip": {
    backgroundColor: "var(--st-background-color)",
    color: "var(--st-text-color)",
    border: "1px solid var(--st-border-color)",
    borderRadius: "4px",
  },
  ".cm-tooltip-autocomplete > ul": { fontFamily: "var(--st-code-font)", fontSize: "12.5px", maxHeight: "16em" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--st-primary-color)", color: "#fff" },
  ".cm-completionDetail": { fontStyle: "normal", opacity: "0.75", marginLeft: "1em" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "700" },
  ".cm-panels": { backgroundColor: "var(--st-secondary-background-color)", color: "var(--st-text-color)" },
  ".cm-panel input, .cm-panel button": { font: "inherit", color: "inherit", backgroundImage: "none", backgroundColor: "var(--st-background-color)" },
  ".cm-diagnostic": { borderLeftWidth: "3px", padding: "4px 8px" },
  ".cm-placeholder": { color: "color-mix(in srgb, var(--st-text-color) 65%, var(--st-background-color))" },
  ".cm-parameter": { color: "light-dark(#8a3ffc, #c9a5ff)", fontWeight: "600" },
  ".cm-optional": { color: "light-dark(#a34b00, #f0a35e)", fontWeight: "700" },
});

const colours = HighlightStyle.define([
  { tag: tags.keyword, color: "light-dark(#0b5c76, #7cc9e0)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "light-dark(#1b7341, #7fd0a4)" },
  { tag: [tags.number, tags.bool, tags.null], color: "light-dark(#a13d63, #f0a0b8)" },
  { tag: [tags.lineComment, tags.blockComment], color: "light-dark(#5d6876, #a0abb8)", fontStyle: "italic" },
  { tag: [tags.typeName, tags.standard(tags.name)], color: "light-dark(#5a49b8, #b5abf5)" },
]);

export const theme = [look, syntaxHighlighting(colours)];
