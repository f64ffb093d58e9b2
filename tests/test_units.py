"""Units are understood in any spelling; only what the views compute with must be in one of them."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from files import FRACTIONS
from memory import dataset, on_land, states

from loader.errors import SourceError
from loader.reading.recognition import open_source
from loader.reading.units import require_unit
from loader.schema import ELUC, SOURCES, Variable

EMISSION, FRACTION, AREA = ELUC.units, "1", "ha"

SAME = {
    EMISSION: (
        *("t C/ha/yr", "tC/ha/yr", "t C ha-1 yr-1", "tC ha-1 yr-1", "t ha-1 yr-1", "t/ha/year"),
        *("MgC/ha/yr", "Mg C ha^-1 yr^-1", "tC/(ha yr)", "tC/ha/a", "tC ha-1 y-1", "tC.ha-1.yr-1"),
        *("tonnes of carbon per hectare per year", "tons C/ha/year", "t(C) ha-1 yr-1", "t_C/ha/yr"),
        *("t C ha⁻¹ yr⁻¹", "tC·ha⁻¹·yr⁻¹", "t C ha**-1 yr**-1", "t C ha^{-1} yr^{-1}"),
        *("0.1 kg C m-2 yr-1", "tC/ha", "t C ha-1", "1 t C ha-1yr-1", "t C ha-1 yr-1 (net)"),
        *("metric tons C ha-1 yr-1", "Mg carbon ha-1 annum-1", "t  C  ha-1  yr-1"),
    ),
    FRACTION: (
        *("1", "1.0", 1, 1.0, "fraction", "Fraction", "unitless", "-", "none", "[-]", "m2 m-2"),
        *("m2/m2", "km2 km-2", "m^2 m^-2", "ha/ha", "fraction of grid cell", "0-1", "100 %"),
        *("Fraction of grid cell area", "grid cell fraction", "area fraction", "m2m-2", "(1)"),
        *("1 (fraction of the cell)", "", " ", None),
    ),
    AREA: ("ha", "hectare", "hectares", "hm2", "10000 m2", "1e4 m2", None),
}
OTHER: dict[str, dict[Any, str]] = {
    EMISSION: {
        "kg m-2 yr-1": "multiply the values by 10 ",
        "kg C m-2 s-1": r"multiply the values by 3\.1557",
        "gC m-2 yr-1": r"multiply the values by 0\.01 ",
        "t CO2 ha-1 yr-1": r"multiply the values by 0\.272926 ",
        "tCO2/ha/yr": r"multiply the values by 0\.272926 ",
        "kg CO2-eq m-2 yr-1": r"multiply the values by 2\.72926 ",
        "t N ha-1 yr-1": "a mass of N, not of carbon",
        "Tg C yr-1": "another quantity",
        "1": "another quantity",
        "%": "another quantity",
        "K": "another quantity",
        "furlongs": "another quantity",
        "carbon": "cannot be parsed",
        "see readme": "cannot be parsed.*need no conversion",
    },
    FRACTION: {
        "%": r"multiply the values by 0\.01 ",
        "percent": r"multiply the values by 0\.01 ",
        "permille": r"multiply the values by 0\.001 ",
        "1 yr-1": "another quantity",
        "ha": "another quantity",
        "km2": "another quantity",
        5: r"multiply the values by 5 ",
        "fraction of land": "cannot be parsed.*need no conversion",
        "10**10**10": "cannot be parsed",
        "2**99999999 m": "cannot be parsed",
        "9" * 400: "multiply|cannot be parsed",
        "((((": "cannot be parsed",
        "__import__('os')": "cannot be parsed",
    },
    AREA: {
        "m2": r"multiply the values by 0\.0001 ",
        "km^2": "multiply the values by 100 ",
        "1": "another quantity",
        "hectograms": "another quantity",
    },
}


@pytest.mark.parametrize(("unit", "text"), [(u, t) for u, texts in SAME.items() for t in texts])
def test_a_spelling_that_means_the_same_is_accepted(unit: str, text: object) -> None:
    require_unit(Variable("v", "v", unit), text, "f.nc")


@pytest.mark.parametrize(
    ("unit", "text", "message"), [(u, t, m) for u, texts in OTHER.items() for t, m in texts.items()]
)
def test_another_unit_is_an_error_that_says_what_to_do(
    unit: str, text: object, message: str
) -> None:
    with pytest.raises(SourceError, match=rf'v: has units "(?s:.*){message}') as caught:
        require_unit(Variable("v", "v", unit), text, "f.nc")
    assert f'expected "{unit}"' in str(caught.value)
    if "cannot be parsed" in str(caught.value):
        assert "need no conversion" in str(caught.value)
        assert "multiply" not in str(caught.value)


@pytest.mark.parametrize("name", [*FRACTIONS, "pltns"])
def test_every_land_use_must_be_a_fraction(name: str) -> None:
    given = states(pltns=(on_land(0.1), {"units": "1"}))
    given[name].attrs["units"] = "%"
    with pytest.raises(SourceError, match=f'{name}: has units "%", which is not the same'):
        open_source(SOURCES["states"], given)
    given[name].attrs["units"] = "fraction of grid cell"
    units = {v.name: v.units for v in open_source(SOURCES["states"], given).variables}
    assert units["primf"] == "1"


@pytest.mark.parametrize(
    ("kind", "name", "unit"),
    [
        ("management", "fertl_c3ann", "kg ha-1 yr-1 (crop season)"),
        ("management", "irrig_c3ann", "%"),
        ("management", "a_further_one", "whatever / you like"),
        ("transitions", "primf_to_urban", "1 yr-1"),
        ("transitions", "primf_bioh", "Pg C"),
        ("states", "secmb", "t C/ha"),
        ("states", "secma", "a"),
    ],
)
def test_every_other_variable_keeps_the_unit_of_its_file(kind: str, name: str, unit: str) -> None:
    more = {name: (on_land(0.1), {"units": unit})}
    given = states(**more) if kind == "states" else dataset(more)
    (variable,) = [v for v in open_source(SOURCES[kind], given).variables if v.name == name]
    assert variable.units == unit


def test_the_area_of_an_eluc_file_must_be_hectares() -> None:
    given = dataset({ELUC.name: (on_land(0.1), {"units": "tC ha-1 yr-1"})})
    given = given.assign(cell_area=(("lat", "lon"), np.full((3, 4), 8e9), {"units": "m2"}))
    with pytest.raises(SourceError, match=r'cell_area: has units "m2".*multiply .* by 0\.0001'):
        open_source(SOURCES["eluc"], given)
    given["cell_area"].attrs["units"] = "hectares"
    assert open_source(SOURCES["eluc"], given).variables[0].units == EMISSION


def test_published_spellings_need_no_parser() -> None:
    code = (
        "import sys; from loader.reading.units import require_unit; from loader.schema import *;"
        "require_unit(ELUC, 't C/ha/yr', ''); require_unit(Variable('v', 'v', '1'), '1', '');"
        "require_unit(Variable('v', 'v', 'ha'), 'ha', ''); assert 'pint' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
