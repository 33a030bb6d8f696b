"""What the box of a filter takes its choice for."""

import pytest

from nexus.ui.filter_boxes import offers_all
from nexus.views.offered import Offered

LISTED = (("JFK", "Kennedy"), ("LGA", "LaGuardia"))


@pytest.mark.parametrize(
    ("offered", "value", "all_there"),
    [
        (Offered(LISTED), None, True),
        (Offered(LISTED), "JFK", True),
        (Offered(LISTED), "EWR", False),
        (Offered(LISTED), ("JFK", "LGA"), True),
        (Offered(LISTED), ("JFK", "EWR"), False),
        (Offered(LISTED, more=True), "EWR", True),
        (Offered(known=False), "EWR", True),
    ],
)
def test_a_choice_that_is_offered_no_more_is_known_as_such_where_the_list_is_whole(offered, value, all_there):
    assert offers_all(offered, value) is all_there
