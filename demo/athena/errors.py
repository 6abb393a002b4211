"""The errors of a query that was accepted."""


class QueryError(Exception):
    """The query fails. The message is Athena's: an error code and a reason."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
