"""How one refusal is told in this dialect: word, code, text, status.

Which reason has which row stands in `errors` and `errors_directories`.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """How one reason is told.

    code: the AADSTS number. also: a second number beside it. v1_error: the word at
    the v1 endpoint if it differs. uri: whether the answer points to a human page
    (contract entra §6.1).
    """

    error: str
    code: int
    text: str
    status: int = 400
    suberror: str = ""
    v1_error: str = ""
    also: tuple[int, ...] = ()
    uri: bool = True


GRANT, REQUEST, CLIENT = "invalid_grant", "invalid_request", "invalid_client"
SCOPE, RESOURCE = "invalid_scope", "invalid_resource"
UNAUTHORIZED, DOWN = "unauthorized_client", "temporarily_unavailable"
INTERACTION = "interaction_required"
