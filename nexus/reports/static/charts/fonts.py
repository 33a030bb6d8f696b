"""Makes the print fonts from what npm brought; run by `npm run build`.

In a PDF, text is found and copied by the character that a glyph stands for. Glyphs that a font feature
puts in (figures of one width, hyphens that rise between capitals) stand for private characters in Inter,
so copied figures would be lost. Here figures of one width become the plain figures, and the features that
replace glyphs are left out. Kerning stays.
"""

from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont

PRIVATE = range(0xE000, 0xF900)
HERE = Path(__file__).parent
TARGET = HERE.parent / "fonts"


def figures_of_one_width(font: TTFont) -> dict[str, str]:
    """Glyph to glyph, as the feature `tnum` has it."""
    substitutions: dict[str, str] = {}
    table = font["GSUB"].table
    for record in table.FeatureList.FeatureRecord:
        if record.FeatureTag == "tnum":
            for index in record.Feature.LookupListIndex:
                for subtable in table.LookupList.Lookup[index].SubTable:
                    substitutions |= getattr(subtable, "ExtSubTable", subtable).mapping
    return substitutions


def make(source: Path, target: Path, *, features: tuple[str, ...] = ("ccmp", "kern", "mark", "mkmk")) -> None:
    font = TTFont(source)
    if "GSUB" in font and (substitutions := figures_of_one_width(font)):
        for table in font["cmap"].tables:
            for character in map(ord, "0123456789"):
                if character in table.cmap:  # tables may share one mapping, which is then done already
                    table.cmap[character] = substitutions.get(table.cmap[character], table.cmap[character])
    options = Options(layout_features=list(features), flavor="woff2", name_IDs=[0, 1, 2, 3, 4, 5, 6, 13, 14], notdef_outline=True)
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[character for character in font.getBestCmap() if character not in PRIVATE])
    subsetter.subset(font)
    font.flavor = "woff2"
    font.save(target)


for face in ("Regular", "SemiBold", "Italic"):
    make(HERE / f"node_modules/inter-ui/web/Inter-{face}.woff2", TARGET / f"Inter-{face}.woff2")
make(HERE / "node_modules/@fontsource/jetbrains-mono/files/jetbrains-mono-latin-400-normal.woff2", TARGET / "JetBrainsMono-Regular.woff2")
for weight in (400, 700):
    make(
        HERE / f"node_modules/@fontsource/noto-sans-jp/files/noto-sans-jp-japanese-{weight}-normal.woff2",
        TARGET / f"NotoSansJP-{weight}.woff2",
    )
for family, script, weights in (
    ("sc", "chinese-simplified", (400, 700)),
    ("kr", "korean", (400, 700)),
    ("arabic", "arabic", (400, 600)),
    ("hebrew", "hebrew", (400, 600)),
):
    # Arabic letters have a shape for each place in a word, which features choose.
    shaped = ("*",) if family == "arabic" else ("ccmp", "kern", "mark", "mkmk")
    name = family.upper() if len(family) == 2 else family.capitalize()
    for weight in weights:
        make(
            HERE / f"node_modules/@fontsource/noto-sans-{family}/files/noto-sans-{family}-{script}-{weight}-normal.woff2",
            TARGET / f"NotoSans{name}-{weight}.woff2",
            features=shaped,
        )
# Outlines and no bitmaps: a printed page has no picture of its own. Features join the parts of flags and families.
make(HERE / "node_modules/@fontsource/noto-emoji/files/noto-emoji-emoji-400-normal.woff2", TARGET / "NotoEmoji-400.woff2", features=("*",))
