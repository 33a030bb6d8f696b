"""Points by latitude and longitude over the outlines of countries."""

from typing import Any

from nexus.views import scale
from nexus.views.charts import outline
from nexus.views.charts.cartesian import tooltip
from nexus.views.charts.drawing import Plot, Sentence
from nexus.views.charts.subject import MOST_POINTS, MOST_SERIES, Subject, axis_format, counted, measure, strongest, thinned

SMALLEST = 4.0
"""Degrees that a map shows at least, so that one place still has its surroundings."""


def map_of_points(subject: Subject) -> Plot | Sentence:
    chart = subject.chart
    points = [point for row in subject.table.rows if (point := _point(subject, row))]
    lost = len(subject.table.rows) - len(points)
    if not points:
        return Sentence(
            words=f"No row has a place on the map: {subject.label(chart.latitude)} must lie between −90 and 90, {subject.label(chart.longitude)} between −180 and 180."
        )
    notes = [f"{lost:,} of {len(subject.table.rows):,} rows have no place on the map."] if lost else []
    encoding: dict[str, Any] = {}
    if chart.color:
        points, encoding["color"], said = _colored(subject, points)
        notes.append(said)
    if len(points) > MOST_POINTS:
        notes.append(f"{MOST_POINTS:,} of {len(points):,} points are drawn, evenly chosen.")
        points = thinned(points)
    if chart.size:
        # The large first, so that the small lie on top.
        points.sort(key=lambda point: -point["s"])
        encoding["size"] = {"field": "s", "type": "quantitative", "scale": {"range": [10, 500], "zero": True}, "legend": None}
    return Plot(spec=_spec(subject, points, encoding), note=" ".join(filter(None, notes)))


def _point(subject: Subject, row: tuple[Any, ...]) -> dict[str, Any] | None:
    chart = subject.chart
    latitude, longitude = scale.number(row[subject.at(chart.latitude)]), scale.number(row[subject.at(chart.longitude)])
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    x, y = outline.projected(longitude, latitude)
    point: dict[str, Any] = {"x": round(x, 5), "y": round(y, 5), "lt": f"{latitude:.3f}, {longitude:.3f}".replace("-", "−")}
    for field, name in (("xt", chart.x), ("yt", chart.y[0] if chart.y else None), ("ct", chart.color), ("st", chart.size)):
        if name:
            point[field] = subject.word(name, row[subject.at(name)])
    if chart.color:
        figure = measure(subject.column(chart.color)) == "quantitative"
        point["c"] = scale.number(row[subject.at(chart.color)]) if figure else point["ct"]
    if chart.size:
        size = scale.number(row[subject.at(chart.size)])
        point["s"] = max(size or 0, 0)
    return point


def _colored(subject: Subject, points: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], dict[str, Any], str]:
    """A colour for each name, or along a scale for figures; and what is left out."""
    name = subject.chart.color
    if measure(subject.column(name)) == "quantitative":
        known = [point for point in points if point["c"] is not None]
        look = {"legend": {"format": axis_format(subject.formats.get(str(name)), [point["c"] for point in known]), "gradientLength": 120}}
        far = max((abs(point["c"]) for point in known), default=0)
        diverges = any(point["c"] < 0 for point in known) and any(point["c"] > 0 for point in known)
        colours = {"range": "diverging", "domain": [-far, far]} if diverges else {"range": "heatmap"}
        channel = {"field": "c", "type": "quantitative", "title": subject.title(name), "scale": colours, **look}
        return (
            known,
            channel,
            f"{counted(len(points) - len(known), 'point')} without a figure left out." if len(known) < len(points) else "",
        )
    names = {point["c"] for point in points}
    series = sorted(names)
    said = ""
    if len(names) > MOST_SERIES:
        series = strongest([{"c": point["c"], "y": 1} for point in points])
        points = [point for point in points if point["c"] in series]
        said = f"{MOST_SERIES} of {len(names):,} values of {subject.label(name)} are drawn, those with the most points."
    return points, {"field": "c", "type": "nominal", "sort": series, "title": subject.label(name), "legend": {"symbolLimit": 30}}, said


def _spec(subject: Subject, points: list[dict[str, Any]], encoding: dict[str, Any]) -> dict[str, Any]:
    chart = subject.chart
    window = _window(points)
    west, south, east, north = window
    frame = {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}
    land = {"type": "MultiPolygon", "coordinates": outline.inside(window)}
    shown = [("xt", chart.x), ("yt", chart.y[0] if chart.y else None), ("ct", chart.color), ("st", chart.size)]
    named = [
        (field, subject.label(name)) for at, (field, name) in enumerate(shown) if name and name not in [other for _, other in shown[:at]]
    ]
    dots = {
        "mark": {"type": "point", "filled": True, "opacity": 0.75, "style": "dot", **({} if chart.size else {"size": 30})},
        "encoding": {
            "longitude": {"field": "x", "type": "quantitative"},
            "latitude": {"field": "y", "type": "quantitative"},
            **encoding,
            "tooltip": tooltip([*named, ("lt", "Latitude, longitude")]),
        },
    }
    shapes = [
        {"data": {"values": [{"type": "Feature", "geometry": geometry}]}, "mark": {"type": "geoshape", "style": style, "aria": False}}
        for geometry, style in ((frame, "sea"), (land, "land"))
    ]
    # The outlines are planar already: `identity` only fits them, turned so that north is up.
    return {"data": {"values": points}, "projection": {"type": "identity", "reflectY": True}, "layer": [*shapes, dots]}


def _window(points: list[dict[str, Any]]) -> outline.Window:
    """What the map shows: the points, and a margin around them. Wider than high, as the place for it is."""
    xs, ys = [point["x"] for point in points], [point["y"] for point in points]
    wide, high = max(xs) - min(xs), max(ys) - min(ys)
    east_west = max(wide * 1.12, SMALLEST, high * 1.12 * 1.6) / 2
    north_south = max(high * 1.12, SMALLEST, wide * 0.4) / 2
    x, y = (max(xs) + min(xs)) / 2, (max(ys) + min(ys)) / 2
    return max(x - east_west, -180), max(y - north_south, -140), min(x + east_west, 180), min(y + north_south, 140)
