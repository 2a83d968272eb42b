"""`ostiary demo`: a development instance that is signed in to before your eyes.

Serves in a thread of its own; what it shows is made in `ostiary.demo`.
"""

import logging
import signal
import sys
import threading
from pathlib import Path

import click
import msgspec

from ostiary import logs
from ostiary.cli.configuration import apply_to
from ostiary.cli.running import MENDABLE, in_house, stop
from ostiary.demo.instance import REALM_PORT, Instance, NotTheDemo, open_instance
from ostiary.demo.screen import Screen, show_answer, show_instance, show_snippets
from ostiary.demo.sign_ins import SignIn, sign_ins
from ostiary.demo.signing_in import Answer, NoAnswer, TokenClient
from ostiary.demo.snippets import snippets
from ostiary.hosting import applications, options_of
from ostiary.server import BackgroundServer, CertificateError, ListenError, StartError
from ostiary.settings import SettingsError

WAYS_ROUND = """\
not served: {why}
          Only MSAL Python needs it (and azure-identity, which stands on it).
          Three ways round:
          1. {mend}
          2. the authority {base_url}/adfs (`adfs_alias: true`), see below
          3. an http_client that keeps the port, see below"""
NOT_ALLOWED = """\
`sudo sysctl net.ipv4.ip_unprivileged_port_start=443`, or
             `sudo setcap cap_net_bind_service=+ep {python}`"""
TAKEN = "stop what has it: `sudo ss -ltnp 'sport = :443'` names it"
_REALM_LINE = f"cannot listen on 127.0.0.1:{REALM_PORT}: "


@click.command()
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    help="Where to listen.  [default: 8443, or what the folder's file says]",
)
@click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("ostiary-demo"),
    show_default=True,
    help="Folder of the instance; one that is there already is used again.",
)
@click.option("--once", is_flag=True, help="Stop after showing.")
def demo(port: int | None, directory: Path, once: bool) -> None:
    """Make a development instance, sign in to it, show how clients do, and serve.

    Example: ostiary demo --port 9443 --directory /tmp/ostiary-demo
    """
    try:
        instance = open_instance(directory, port)
        logs.configure(instance.settings.server.log)
        in_house(
            instance.settings.server,
            lambda house: apply_to(house, instance.settings, prune=False),
        )
        server = _server(instance)
    except SettingsError as wrong:
        print(wrong, file=sys.stderr)
        sys.exit(2)
    except NotTheDemo as strange:
        stop(f"{directory}: {strange}; serve it with `ostiary serve`", 2)
    except ListenError as error:
        stop(f"{error}; choose another port with --port")
    except (*MENDABLE, CertificateError, OSError) as error:
        stop(str(error) or type(error).__name__)
    order = _stop_order()
    try:
        with server:
            _show(instance, server)
            if not once:
                Screen().title("Serving until Ctrl-C")
                sys.stdout.flush()
                order.wait()
    except StartError:
        stop("the server did not start; the lines above say why")


def _server(instance: Instance) -> BackgroundServer:
    """Also on port 443, and on IPv6, which `localhost` may mean first.

    What of these cannot be had is told on the screen, and not in the log as well.
    """
    logging.getLogger("ostiary.server").setLevel(logging.ERROR)
    settings = msgspec.structs.replace(instance.settings.server, workers=1)
    ports = {address.port for address in settings.listen}
    also = [f"[::1]:{port}" for port in sorted(ports | {REALM_PORT})]
    if REALM_PORT not in ports:
        also.insert(0, f"127.0.0.1:{REALM_PORT}")
    return BackgroundServer(
        options_of(settings, also=tuple(also)), *applications(settings)
    )


def _show(instance: Instance, server: BackgroundServer) -> None:
    realm_served = not any(line.startswith(_REALM_LINE) for line in server.missed)
    realm = "served too: MSAL Python asks for a user's realm there, whatever the port"
    if not realm_served:
        realm = _ways_round(instance, server.missed)
    answers = _sign_in(instance)
    screen = Screen()
    show_instance(screen, instance, realm)
    for sign_in, answer in answers.items():
        show_answer(screen, sign_in.title, sign_in.endpoint, answer)
    show_snippets(screen, snippets(instance, realm_served=realm_served))
    screen.flush()
    if any(answer.status != 200 for answer in answers.values()):
        stop("the sign-in was refused")


def _ways_round(instance: Instance, missed: list[str]) -> str:
    """Why port 443 is not ours, and what can be done."""
    why = next(line for line in missed if line.startswith(_REALM_LINE))
    why = why.removeprefix(_REALM_LINE)
    if "privilege" in why:
        why = "ports below 1024 need a privilege here"
        mend = NOT_ALLOWED.format(python=Path(sys.executable).resolve())
    else:
        mend = TAKEN
    return WAYS_ROUND.format(why=why, mend=mend, base_url=instance.base_url)


def _sign_in(instance: Instance) -> dict[SignIn, Answer]:
    """As clients would: by the network, trusting the local CA and nobody else."""
    try:
        with TokenClient(instance.ca, proxies=False) as client:
            return {
                each: client.post(each.endpoint, dict(each.form))
                for each in sign_ins(instance)
            }
    except NoAnswer as silence:
        stop(str(silence))


def _stop_order() -> threading.Event:
    """Set by the first signal to end; a second Ctrl-C finds Python's own handling."""
    order = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: order.set())
    return order
