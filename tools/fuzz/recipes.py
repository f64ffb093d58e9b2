"""Recipes of gridded files: what a file holds and how it is written, drawn from a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Recipe", "draw_recipe"]

_ODD = 0.03
"""Chance that a feature is one that luc-load may reject."""

_STEPS = (0.25, 0.5, 1.0, 2.0, 5.0, 7.5, 30.0)
_FILLS = (1e20, -9999.0, -1.0, 9.969209968386869e36)


@dataclass
class Recipe:
    """How a file is made.

    Attributes
    ----------
    seed : int
    source : {"eluc", "states"}
    form : {"netcdf", "zarr"}
    odd : list of str
        The features that luc-load may reject; a file without any must load.
    choices : dict of str to object
        Everything that was drawn, by feature.
    """

    seed: int
    source: str
    form: str
    odd: list[str] = field(default_factory=list)
    choices: dict[str, Any] = field(default_factory=dict)

    def __getitem__(self, feature: str) -> Any:  # noqa: ANN401  # of many types
        return self.choices[feature]


def draw_recipe(seed: int, form: str | None = None) -> Recipe:
    """Draw a recipe.

    Parameters
    ----------
    seed : int
    form : str, optional
        "netcdf" or "zarr"; drawn if not given.
    """
    rng = random.Random(seed)  # to be repeated, not to be secret
    recipe = Recipe(
        seed,
        rng.choice(["eluc", "eluc", "states"]),
        form or rng.choice(["netcdf"] * 5 + ["zarr"]),
    )

    def draw(feature: str, plain: list[Any], odd: list[Any] | None = None) -> Any:  # noqa: ANN401
        value = rng.choice(plain)
        if odd and rng.random() < _ODD:
            value = rng.choice(odd)
            recipe.odd.append(f"{feature}={value}")
        recipe.choices[feature] = value
        return value

    draw("global", [None], ["group", "rotated", "two_dimensional", "no_variable", "text_variable"])
    _draw_grid(rng, draw)
    _draw_time(draw)
    _draw_values(recipe, draw)
    _draw_storage(recipe, draw)
    return recipe


def _draw_grid(rng: random.Random, draw: Any) -> None:  # noqa: ANN401
    step = draw("step", list(_STEPS))
    is_global = step >= 5 and rng.random() < 0.5
    rows, columns = round(180 / step), round(360 / step)
    n_lat = draw("n_lat", [rows] if is_global else [2, 3, 5], [1])
    n_lon = draw("n_lon", [columns] if is_global else [2, 3, 6, 9], [1])
    first_row, first_column = rng.randrange(rows - n_lat + 1), rng.randrange(columns - n_lon + 1)
    draw("north", [90 - step / 2 - first_row * step])
    draw("west", [-180 + step / 2 + first_column * step])
    draw("south_first", [False, True])
    draw("longitudes", ["signed", "positive"], ["shuffled", "descending"])
    draw("axis_type", ["f8", "f4"], ["i4", "i2", "f2", "text"])
    draw("axis_packing", [None, None, "exact"], ["zero", "nan"])
    draw("noise", [0.0, 1e-6], [1e-3, 0.3])
    draw("axis_names", [("lat", "lon"), ("latitude", "longitude"), ("y", "x")], [("a", "b")])
    draw("axis_units", ["degrees"], ["radians", None, "m", 5])
    draw(
        "axis_damage",
        [None],
        ["nan", "duplicate", "missing", "out_of_range", "infinite", "unsorted", "fill"],
    )


def _draw_time(draw: Any) -> None:  # noqa: ANN401
    draw("years", [(1990,), (1990, 1991), (850, 851, 852), (2019, 2020, 2021, 2022)])
    draw(
        "time",
        ["bare", "years", "noleap", "gregorian", "360_day", "hours", "float years"],
        ["months", "nonsense", "index", "unknown calendar", "common", "absolute", "huge"],
    )
    draw("time_type", ["f8", "i4", "f4"], ["i2", "u4", "i8"])
    draw("time_packing", [None, None, (0.5, 0.0), (1.0, 100.0)], [(0.0, 0.0)])
    draw("time_fill", [None], ["declared", "equal"])
    draw("time_order", ["sorted", "sorted", "shuffled"], ["duplicate", "gap", "twice a year"])
    draw("time_name", ["time", "t"], ["year"])


def _draw_values(recipe: Recipe, draw: Any) -> None:  # noqa: ANN401
    kind = draw("type", ["f4", "f4", "f8", "i2", "i4", "u1", "i1", "u2", ">f4"], ["f2", "i8", "u8"])
    is_packed = kind.lstrip("<>")[0] in "iu"
    packings = [(1e-3, 0.0), (0.01, 1.0), (0.0005, -0.25)] if is_packed else [None]
    draw("packing", packings, [None, (0.0, 0.0), (float("nan"), 0.0), (1e-3, None), ("1", 0.0)])
    draw("packing_type", ["f4", "f8"])
    draw("unsigned", [None], ["true", "false"])
    fills = [None, "low", "high"] if is_packed else [None, *_FILLS, "nan"]
    draw("fill", fills, ["impossible", "text"] if is_packed else ["text"])
    draw("missing_value", [None, "same"], ["other", "wide", "vector"])
    draw("valid", [None], ["range", "max", "text"])
    draw("content", ["land", "full", "zeros", "tiny"], ["infinite", "undeclared", "empty", "huge"])
    units = "t C ha-1 yr-1" if recipe.source == "eluc" else "1"
    draw("units", [units], ["", None, "kg m-2 s-1", "%", "t/ha/yr", 3, "tC/ha/yr", "1.0"])
    draw("extra", [None, None, "float", "pltns"], ["primf_again", "other_grid", "injection"])


def _draw_storage(recipe: Recipe, draw: Any) -> None:  # noqa: ANN401
    orders = ["tyx", "tyx", "tyx", "txy", "ytx", "xyt"]
    draw("order", orders)
    draw("extra_dimension", [None, None, "one"], ["two"])
    draw("chunks", [None, (1, 2, 2), (2, 3, 1), (1, 99, 99)])
    draw("compression", [None, "zlib", "shuffle", "fletcher32"])
    formats = ["NETCDF4"]
    is_classic = {recipe["type"], recipe["time_type"]} <= {"i1", "i2", "i4", "f4", "f8"}
    if is_classic and recipe["global"] != "group":
        formats += ["NETCDF4_CLASSIC", "NETCDF3_CLASSIC", "NETCDF3_64BIT_OFFSET"]
    draw("format", formats if recipe.form == "netcdf" else ["zarr 2", "zarr 3"])
    draw("damage", [None], ["truncated", "flipped", "appended", "zeroed"])
