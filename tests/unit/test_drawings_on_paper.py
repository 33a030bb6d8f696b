"""What becomes of a chart's drawing before it stands in a document."""

from nexus.reports.svg import clean

DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" width="90" height="40">'
    '<text text-anchor="end" transform="translate(80,8)" font-size="10px" fill="#fff" stroke="#fff" stroke-width="3">{0}</text>'
    '<text text-anchor="end" transform="translate(80,8)" font-size="10px" fill="#000">{0}</text></svg>'
)


def test_a_label_with_a_rim_is_written_once_and_can_be_found():
    made = clean(DRAWING.format("Strike"), prefix="a-", alternative="Delays")
    assert made.count("Strike") == 1
    assert '<rect transform="translate(80,8)" fill="#fff" x="-33.0" y="-10.0" width="33.0" height="13.0" fill-opacity="0.8"' in made
