"""Numbers of the paper (arXiv 2502.12304), shown in tables of their own.

They come from its abstract, from digests of it and from extracted benchmark rows, so they are few.
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
    import pandas as pd  # noqa: PLC0415  # only where it is needed

    return pd.read_csv(Path(__file__).with_name("reported.csv"), keep_default_na=False)
