"""The six charts that our dashboard and the hand-written page both show, on the 336,776 flights of the sample."""

from typing import NamedTuple


class Question(NamedTuple):
    name: str
    title: str
    sql: str
    kind: str
    x: str
    y: str
    color: str | None = None


QUESTIONS = (
    Question(
        "flights-by-month",
        "Flights by month and origin",
        "select month, origin, count(*) as flights from sample.flights group by 1, 2 order by 1, 2",
        "line",
        "month",
        "flights",
        "origin",
    ),
    Question(
        "delay-by-carrier",
        "Average arrival delay by carrier",
        "select carrier, avg(arr_delay)::float8 as delay from sample.flights group by 1 order by 2 desc",
        "bar",
        "carrier",
        "delay",
    ),
    Question(
        "departures-by-hour",
        "Departures by hour",
        "select hour, count(*) as flights from sample.flights group by 1 order by 1",
        "bar",
        "hour",
        "flights",
    ),
    Question(
        "delay-by-hour",
        "Average departure delay by hour",
        "select hour, avg(dep_delay)::float8 as delay from sample.flights where dep_delay is not null group by 1 order by 1",
        "line",
        "hour",
        "delay",
    ),
    Question(
        "cancelled-by-month",
        "Cancelled flights by month",
        "select month, count(*) filter (where dep_time is null) as cancelled from sample.flights group by 1 order by 1",
        "bar",
        "month",
        "cancelled",
    ),
    Question(
        "busiest-routes",
        "Busiest destinations",
        "select dest, count(*) as flights from sample.flights group by 1 order by 2 desc limit 15",
        "bar",
        "dest",
        "flights",
    ),
)
