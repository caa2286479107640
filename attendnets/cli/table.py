"""Tables of publications, with what is counted here beside them."""

from __future__ import annotations

from typing import Literal

from attendnets.cli.app import app
from attendnets.cli.options import Json
from attendnets.cli.output import print_json


@app.command
def table(paper: Literal["attendnets"], *, json: Json = False) -> int:
    """Print a paper's table of networks with our counts beside it.

    attendnets: Table 1 of arXiv 2009.14385, parameters, mult-adds, weight memory and NetScore.
    """
    from attendnets.report.attendnets_table import attendnets_table, attendnets_table_text

    counted = attendnets_table()
    if json:
        print_json(counted)
    else:
        print(attendnets_table_text(counted))
    return 0
