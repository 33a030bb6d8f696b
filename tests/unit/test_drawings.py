"""Charts drawn before."""

from nexus.reports.drawings import Drawings


def test_a_drawing_is_found_by_its_spec_and_by_no_other():
    drawings = Drawings()
    drawings.keep('{"mark": "bar"}', "<svg>bars</svg>")
    assert drawings.get('{"mark": "bar"}') == "<svg>bars</svg>"
    assert drawings.get('{"mark": "line"}') is None


def test_the_least_lately_used_makes_room():
    drawings = Drawings(most_bytes=400)
    for name in "abcd":
        drawings.keep(name, name * 100)
    drawings.get("a")
    drawings.keep("e", "e" * 100)
    assert [name for name in "abcde" if drawings.get(name)] == ["a", "c", "d", "e"]


def test_a_drawing_kept_twice_counts_once():
    drawings = Drawings(most_bytes=400)
    for _ in range(10):
        drawings.keep("a", "a" * 100)
    drawings.keep("b", "b" * 100)
    assert drawings.get("a")
    assert drawings.get("b")


def test_a_drawing_that_would_push_all_others_out_is_not_kept():
    drawings = Drawings(most_bytes=400)
    drawings.keep("small", "s")
    drawings.keep("huge", "h" * 101)
    assert drawings.get("huge") is None
    assert drawings.get("small") == "s"


def test_a_spec_with_half_a_character_is_a_spec_too():
    drawings = Drawings()
    drawings.keep("\ud800", "<svg/>")
    assert drawings.get("\ud800") == "<svg/>"
