"""What a parameter may hold; the same tests run on SQLite and PostgreSQL.

How transactions behave is in `test_database.py`.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ostiary.stores.database import Database, Row, Script, ValueRefused
from ostiary.stores.statement import Statement
from tests.contracts import counters
from tests.contracts.counters import value_of

ECHO = Statement(
    "INSERT INTO echo (text, number, real) VALUES (:text, :number, :real)"
    " RETURNING text, number, real"
)
FIND = Statement("SELECT number FROM echo WHERE text = :text")


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    text=st.none()
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
    | st.sampled_from(["'; DROP TABLE echo; --", "100%s %(x)s %", ":text ?1 $1", "É"]),
    number=st.integers(-(2**63), 2**63 - 1) | st.booleans() | st.none(),
    real=st.floats(allow_nan=False, allow_infinity=False),
)
async def test_values_come_back_as_they_were(
    database: Database, text: str | None, number: int | None, real: float
) -> None:
    """Quotes, percent signs, every script, 64 bits, doubles: all are only values."""

    def script() -> Script[list[Row]]:
        yield Statement("DROP TABLE IF EXISTS echo"), {}
        yield (
            Statement(
                "CREATE TABLE echo (text TEXT, number BIGINT, real DOUBLE PRECISION)"
            ),
            {},
        )
        return (yield ECHO, {"text": text, "number": number, "real": real})

    [row] = await database.transact(script)
    assert (row["text"], row["number"], row["real"]) == (text, number, real)
    assert type(row["number"]) in (int, type(None))
    found = await database.fetch(FIND, text=text)
    assert [row["number"] for row in found] == ([] if text is None else [number])


@pytest.mark.parametrize("bad", ["a\0b", "\0", "\ud800", "é\0", 2**63, -(2**63) - 1])
async def test_values_that_cannot_be_kept_are_refused_at_once(
    store: Database, bad: object
) -> None:
    """NUL, surrogates and 65 bits: ValueRefused on both, and the database goes on."""

    def script() -> Script[None]:
        yield counters.INCREMENT, {"name": "a"}
        yield counters.READ, {"name": bad}

    with pytest.raises(ValueRefused):
        await store.fetch(counters.READ, name=bad)
    with pytest.raises(ValueRefused):
        await store.transact(script)
    assert await value_of(store, "a") == 0


async def test_text_that_looks_like_a_parameter_is_left_alone(
    database: Database,
) -> None:
    """Percent signs and colons in literals mean themselves on both."""
    statement = Statement(
        "SELECT '50%' AS percent, ':x it''s' AS colon, CAST(:x AS TEXT) AS x,"
        " CASE WHEN 'abc' LIKE 'a%' THEN 7 % 4 ELSE 0 END AS rest -- not :y, 'nor %"
    )
    [row] = await database.fetch(statement, x="%s")
    values = [row[column] for column in ("percent", "colon", "x", "rest")]
    assert values == ["50%", ":x it's", "%s", 3]
