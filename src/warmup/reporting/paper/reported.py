"""Numbers of the paper (arXiv 2502.12304), for display beside measured ones and never among them.

Known from its abstract, digests of it, and extracted benchmark rows: hence so few.
"""

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = ("task", "dataset", "pair", "model", "metric", "quantity", "value", "source")


def read() -> "pd.DataFrame":
    """Return the reported numbers; the columns are `COLUMNS`.

    `quantity` is `gain`, warmup minus SFT in points of the metric, or `absolute`, the score itself.
    The source does not name the model of the absolute scores (`not stated`).
    """
    import pandas as pd  # noqa: PLC0415  # whoever only imports this starts without it

    return pd.read_csv(Path(__file__).with_name("reported.csv"), keep_default_na=False)
