"""Lines of equal height over a grid, by marching squares.

A cell between four grid points is crossed where some of them are above the level and some are not;
between two neighbours the height counts as linear. A saddle, with its high points across from each
other, is decided by the mean of the four. Where one of the four is NaN or infinite, the triangle of
the other three is a cell; where two are, there is none.

Source: C. Maple, Geometric design and space planning using the marching squares and marching cube
algorithms, 2003, https://doi.org/10.1109/GMAG.2003.1219671.
"""

import numpy as np


def lines_at(x, y, heights, level) -> list[np.ndarray]:
    """The lines at ``level``, each an array (n, 2) of points; a closed one ends where it begins.

    x, y: the coordinates of the columns and of the rows, ascending. heights: (rows, columns).
    Going along a line, what is higher lies to the left.
    """
    onward, entered = {}, set()  # from the edge where a line enters a cell to where it leaves it
    for cell in _crossed(heights, level):
        for enters, leaves in _passages(cell, heights, level):
            onward[enters] = leaves
            entered.add(leaves)
    place = {edge: k for k, edge in enumerate(onward)}
    begins = [edge for edge in onward if edge not in entered]
    paths = []
    while onward:
        start = begins.pop(0) if begins else next(iter(onward))
        path = [start]
        while path[-1] in onward:
            path.append(onward.pop(path[-1]))
        paths.append(path)
    paths.sort(key=lambda path: place[path[0]])
    return [np.array([_crossing(x, y, heights, level, e) for e in path]) for path in paths]


def thinned(points, most) -> np.ndarray:
    """The points without those that lie within ``most`` of the line between the kept ones."""
    kept, first = [points[0]], 0
    for last in range(2, len(points)):
        a, b = points[first], points[last]
        along = (b - a) / (np.hypot(*(b - a)) or 1.0)
        between = points[first + 1 : last] - a
        if np.abs(between[:, 0] * along[1] - between[:, 1] * along[0]).max() > most:
            first = last - 1
            kept.append(points[first])
    return np.array([*kept, points[-1]])


def _crossed(heights, level):
    """The finite corners, counter-clockwise as (row, column), of each cell the level runs through.

    Cells come row by row.
    """
    finite = np.isfinite(heights)
    known, high = _corners_marked(finite), _corners_marked(finite & (heights > level))
    for j, i in np.argwhere((known >= 3) & (high > 0) & (high < known)).tolist():
        square = [(j + 1, i), (j, i), (j, i + 1), (j + 1, i + 1)]
        yield [corner for corner in square if finite[corner]]


def _corners_marked(marks):
    """How many of the four corners of each cell are True."""
    marks = marks.astype(int)
    return marks[:-1, :-1] + marks[:-1, 1:] + marks[1:, 1:] + marks[1:, :-1]


def _passages(cell, heights, level):
    """(the edge where a line enters the cell, the edge where it leaves it), once or twice."""
    high = [heights[corner] > level for corner in cell]
    n = len(cell)
    edges = [(k, (k + 1) % n) for k in range(n)]
    ups = [k for k, (a, b) in enumerate(edges) if high[b] and not high[a]]
    downs = [k for k, (a, b) in enumerate(edges) if high[a] and not high[b]]
    if len(ups) == 2:
        # A high middle joins the high corners: each line goes round a low one.
        step = -1 if sum(heights[corner] for corner in cell) / n > level else 1
        downs = [(k + step) % n for k in ups]
    for up, down in zip(ups, downs, strict=True):
        yield tuple(frozenset(cell[c] for c in edges[k]) for k in (down, up))


def _crossing(x, y, heights, level, edge):
    """Where the height on an edge, linear between its two ends, has the level."""
    high, low = sorted(edge, key=heights.__getitem__, reverse=True)
    share = (heights[low] - level) / (heights[low] - heights[high])
    return tuple(
        at[a] * share + at[b] * (1 - share)
        for at, a, b in ((x, high[1], low[1]), (y, high[0], low[0]))
    )
