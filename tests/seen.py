"""How a page looks to those who hear it and to those who hold it in one hand: shared by the tests in browsers."""

from axe_playwright_python.sync_playwright import Axe

WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]


def barriers(page, *, advice: bool = False) -> list[str]:
    """What axe finds on the page as it stands, each with its address and its element; empty when everybody can use it.

    With `advice`, also what is no rule of WCAG; Streamlit's own pages do not keep all of that.
    """
    report = Axe().run(page, options=None if advice else {"runOnly": WCAG})
    return [f"{page.url} {item['id']}: {node['html'][:200]}" for item in report.response["violations"] for node in item["nodes"]]


def width(page) -> int:
    """Pixels that the page takes; more than the window has means that something sticks out."""
    return page.evaluate("Math.max(document.documentElement.scrollWidth, document.querySelector('[data-testid=stMain]')?.scrollWidth ?? 0)")
