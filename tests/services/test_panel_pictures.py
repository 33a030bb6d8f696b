"""One panel as a PNG: what is in it, and what it keeps to itself."""

import struct

import pytest

from nexus.dashboards import service as dashboards
from nexus.dashboards.spec import Dashboard
from nexus.db import sharing
from nexus.db.session import transaction
from nexus.errors import BadInput, NotFound
from nexus.reports import picture
from nexus.reports.picture import PanelGone, panel_png
from nexus.workspace import service as workspace


@pytest.fixture
def delays(sample_database, admin) -> str:
    workspace.apply_sample(admin)
    return "delays"


def size(png: bytes) -> tuple[int, int]:
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    return struct.unpack(">II", png[16:24])


@pytest.mark.parametrize("panel", ["flights", "by-carrier", "late-routes", "how-to-read"])
def test_every_kind_of_panel_becomes_a_sharp_picture(delays, viewer, panel):
    width, height = size(panel_png(user=viewer, name=delays, panel=panel, values={}))
    assert width > 1_000
    assert 60 < height < 8_000


def test_a_panel_that_is_not_there_and_a_dashboard_that_one_may_not_see_are_not_found(delays, viewer, admin):
    for name, panel in ((delays, "nothing"), ("nothing", "flights"), (delays, "'; drop table users; --")):
        with pytest.raises(NotFound):
            panel_png(user=viewer, name=name, panel=panel, values={})
    with transaction() as session:
        found = sharing.find(session, reader=admin, kind="dashboard", name=delays)
        sharing.set_open(session, kind="dashboard", kept_id=found.id, open_to_all=False)
    with pytest.raises(NotFound):
        panel_png(user=viewer, name=delays, panel="flights", values={})


def test_a_value_that_fits_no_filter_is_refused(delays, viewer):
    with pytest.raises(BadInput):
        picture.ordered(user=viewer, name=delays, panel="flights", given={"period": ["yesterweek"]})


def test_hostile_words_are_drawn_and_fetch_nothing(delays, analyst):
    hostile = "<img src=http://127.0.0.1:1/x> <script>1</script> **x** \u202e"
    panels = [{"kind": "text", "name": "words", "title": hostile, "text": hostile}]
    with transaction() as session:
        dashboards.save_dashboard(session, user=analyst, dashboard=Dashboard(name="hostile", title=hostile, panels=panels))
    size(panel_png(user=analyst, name="hostile", panel="words", values={}))


def test_a_panel_that_was_taken_away_says_what_to_do():
    assert "Open the dashboard again" in PanelGone().message
