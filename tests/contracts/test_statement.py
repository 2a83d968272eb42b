"""How one text becomes what each driver wants.

What the databases make of it is in `test_values.py`.
"""

import pytest

from ostiary.stores.statement import Statement


@pytest.mark.parametrize(
    ("text", "compiled"),
    [
        ("WHERE a = :a AND b = :b_2", "WHERE a = %(a)s AND b = %(b_2)s"),
        ("VALUES (:a,:a)", "VALUES (%(a)s,%(a)s)"),
        ("a::TEXT = :a::TEXT", "a::TEXT = %(a)s::TEXT"),
        ("a % 2 LIKE '5%'", "a %% 2 LIKE '5%%'"),
        ("':a' || :a || 'it''s :a'", "':a' || %(a)s || 'it''s :a'"),
        ('":a" = :a', '":a" = %(a)s'),
        ("a -- it's :b\n= :a", "a -- it's :b\n= %(a)s"),
    ],
)
def test_names_become_placeholders_and_nothing_else_does(
    text: str, compiled: str
) -> None:
    """Literals, quoted names, comments and casts stay; every percent sign doubles."""
    statement = Statement(text)
    assert statement.postgres == compiled
    assert statement.sqlite == text


def test_lock_is_said_on_postgresql_only() -> None:
    """PostgreSQL manual, SELECT: the locking clause comes last."""
    statement = Statement("SELECT a FROM t WHERE b = :b", lock=True)
    assert statement.postgres == "SELECT a FROM t WHERE b = %(b)s FOR UPDATE"
    assert statement.sqlite == "SELECT a FROM t WHERE b = :b"
