"""Marching squares: lines that can be told without them, and what holds on any grid."""

import numpy as np
import pytest
from scipy.interpolate import RegularGridInterpolator

from lnnn.explore.contours import lines_at, thinned

X, Y = np.linspace(-14, 14, 29), np.linspace(-8, 8, 17)
EAST, NORTH = np.meshgrid(X, Y)


def enclosed(line):
    """The area inside a closed line, positive where it goes counter-clockwise."""
    x, y = line.T
    return 0.5 * float((x[:-1] * y[1:] - x[1:] * y[:-1]).sum())


def test_a_plane_has_one_straight_line_with_the_higher_ground_on_its_left():
    (line,) = lines_at(X, Y, EAST + 2 * NORTH, 1.5)
    assert line @ [1, 2] == pytest.approx(1.5)
    assert line[[0, -1]].tolist() == [[-14, 7.75], [14, -6.25]]
    assert (np.diff(line[:, 0]) >= 0).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_hill_is_gone_round_counter_clockwise_and_a_hollow_the_other_way(sign):
    (circle,) = lines_at(X, Y, -sign * np.hypot(EAST, NORTH), -sign * 6.3)
    assert (circle[0] == circle[-1]).all()
    assert np.hypot(*circle.T) == pytest.approx(6.3, abs=0.02)
    assert enclosed(circle) == pytest.approx(sign * np.pi * 6.3**2, rel=0.01)


@pytest.mark.parametrize(("height", "cut_off"), [(1.2, {(0, 1), (1, 0)}), (0.8, {(0, 0), (1, 1)})])
def test_a_saddle_with_a_high_middle_cuts_off_its_low_corners_and_else_its_high_ones(
    height, cut_off
):
    lines = lines_at([0, 1], [0, 1], np.eye(2) * height, 0.5)
    assert {tuple(line.mean(axis=0).round()) for line in lines} == cut_off
    assert len(lines) == 2


def test_a_hole_ends_the_lines_and_leaves_the_triangles_beside_it():
    heights = EAST.copy()
    heights[8, 14] = np.nan  # at (0, 0)
    ends = [sorted(line[[0, -1], 1]) for line in lines_at(X, Y, heights, 0.5)]
    # Half-way along the long sides of the triangles right above and below it.
    assert sorted(ends) == [[-8, -0.5], [0.5, 8]]
    heights[8, 13:16] = np.inf  # now two corners of a cell are gone, and with them the triangles
    ends = [sorted(line[[0, -1], 1]) for line in lines_at(X, Y, heights, 0.5)]
    assert sorted(ends) == [[-8, -1], [1, 8]]


@pytest.mark.parametrize("height", [0.0, np.nan, np.inf, 1.0])
def test_without_a_crossing_there_is_no_line(height):
    assert lines_at(X, Y, np.full(EAST.shape, height), 0.5) == []


@pytest.mark.parametrize("seed", range(20))
def test_on_rough_ground_every_crossed_edge_has_one_point_at_the_level(seed):
    rng = np.random.default_rng(seed)
    heights = rng.normal(size=(9, 11))
    x, y = np.sort(rng.uniform(-5, 5, 11)), np.sort(rng.uniform(-5, 5, 9))
    lines = lines_at(x, y, heights, 0.3)
    points = np.vstack([line[1:] if (line[0] == line[-1]).all() else line for line in lines])
    assert len(np.unique(points, axis=0)) == len(points)
    high = heights > 0.3
    assert len(points) == np.diff(high, axis=0).sum() + np.diff(high, axis=1).sum()
    ground = RegularGridInterpolator((y, x), heights, bounds_error=False, fill_value=None)
    assert ground(points[:, ::-1]) == pytest.approx(0.3)
    to_column, to_row = (abs(points[:, [k]] - at).min(axis=1) for k, at in enumerate((x, y)))
    assert np.minimum(to_column, to_row).max() < 1e-12


def test_thinning_a_line_leaves_it_where_it_is():
    (circle,) = lines_at(X, X, np.hypot(*np.meshgrid(X, X)), 9)
    thin = thinned(circle, 0.02)
    assert len(thin) <= len(circle)
    assert np.hypot(*thin.T) == pytest.approx(9, abs=0.1)
    straight = np.array([[0.0, 0], [1, 1], [2, 2], [3, 3], [3, 4]])
    assert thinned(straight, 0.02).tolist() == [[0, 0], [3, 3], [3, 4]]
