"""A model of Athena's query engine: Athena SQL over tables of the Glue Data Catalog, on DuckDB.

Any client gets Athena's behaviour, because the engine takes Athena SQL and returns Athena's types and texts. It is not
Trino: the section "The model of Athena" in `README.md` lists the differences. It does not know the emulator. The Glue
Data Catalog and S3 are passed in as callables (`Catalog`).

    Athena SQL -> sql.parse -> tables.read_rows: Glue table + S3 objects -> DuckDB -> values: types and texts
                  sql.translate                                              engine.run

In reading order: `errors`, `sql`, `projection`, `tables`, `values`, `engine`.
"""

from demo.athena.engine import Catalog, Result, run
from demo.athena.errors import QueryError
from demo.athena.sql import MalformedQueryError, parse, translate

__all__ = ["Catalog", "MalformedQueryError", "QueryError", "Result", "parse", "run", "translate"]
