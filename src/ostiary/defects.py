"""A defect as the log may tell it: kinds of exception and lines of code, no more.

The message of an exception may quote a password that a client sent.
"""

import logging
import traceback
from collections.abc import Iterator


def told(error: BaseException) -> Iterator[str]:
    """Lines of code and kinds, from the first cause to `error` itself."""
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else ()
    for other in (*inner, error.__cause__ or error.__context__):
        yield from told(other) if other else ()
    yield from traceback.format_tb(error.__traceback__)
    yield f"{type(error).__module__}.{type(error).__qualname__}\n"


def log_defect(
    logger: logging.Logger, error_id: str, where: str, error: BaseException
) -> None:
    """Log it under the id that the client is told."""
    text = "".join(told(error))
    logger.error("error %s %s\n%s", error_id, where, text, extra={"error_id": error_id})
