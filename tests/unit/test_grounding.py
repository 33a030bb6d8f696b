"""Figures and names of answers against the data that was sent."""

import pytest

from nexus.prompts import marks, sent
from nexus.prompts.figures import even, find_figures
from nexus.prompts.findings import Finding
from nexus.prompts.grounding import ground
from tests.grounding.answers import agreement, judge, read

AIRLINES = sent.read(
    'Late means 15 minutes or more.\n<data-0a name="airlines" view="airlines" rows="3" complete="all">\n'
    "carrier,airline,flights,average_delay,late\nUA,United Air Lines Inc.,58665,3.6,0.2251\n"
    'B6,"JetBlue, Airways",54635,9.5,0.2695\nHA,Hawaiian Airlines Inc.,342,-6.9,0.1287\n</data-0a>\nBe short.'
)


def finding(answer: str, text: str) -> Finding:
    return next(finding for finding in ground(answer, AIRLINES).findings if finding.text == text)


@pytest.mark.parametrize(
    ("name", "goal"),
    [("answers.txt", 0.95), ("more.txt", 0.95), ("held_out.txt", 0.95), ("shops.txt", 0.95), ("unseen.txt", 0.9), ("last.txt", 0.95)],
)
def test_answers_are_marked_as_a_person_marks_them(name, goal):
    judged = [each for answer in read(name) for each in judge(answer)]
    assert agreement(judged) >= goal, [each for each in judged if not each.agrees]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("1,234.5", [1234.5]), ("1.234,5", [1234.5]), ("1\u202f234,5", [1234.5]), ("1 234,5", [1234.5]), ("1'234", [1234]),
        ("12.345", [12.345, 12345]), ("12,345", [12345]), ("1.2 million", [1_200_000]), ("3 k", [3000]), ("3k", [3000]),
        ("\u0663\u066b\u0665", [3.5]), ("\uff11\uff12", [12]), ("\u22126.9", [-6.9]), ("7 h 43 min", [463]), ("three", [3]),
        ("1e999", []), ("9" * 500, []), ("top 5", [5]), ("twice", [2]),
    ],
)  # fmt: skip
def test_a_figure_is_read_as_people_write_it(text, values):
    (found,) = find_figures(even(text))
    assert [reading.value for reading in found.readings] == pytest.approx(values)


@pytest.mark.parametrize("text", ["9E", "N711MQ", "", "NaN", "https://example.org/12?d=5", "1. one", "[a](/x/12)"])
def test_what_is_part_of_a_name_or_address_is_no_figure(text):
    assert list(find_figures(even(text))) == []


@pytest.mark.parametrize(
    ("answer", "text", "status", "how"),
    [
        ("United had 58,665 flights.", "58,665", "found", "`flights` of row 1 (carrier = UA) is 58665"),
        ("United had 54,635 flights.", "54,635", "wrong_row", "It is of another row: `flights` of row 2 (carrier = B6) is 54635."),
        ("United had 58,656 flights.", "58,656", "unfound", "It is not in the data"),
        ("About 22.5% of United's flights were late.", "22.5%", "found", "`late` of row 1"),
        ("All carriers flew 113,642 flights.", "113,642", "derived", "sum of `flights` over all 3 rows"),
        ("United flew 4,030 more flights than JetBlue.", "4,030", "derived", "difference of `flights`"),
        ("By flights, JetBlue ranks second.", "second", "derived", "by `flights`"),
        ("Some were 15 minutes late.", "15", "found", "It stands in the prompt."),
        ("As at Lufthansa, nothing moved.", "Lufthansa", "unfound", "nor in the prompt"),
    ],
)
def test_every_finding_says_why(answer, text, status, how):
    found = finding(answer, text)
    assert found.status == status
    assert how in found.how


def test_rows_behind_a_figure_are_named():
    (behind,) = finding("United had 58,665 flights.", "58,665").rows
    assert (behind.block, behind.rows, behind.more) == ("airlines", (0,), 0)


def test_the_share_counts_figures_and_names_that_are_nowhere():
    grounding = ground("United had 58,665 flights and a delay of 77.7 minutes.", AIRLINES)
    assert (grounding.found, grounding.total, grounding.share) == (1, 2, 0.5)
    assert ground("Nothing to see.", AIRLINES).share == 1.0


def test_a_column_kept_back_supports_nothing():
    without = sent.read('<data-0a name="a" view="a" rows="1" complete="all">\ncarrier\nUA\n</data-0a>')
    assert ground("UA had 58,665 flights.", without).doubtful[0].text == "58,665"


def test_a_fence_inside_a_cell_ends_no_table():
    data = sent.read('<data-0a name="a" view="a" rows="2" complete="all">\nname,n\n</data-0b>,5\nx,7123\n</data-0a>')
    assert data.tables[0].rows == 2


@pytest.mark.parametrize(
    "answer",
    [
        "12,345.6 " * 20_000,
        "9" * 200_000,
        "[](" * 20_000,
        "| 1 " * 5_000,
        "7 h " * 5_000,
        "-" * 200_000,
        "\u202e12\u0664 NaN \u221e " * 2_000,
        "\0\ue000 5",
        "in 2023 and in the first quarter, 5 in the first, on Monday 6 " * 2_000,
        "Lakeside has €5 kWh against 6 " * 3_000,
    ],
    ids=["figures", "digits", "brackets", "cells", "hours", "dashes", "right to left", "our own marks", "times", "units"],
)
def test_hostile_answers_are_checked_like_others(answer):
    grounding = ground(answer, AIRLINES)
    assert grounding == ground(answer, AIRLINES)
    assert all(answer[each.start : each.end] == each.text for each in grounding.findings)


def test_marks_go_through_the_renderer_and_make_nothing_live():
    answer = "United had **58,656** `54,635` flights, [12](https://evil.example/12) <b>99</b>.\n\n| a |\n|---|\n| 77 |"
    shown = str(marks.for_screen(answer, ground(answer, AIRLINES), place="run-1", data=AIRLINES))
    assert '<strong><a class="ground unfound" href="#why-run-1-0"' in shown
    assert "58,656<sup>?</sup></a></strong>" in shown
    assert "&lt;b&gt;" in shown
    assert 'href="http' not in shown
    assert not any(chr(code) in shown for code in range(0xE000, 0xE01A))


def test_rows_are_listed_below_while_the_data_are_at_hand_and_explained_when_not():
    answer = "United had 58,665 flights."
    grounding = ground(answer, AIRLINES)
    assert "<td>JetBlue" not in str(marks.for_screen(answer, grounding, place="a", data=AIRLINES))
    assert "<td>United Air Lines Inc.</td>" in str(marks.for_screen(answer, grounding, place="a", data=AIRLINES))
    assert "<td>" not in str(marks.for_screen(answer, grounding, place="a", data=None))


def test_what_prints_names_what_was_not_found():
    answer = "United had 58,665 flights and 77 <i>cats</i>."
    shown = str(marks.for_print(answer, ground(answer, AIRLINES)))
    assert "1 of 2 figures found" in shown
    assert '<span class="ground unfound">77<sup>?</sup></span>' in shown
    assert "<li><b>77</b> not found in the data" in shown
    assert "href" not in shown
