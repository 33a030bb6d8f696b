"""What a client says of waiting for a PDF (RFC 7240)."""

import pytest

from nexus.reports.routes import LONGEST_WAIT_S, Preferred, prefer


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ([], Preferred()),
        (["wait"], Preferred(wait_s=LONGEST_WAIT_S)),
        (["wait=30"], Preferred(wait_s=30)),
        (['Wait="5", respond-async'], Preferred(wait_s=5, at_once=True)),
        (["wait=99999"], Preferred(wait_s=LONGEST_WAIT_S)),
        (["handling=lenient", "return=minimal"], Preferred()),
        (["wait=" + "9" * 400], Preferred(wait_s=LONGEST_WAIT_S)),
        (["wait=²"], Preferred(wait_s=LONGEST_WAIT_S)),
        ([",,=,;"], Preferred()),
    ],
)
def test_a_preference_is_read_or_ignored(said, meant):
    assert prefer(said) == meant
