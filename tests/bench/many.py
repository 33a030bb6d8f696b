"""A dashboard of a hundred panels beside the one of six: read and edited, in one warm Chromium."""

from collections.abc import Callable

from playwright.sync_api import Page, expect

from tests.bench.dashboard import open_and_draw
from tests.bench.figures import Figure, in_turn, seconds

FEW, MANY = "bench", "bench-100"
TITLE = ".st-key-compose-side [data-testid=stTextInput] input"


def rested(page: Page) -> None:
    page.locator("[data-testid=stApp][data-test-script-state=notRunning]").wait_for()


class Walk:
    """One page of one dashboard; each measure leaves it as it found it."""

    def __init__(self, page: Page, address: str) -> None:
        self.page, self.address, self.turn = page, address, 0

    def read(self) -> float:
        return open_and_draw(self.page, self.address)

    def filtered(self) -> float:
        """From Enter in a filter to the first panel that shows fewer rows; the page is open."""
        self.turn += 1
        box = self.page.get_by_role("spinbutton", name="Month")
        box.fill(str(self.turn % 12 + 1))
        before = self._foot()
        # It says when, to the second: one of the same second would look like no answer.
        self.page.wait_for_function("said => new Date().getSeconds() !== said", arg=int(before[6:8]))

        def change() -> None:
            box.press("Enter")
            expect(self.page.locator(".nexus-foot").first).not_to_have_text(before)

        taken = seconds(change)
        rested(self.page)
        return taken

    def _foot(self) -> str:
        return self.page.locator(".nexus-foot").first.inner_text()

    def edit(self) -> float:
        taken = open_and_draw(self.page, f"{self.address}&edit=1")
        rested(self.page)
        return taken

    def retitle(self) -> float:
        """From Enter in the title of the first panel to the panel that bears it."""
        self.turn += 1
        if not self.page.locator(TITLE).count():
            self.page.locator(".layer .face").first.click()
            self.page.locator(TITLE).first.wait_for()
            rested(self.page)
        said, box = f"Title {self.turn}", self.page.get_by_role("textbox", name="Title", exact=True).last
        box.fill(said)

        def change() -> None:
            box.press("Enter")
            self.page.locator(".st-key-compose-board h3", has_text=said).wait_for()

        taken = seconds(change)
        rested(self.page)
        return taken


def figures(tab: Callable[[], Page], *, ours: str) -> list[Figure]:
    many, few = (Walk(tab(), f"{ours}/dashboard?name={name}") for name in (MANY, FEW))
    for walk in (many, few):
        walk.read()
    found = [_figure("100 panels, navigation to the first screen drawn", in_turn(5, many.read, few.read))]
    for walk in (many, few):
        walk.read()
        rested(walk.page)
    found.append(_figure("100 panels, a filter changed to the first panel redrawn", in_turn(5, many.filtered, few.filtered)))
    for walk in (many, few):
        walk.edit()
    found.append(_figure("100 panels, edit mode, navigation to the first screen drawn", in_turn(3, many.edit, few.edit)))
    found.append(_figure("100 panels, edit mode, a title changed to the panel that bears it", in_turn(5, many.retitle, few.retitle)))
    found.append(_figure("100 panels, edit mode, a filter changed to the first panel redrawn", in_turn(5, many.filtered, few.filtered)))
    return found


def _figure(what: str, taken: tuple[float, float, float]) -> Figure:
    mine, theirs, ratio = taken
    return Figure(what, f"{mine:.2f} s", f"{theirs:.2f} s with 6 panels", f"{ratio:.2f}")
