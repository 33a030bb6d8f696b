"""What a careful person writes by hand in Streamlit: the same filter, six charts, six queries, two columns. Run by `streamlit run`."""

import os

import altair as alt
import pandas as pd
import psycopg2
import streamlit as st

from tests.bench.questions import QUESTIONS, Question

CACHED = os.environ.get("CACHED") == "1"


@st.cache_resource
def connection():
    return psycopg2.connect(os.environ["DATABASE_URL"])


def read(sql: str, month: int | None) -> pd.DataFrame:
    with connection().cursor() as cursor:
        cursor.execute(sql if month is None else f"select * from ({sql}) as answer where month = %s", None if month is None else (month,))
        return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


if CACHED:
    read = st.cache_data(ttl=60)(read)


def chart(question: Question, data: pd.DataFrame) -> alt.Chart:
    base = alt.Chart(data).encode(x=alt.X(question.x, type="ordinal"), y=alt.Y(question.y, type="quantitative"), tooltip=list(data.columns))
    if question.color:
        base = base.encode(color=question.color)
    return base.mark_line() if question.kind == "line" else base.mark_bar()


st.set_page_config(layout="wide")
st.title("Flights")
month = st.number_input("Month", value=None, min_value=1, max_value=12, placeholder="any", width=130)
for pair in zip(QUESTIONS[::2], QUESTIONS[1::2], strict=True):
    for column, question in zip(st.columns(2), pair, strict=True):
        with column:
            st.subheader(question.title)
            st.altair_chart(chart(question, read(question.sql, month if "month" in question.sql else None)))
