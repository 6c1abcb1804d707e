"""``guichetctl``, also as ``python -m guichet_ctl``."""

import sys

import typer
from guichet_kit.broker import PublishFailed
from guichet_kit.broker.deadletters import BrokerAway, NoSuchQueue

from guichet_ctl import agents, deadletters, doctor, keeping, keys, mail, people, upkeep
from guichet_ctl.services import CommandFailed

app = typer.Typer(
    name="guichetctl",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="For those who operate Guichet. It reads the same GUICHET_ settings as the services.",
)
app.command()(doctor.doctor)
app.add_typer(agents.app, name="agents")
app.add_typer(deadletters.app, name="dlq")
app.add_typer(mail.app, name="quarantine")
app.command()(upkeep.outbox)
app.command()(upkeep.migrate)
app.command()(upkeep.reconcile)
app.command()(keeping.backup)
app.command()(keeping.restore)
app.command()(people.export)
app.command()(people.erase)
app.command()(people.audit)
app.command()(upkeep.retention)
app.command("make-keys")(keys.make_keys)
app.command("rotate-key")(keys.rotate_key)
app.command()(upkeep.settings)


def main() -> None:
    """Run the command; what it cannot do is one line on standard error, and never a traceback."""
    try:
        app()
    except CommandFailed as failure:
        sys.stderr.write(f"guichetctl: {failure}\n")
        raise SystemExit(2 if failure.settings else 1) from None
    except BrokerAway as error:
        sys.stderr.write(f"guichetctl: RabbitMQ does not answer: {error}\n")
        raise SystemExit(1) from None
    except (NoSuchQueue, PublishFailed) as error:
        sys.stderr.write(f"guichetctl: {error}\n")
        raise SystemExit(1) from None


if __name__ == "__main__":
    main()
