import threading
from datetime import UTC, datetime

import pytest

from nexus.sources.answers import Answers
from nexus.sources.spec import Column, Query, QueryFailed, QueryStopped, Table

KEY = ("sample", "1")


def table(rows=1, value="x"):
    return Table(
        columns=(Column(name="a", kind="text", type_name="text"),),
        rows=[(value,)] * rows,
        truncated=False,
        elapsed_ms=1.0,
        read_at=datetime.now(UTC),
        query=Query(source="sample", sql="select 1"),
    )


class Made:
    """Makes tables, counts how often, and can be held until it may go on."""

    def __init__(self, rows=1, error=None):
        self.rows, self.error, self.times, self.stopped = rows, error, 0, None
        self.began, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def __call__(self, stopped):
        self.times += 1
        self.stopped = stopped
        self.began.set()
        assert self.go_on.wait(20)
        if self.error:
            raise self.error
        return table(self.rows)


def in_thread(function):
    """Runs `function`; `.result()` waits for its value or error."""

    class Run(threading.Thread):
        value = error = None

        def run(self):
            try:
                self.value = function()
            except Exception as error:
                self.error = error

        def result(self):
            self.join(20)
            assert not self.is_alive()
            return self.error or self.value

    run = Run()
    run.start()
    return run


def until(condition):
    for _ in range(2000):
        if condition():
            return
        threading.Event().wait(0.005)
    raise AssertionError("never came true")


def test_an_equal_question_is_answered_from_memory_and_says_so():
    answers, make = Answers(), Made()
    first = answers.ask(KEY, seconds=60, fresh=False, make=make)
    second = answers.ask(KEY, seconds=60, fresh=False, make=make)
    assert (first.cached, second.cached, make.times) == (False, True, 1)
    assert second.read_at == first.read_at


def test_refresh_asks_again_and_the_new_answer_is_kept():
    answers, make = Answers(), Made()
    answers.ask(KEY, seconds=60, fresh=False, make=make)
    fresh = answers.ask(KEY, seconds=60, fresh=True, make=make)
    after = answers.ask(KEY, seconds=60, fresh=False, make=make)
    assert (fresh.cached, after.cached, make.times) == (False, True, 2)
    assert after.read_at == fresh.read_at


def test_nothing_is_kept_where_the_source_says_so():
    answers, make = Answers(), Made()
    for _ in range(3):
        answers.ask(KEY, seconds=0, fresh=False, make=make)
    assert make.times == 3


def test_a_kept_answer_cannot_be_changed_by_who_got_it():
    answers, make = Answers(), Made(rows=2)
    answers.ask(KEY, seconds=60, fresh=False, make=make).rows.clear()
    assert answers.ask(KEY, seconds=60, fresh=False, make=make).row_count == 2


def test_many_who_ask_at_once_make_one_run():
    answers, make = Answers(), Made()
    make.go_on.clear()
    asked = [in_thread(lambda: answers.ask(KEY, seconds=60, fresh=False, make=make)) for _ in range(8)]
    until(lambda: sum(flight.waiting for flight in answers._flights.values()) == 8)
    make.go_on.set()
    assert [run.result().row_count for run in asked] == [1] * 8
    assert make.times == 1


def test_an_error_reaches_everyone_who_waits_and_is_not_kept():
    answers, make = Answers(), Made(error=QueryFailed("no such column"))
    make.go_on.clear()
    asked = [in_thread(lambda: answers.ask(KEY, seconds=60, fresh=False, make=make)) for _ in range(3)]
    until(lambda: sum(flight.waiting for flight in answers._flights.values()) == 3)
    make.go_on.set()
    assert {str(run.result()) for run in asked} == {"no such column"}
    make.error = None
    assert answers.ask(KEY, seconds=60, fresh=False, make=make).row_count == 1


def test_one_reader_who_leaves_does_not_stop_the_others():
    answers, make, left = Answers(), Made(), threading.Event()
    make.go_on.clear()
    leaving = in_thread(lambda: answers.ask(KEY, seconds=60, fresh=False, make=make, cancelled=left.is_set))
    make.began.wait(20)
    staying = in_thread(lambda: answers.ask(KEY, seconds=60, fresh=False, make=make))
    until(lambda: sum(flight.waiting for flight in answers._flights.values()) == 2)
    left.set()
    assert isinstance(leaving.result(), QueryStopped)
    assert make.stopped() is False
    make.go_on.set()
    assert staying.result().row_count == 1


def test_a_run_that_nobody_waits_for_is_told_so():
    answers, make, left = Answers(), Made(), threading.Event()
    make.go_on.clear()
    leaving = in_thread(lambda: answers.ask(KEY, seconds=60, fresh=False, make=make, cancelled=left.is_set))
    make.began.wait(20)
    left.set()
    assert isinstance(leaving.result(), QueryStopped)
    assert make.stopped() is True
    again = Made()
    assert answers.ask(KEY, seconds=60, fresh=False, make=again).row_count == 1
    make.go_on.set()


def test_memory_stays_within_its_bound():
    answers = Answers(max_bytes=200_000, max_entry_bytes=100_000)
    for number in range(50):
        answers.ask(("sample", str(number)), seconds=60, fresh=False, make=Made(rows=300))
    assert 0 < answers._size <= 200_000
    assert answers._size == sum(size for _, _, size in answers._kept.values())
    newest = Made()
    assert answers.ask(("sample", "49"), seconds=60, fresh=False, make=newest).cached
    oldest = Made()
    assert not answers.ask(("sample", "0"), seconds=60, fresh=False, make=oldest).cached


def test_an_answer_that_is_too_big_is_given_but_not_kept():
    answers, make = Answers(max_bytes=10_000, max_entry_bytes=5_000), Made(rows=1000)
    for _ in range(2):
        assert answers.ask(KEY, seconds=60, fresh=False, make=make).row_count == 1000
    assert make.times == 2


def test_what_is_forgotten_is_asked_again():
    answers, make = Answers(), Made()
    answers.ask(KEY, seconds=60, fresh=False, make=make)
    answers.forget(lambda key: key[0] == "another")
    assert answers.ask(KEY, seconds=60, fresh=False, make=make).cached
    answers.forget(lambda key: key[0] == "sample")
    assert not answers.ask(KEY, seconds=60, fresh=False, make=make).cached


@pytest.mark.parametrize("error", [KeyError("a defect"), SystemExit()])
def test_even_a_defect_ends_the_wait(error):
    with pytest.raises(type(error)):
        Answers().ask(KEY, seconds=60, fresh=False, make=Made(error=error))
