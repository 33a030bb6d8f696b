"""Colours that everybody can tell apart, on light and dark pages."""

import itertools
import math
import tomllib

import pytest

from nexus.settings import ROOT
from nexus.views import colours
from nexus.views.charts.heatmap import STRONG

PAGES = {"light": "#ffffff", "dark": "#13171c"}
SEEN = {
    # Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no green": ((0.367, 0.861, -0.228), (0.280, 0.673, 0.047), (-0.012, 0.043, 0.969)),
    "no red": ((0.152, 1.053, -0.205), (0.115, 0.786, 0.099), (-0.004, -0.048, 1.052)),
}


def linear(colour: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(first: str, second: str) -> float:
    light = [
        sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True)) for colour in (first, second)
    ]
    return (max(light) + 0.05) / (min(light) + 0.05)


def lab(colour: str, eye: str) -> tuple[float, float, float]:
    red, green, blue = (max(0.0, sum(a * b for a, b in zip(row, linear(colour), strict=True))) for row in SEEN[eye])
    parts = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.95047,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.08883,
    )
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in parts)
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def over(colour: str, page: str) -> str:
    """`#rrggbbaa` as it looks on a page."""
    opacity = int(colour[7:9], 16) / 255
    parts = [round(int(colour[at : at + 2], 16) * opacity + int(page[at : at + 2], 16) * (1 - opacity)) for at in (1, 3, 5)]
    return "#" + "".join(f"{part:02x}" for part in parts)


@pytest.mark.parametrize("theme", PAGES)
def test_every_category_stands_out_from_the_page(theme):
    assert [colour for colour in colours.CATEGORIES[theme] if contrast(colour, PAGES[theme]) < 3] == []


@pytest.mark.parametrize("theme", PAGES)
@pytest.mark.parametrize("eye", SEEN)
def test_the_first_eight_categories_are_told_apart_by_every_eye(theme, eye):
    near = [
        pair for pair in itertools.combinations(colours.CATEGORIES[theme][:8], 2) if math.dist(lab(pair[0], eye), lab(pair[1], eye)) < 10
    ]
    assert near == []


@pytest.mark.parametrize("theme", PAGES)
@pytest.mark.parametrize("tone", colours.TONES)
def test_words_are_readable_on_every_tone(theme, tone):
    assert contrast(over(colours.behind(tone, 1), PAGES[theme]), colours.INK[theme][0]) >= 4.5


@pytest.mark.parametrize("theme", PAGES)
def test_figures_in_a_heatmap_are_readable_on_every_colour(theme):
    weak, strong = colours.INK[theme]
    for at, colour in enumerate(colours.SEQUENCE[theme]):
        assert contrast(colour, strong if at / 9 > STRONG else weak) >= 3, (at, colour)


def test_the_theme_of_the_page_has_these_colours():
    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"]
    for theme in PAGES:
        assert tuple(config[theme]["chartCategoricalColors"]) == colours.CATEGORIES[theme]
        assert tuple(config[theme]["chartSequentialColors"]) == colours.SEQUENCE[theme]
        assert tuple(config[theme]["chartDivergingColors"]) == colours.DIVERGING[theme]
