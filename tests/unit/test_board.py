"""What the head of a dashboard waits for."""

from concurrent.futures import Future
from datetime import UTC, datetime

from nexus.sources.spec import Query, Table
from nexus.ui.board import Board

READ_AT = datetime(2013, 6, 1, 12, tzinfo=UTC)


def answer(table: Table | Exception | None) -> Future[Table]:
    future: Future[Table] = Future()
    if isinstance(table, Exception):
        future.set_exception(table)
    elif table is not None:
        future.set_result(table)
    return future


def board_of(answers: dict[str, Future[Table]]) -> Board:
    made = Board(opened=None, user=None)
    made.answers = answers
    return made


TABLE = Table(columns=(), rows=[], truncated=False, elapsed_ms=1, read_at=READ_AT, query=Query(source="sample", sql="select 1"))


def test_an_answer_that_is_there_is_waited_for_no_more_although_its_panel_is_not_drawn():
    """Waiting for it returns at once, so who asks again would turn in circles until the panel is drawn."""
    waiting = answer(None)
    assert board_of({"here": answer(TABLE), "failed": answer(ValueError()), "coming": waiting}).pending() == [waiting]


def test_the_age_of_the_page_counts_answers_that_are_about_to_be_drawn():
    assert board_of({"here": answer(TABLE), "failed": answer(ValueError()), "coming": answer(None)}).oldest() == READ_AT
