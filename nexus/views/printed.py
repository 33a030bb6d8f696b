"""How a view or a dashboard stands on paper, as far as it says so itself: the letterhead, and words of its own on every page."""

import unicodedata

from pydantic import BaseModel, Field, field_validator

MOST_WORDS = 160
TWO_LINES = 100.0
"""What two lines beside the number of the page hold on the narrowest paper, in em."""


def em(text: str) -> float:
    """Roughly how wide `text` is, in em of its own size; rather too much than too little."""
    if text.isascii():
        return 0.6 * len(text)
    return sum(1.02 if unicodedata.east_asian_width(character) in "WF" else 0.6 for character in text)


def one_line(text: str) -> str:
    """The words in one line, without what no printer has. Raises ValueError when two lines of a page do not hold them."""
    kept = "".join(" " if unicodedata.category(character) in ("Cc", "Zl", "Zp") else character for character in text)
    said = " ".join(kept.split())
    if len(said) > MOST_WORDS or em(said) > TWO_LINES:
        raise ValueError(f"these {len(said)} characters do not fit on two lines of a page; shorten them")
    return said


class Printed(BaseModel, frozen=True, extra="forbid"):
    """What its prints have at the head and the foot of every page."""

    letterhead: bool = Field(True, description="Whether the logo and the lines of the letterhead stand there.")
    header: str = Field("", description="Instead of the letterhead's line at the head of a page.")
    footer: str = Field("", description="Instead of the letterhead's line at the foot of a page.")

    @field_validator("header", "footer")
    @classmethod
    def _fits_on_the_page(cls, text: str) -> str:
        return one_line(text)
