"""`ostiary token`: a sample client of the password grant, at any server that has it.

Over HTTPS only; the password is asked for, sent once, and kept nowhere.
"""

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import click
import msgspec

from ostiary.cli.running import stop
from ostiary.demo.screen import Screen, printable, show_tokens
from ostiary.demo.signing_in import Answer, NoAnswer, TokenClient, decoded_tokens

PASSWORD_REALM: Final = "http://auth0.com/oauth/grant-type/password-realm"
"""Auth0's password grant that names a connection, which it calls realm."""

ONE_OF_THEM: Final = "give --authority (Entra) or --domain (Auth0), one of them"
GO_TOGETHER: Final = "--connection and --audience go with --domain"


@click.command()
@click.option("--authority", help="Entra: https://HOST[:PORT]/TENANT or …/adfs.")
@click.option("--domain", help="Auth0: HOST[:PORT][/PREFIX].")
@click.option("--connection", help="Auth0: the connection; absent: its default.")
@click.option("--audience", help="Auth0: the API that the token is for.")
@click.option("--client-id", required=True, help="The application.")
@click.option("--username", required=True, help="Who signs in.")
@click.option(
    "--scope",
    default="openid profile offline_access",
    show_default=True,
    help="What is asked for, parted by blanks.",
)
@click.option("--password-stdin", is_flag=True, help="First line of the input.")
@click.option("--client-secret-stdin", is_flag=True, help="The next line of it.")
@click.option(
    "--ca",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="PEM file of a CA to trust beside the system's.",
)
@click.option("--decode", "show_decoded", is_flag=True, help="Also show the claims.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def token(
    authority: str | None,
    domain: str | None,
    connection: str | None,
    audience: str | None,
    client_id: str,
    username: str,
    scope: str,
    password_stdin: bool,
    client_secret_stdin: bool,
    ca: Path | None,
    show_decoded: bool,
    as_json: bool,
) -> None:
    """Exchange a user name and a password for tokens, and print the answer.

    The password is asked for without echo. The grant is a last resort: never type a
    password into a program that you do not trust with it.

    Example: ostiary token --authority https://localhost:8443/contoso.test
    --client-id CONSOLE --username alice@contoso.test --ca ca.pem --decode
    """
    if (authority is None) == (domain is None):
        raise click.UsageError(ONE_OF_THEM)
    if domain is None and (connection or audience):
        raise click.UsageError(GO_TOGETHER)
    form = {"client_id": client_id, "username": username, "scope": scope}
    form |= _auth0(connection, audience) if domain else {"grant_type": "password"}
    try:
        with TokenClient(ca) as client:
            endpoint = _token_endpoint(client, authority, domain)
            form |= _secrets(password_stdin, client_secret_stdin)
            answer = client.post(endpoint, form)
    except NoAnswer as silence:
        stop(str(silence))
    finally:
        form.clear()  # the password and the secret with it
    _show(answer, decode=show_decoded, as_json=as_json)
    if answer.status != 200:
        stop(_refusal(answer))


def _auth0(connection: str | None, audience: str | None) -> Mapping[str, str]:
    form = {"grant_type": PASSWORD_REALM if connection else "password"}
    if connection:
        form["realm"] = connection
    if audience:
        form["audience"] = audience
    return form


def _token_endpoint(
    client: TokenClient, authority: str | None, domain: str | None
) -> str:
    """Where the authority's own metadata says, as Microsoft's clients look it up."""
    if authority is None:
        return f"https://{domain}/oauth/token"
    authority = authority.rstrip("/")
    version = "" if authority.lower().endswith("/adfs") else "/v2.0"
    found = client.get(f"{authority}{version}/.well-known/openid-configuration")
    endpoint = found.body.get("token_endpoint")
    if found.status != 200 or not isinstance(endpoint, str):
        stop(f"{authority} is no authority: {_refusal(found)}")
    return endpoint


def _secrets(password_stdin: bool, client_secret_stdin: bool) -> Mapping[str, str]:
    if password_stdin:
        found = {"password": _line("password")}
    else:
        found = {"password": click.prompt("Password", hide_input=True, err=True)}
    if client_secret_stdin:
        found["client_secret"] = _line("client secret")
    return found


def _line(what: str) -> str:
    text = sys.stdin.readline().rstrip("\r\n")
    if not text:
        stop(f"no {what} came on the standard input", 2)
    return text


def _show(answer: Answer, *, decode: bool, as_json: bool) -> None:
    if as_json:
        body = dict(answer.body)
        if decode:
            body["decoded"] = decoded_tokens(answer.body)
        print(msgspec.json.encode(body).decode())
    elif answer.status == 200:
        screen = Screen()
        screen.facts({name: str(value) for name, value in answer.body.items()})
        if decode:
            screen.line()
            show_tokens(screen, answer.body)


def _refusal(answer: Answer) -> str:
    """The first line of what the server says; traces and times follow in it."""
    error = answer.body.get("error", f"status {answer.status}")
    text = str(answer.body.get("error_description", "")).partition("\n")[0].strip()
    suberror = answer.body.get("suberror")
    kind = f"{error} ({suberror})" if suberror else str(error)
    return printable(f"{kind}: {text}" if text else kind)
