"""Words of a passage against the names of columns, and figures in words for people."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from nexus.prompts.sent import Column, SentTable

_STEM = re.compile(r"[^\W\d_]+")
_HYPHENED = re.compile(r"(?<![\w-])([^\W\d_]{2,20})-([^\W\d_]{2,20})(?![\w-])")
_PHRASAL = re.compile(r"\b([^\W\d_]{3,20}) (up|in|out|off)\b")
"""`signed up` is of a column `signups`, and so are `sign-ups`."""
_ALIKE = {
    "durchschnittlich": "average", "durchschnittliche": "average", "mean": "average", "avg": "average", "medio": "average", "media": "average",
    "promedio": "average", "mediana": "median", "total": "sum", "retraso": "delay", "cancellation": "cancelled", "cancellations": "cancelled",
    "canceled": "cancelled", "punctuality": "time", "punctual": "time", "anteil": "share", "proportion": "share",
    "empleados": "employees", "empleadas": "employees", "mitarbeiter": "employees", "beschäftigte": "employees",
    "vacantes": "vacancies",
    "ingresos": "revenue", "facturación": "revenue", "umsatz": "revenue",
    "pedidos": "orders", "bestellungen": "orders", "aufträge": "orders",
    "devoluciones": "returns", "retouren": "returns",
    "margen": "margin", "marge": "margin",
    "vuelos": "flights", "flüge": "flights", "flügen": "flights",
    "salidas": "departures", "abflüge": "departures",
    "retrasos": "delay", "verspätung": "delay", "verspätungen": "delay",
    "cancelaciones": "cancelled", "cancelados": "cancelled", "gestrichen": "cancelled",
    "pasajeros": "passengers", "passagiere": "passengers",
    "precio": "price", "preis": "price",
    "ventas": "sales", "verkäufe": "sales",
    "vendidos": "sold", "vendidas": "sold", "verkauft": "sold",
    "coste": "cost", "costes": "cost", "costo": "cost", "costos": "cost", "kosten": "cost",
    "población": "population", "habitantes": "population", "inhabitants": "population", "einwohner": "population", "bevölkerung": "population",
    "crecimiento": "growth", "wachstum": "growth",
    "paro": "unemployment", "desempleo": "unemployment", "arbeitslosigkeit": "unemployment",
    "temperatura": "temperature", "temperatur": "temperature",
    "consumo": "consumption", "verbrauch": "consumption",
    "beneficio": "profit", "gewinn": "profit",
    "clientes": "customers", "kunden": "customers",
    "salario": "salary", "sueldo": "salary", "gehalt": "salary", "gehälter": "salary",
    "rotación": "turnover", "fluktuation": "turnover",
    "satisfacción": "satisfaction", "zufriedenheit": "satisfaction",
    "puntualidad": "time", "pünktlichkeit": "time",
    "presupuesto": "budget",
    "abiertos": "opened", "eröffnet": "opened",
    "cerrados": "closed", "geschlossen": "closed",
    "pendientes": "backlog",
    "existencias": "stock", "bestand": "stock",
}  # fmt: skip

PER = re.compile(r"\b(?:per|each|apiece|por|pro|je|average|promedio|media)\b", re.I)


@lru_cache(maxsize=4_096)
def stems(words: str) -> frozenset[str]:
    """The words, cut so that `delayed` and `delays` are one."""
    return frozenset(_stems(words))


def _stems(words: str) -> Iterator[str]:
    low = words.lower()
    joined = [f"{found[1]}{found[2]}" for found in _HYPHENED.finditer(low)]
    parted = [f"{_cut(found[1])}{found[2]}" for found in _PHRASAL.finditer(low)]
    for word in [*_STEM.findall(low), *joined, *parted]:
        stem = _cut(_ALIKE.get(word, word))
        if len(stem) > 2:
            yield stem[:6]


def _cut(stem: str) -> str:
    """Without its ending: `delay` of `delayed`."""
    return next(
        (
            stem[: -len(ending)]
            for ending in ("ations", "ation", "led", "ing", "ed", "es", "s")
            if stem.endswith(ending) and len(stem) - len(ending) >= 4
        ),
        stem,
    )


def is_named(column: Column, words: str) -> bool:
    """Whether the words around a figure name a column."""
    return bool(stems(column.name) & stems(words))


def ordered(table: SentTable, words: str) -> list[Column]:
    """The numeric columns, those first of whose name the words have most; keys last."""
    said = stems(words)

    def key(column: Column) -> tuple[bool, float]:
        own = stems(column.name)
        return column.is_key, -len(own & said) / (len(own) or 1)

    return sorted((table.columns[at] for at in table.numeric), key=key)


def values_of(column: Column, rows: Iterable[int]) -> list[float]:
    numbers = column.numbers
    return [value for row in rows if (value := numbers[row]) is not None]


def number(value: float) -> str:
    """For people: at most six digits that count."""
    return f"{value:,.0f}" if value == int(value) and abs(value) < 1e15 else f"{value:,.6g}"


def rows_in_words(rows: int) -> str:
    return f"{rows:,} row{'' if rows == 1 else 's'}"


_LED = re.compile(
    r"([^\W\d]+)[^\w.;:|\n]{1,3}(?:(?:was|is|are|at|of|were|stood|stands|reached|averaged|only|just|about|roughly|around|nearly|almost|approximately|a|an|mere"
    r"|fue|era|es|de|del|un|una|apenas|casi|lag|liegt|bei|von|war|beträgt|nur|etwa)[^\w.;|\n]{1,3}){1,4}$",
    re.I,
)
_LEADS = re.compile(r"[ *_]{1,4}([^\W\d]+)(?:[ *_]{1,3}([^\W\d]+))?")


IN_PART = re.compile(
    r"[ *_]{1,4}[^\W\d]+(?: [^\W\d]+)? (?:(?:were|was|are|is|had been|have been|fueron|están|wurden|sind|waren) |that |who |which |que |die )"
)
"""After a figure that counts some of what it names: `726 appointments were missed`."""


def led_by(before: str) -> frozenset[str]:
    """Stems of the word that leads to a figure: `delay` of `a delay of only 5`."""
    led = _LED.search(before)
    return stems(led[1]) if led else frozenset()


def counted(after: str) -> frozenset[str]:
    """Stems of what a figure counts: `open orders` of `5 open orders`."""
    leads = _LEADS.match(after)
    return stems(" ".join(word or "" for word in leads.groups())) if leads else frozenset()
