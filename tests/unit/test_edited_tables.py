"""What a table editor gives back, as rows."""

from nexus.ui.column_rules import records


def test_rows_are_made_of_columns_and_empty_cells_are_none():
    typed = {"of": ["person", "role"], "tokens": [float("nan"), 5.0], "usd": [1.5, None]}
    assert records(typed) == [{"of": "person", "tokens": None, "usd": 1.5}, {"of": "role", "tokens": 5.0, "usd": None}]
    assert records({"of": []}) == []
    assert records([{"of": "person"}]) == [{"of": "person"}]
