"""The composition root: the only place where the parts of ``requests`` are built and joined."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

from fastapi import FastAPI
from guichet_contracts.subscriptions import LIVE_EVENTS, REQUESTS_CONVERSATIONS, RETIRED, SUBSCRIPTIONS
from guichet_kit.broker import EventPublisher, LiveFeed, LivePublisher, Topology, connect_broker, started, waiting_in
from guichet_kit.health import Health
from guichet_kit.http import create_app
from guichet_kit.logs import get_logger
from guichet_kit.mongo import open_client
from guichet_kit.outbox import OutboxRelay
from guichet_kit.quotas import Quotas
from guichet_kit.retention import keeping_to
from guichet_kit.revocations import Revocations
from guichet_kit.telemetry import readings_of
from guichet_kit.tokens import Tokens

from guichet_requests import access, consumers, problems
from guichet_requests.agent import api as agent_api
from guichet_requests.agent import auth_api
from guichet_requests.agent.desk import Desk, Signatures
from guichet_requests.agent.guesses import Devices, Guesses
from guichet_requests.agent.passwords import Passwords
from guichet_requests.agent.rights import Rights
from guichet_requests.agent.second_factor import SecondFactors
from guichet_requests.agent.store import AgentStore
from guichet_requests.agent.watched import SignIns
from guichet_requests.archive import api as archive_api
from guichet_requests.archive.others import Others
from guichet_requests.audit import api as audit_api
from guichet_requests.audit.store import AuditStore
from guichet_requests.audit.trail import Trail
from guichet_requests.contact.store import ContactStore
from guichet_requests.email import api as email_api
from guichet_requests.email.inbound import awaits_fate
from guichet_requests.email.settling import Mailroom
from guichet_requests.email.store import COLLECTION as FILINGS
from guichet_requests.email.store import FilingStore
from guichet_requests.email.usecases import Outbox
from guichet_requests.erasure import api as erasure_api
from guichet_requests.erasure.store import COLLECTION as ERASURES
from guichet_requests.erasure.store import ErasureStore
from guichet_requests.erasure.usecases import ErasureGuard, Everywhere
from guichet_requests.erasure.worker import resuming
from guichet_requests.file.store import FileStore
from guichet_requests.form import api as form_api
from guichet_requests.form import public_api as public_form_api
from guichet_requests.form.store import FormStore
from guichet_requests.reason import api as reason_api
from guichet_requests.reason.store import reason_store
from guichet_requests.request import api as request_api
from guichet_requests.request import figures
from guichet_requests.request.missing import Healer, MissingStore
from guichet_requests.request.store import COLLECTION, RequestStore
from guichet_requests.request.telling import Teller
from guichet_requests.request.unanswered import Retelling
from guichet_requests.retention import usecases as retention
from guichet_requests.retention.store import COLLECTION as EXPIRED
from guichet_requests.retention.store import ExpiredStore
from guichet_requests.settings import RequestsSettings
from guichet_requests.template import api as template_api
from guichet_requests.template.store import COLLECTION as TEMPLATES
from guichet_requests.template.store import TemplateStore
from guichet_requests.timeline import api as timeline_api
from guichet_requests.timeline.store import TimelineStore
from guichet_requests.transcript import api as transcript_api
from guichet_requests.transcript import usecases as transcripts
from guichet_requests.transcript.store import ProofStore

log = get_logger(__name__)


def build(settings: RequestsSettings) -> FastAPI:
    """The service. Nothing connects before its lifespan begins."""
    topology = Topology(SUBSCRIPTIONS, LIVE_EVENTS, RETIRED)
    feed = LiveFeed()
    broker = connect_broker(settings.rabbitmq_url, "requests", feed)
    mongo = open_client(settings.mongodb_url, settings.mongo_driver, "guichet-requests")
    database = mongo.database(f"{settings.database_prefix}requests")
    told_from = [database[name] for name in (COLLECTION, ERASURES, TEMPLATES, FILINGS, EXPIRED)]
    publisher = EventPublisher(broker, topology)
    relay, teller = OutboxRelay(publisher, told_from), Teller(publisher, database[COLLECTION])
    agents, items, contacts = AgentStore(database), TimelineStore(database), ContactStore(database)
    reasons, templates = reason_store(database), TemplateStore(database, relay)
    requests, erasures = (
        RequestStore(database, items, relay, teller),
        ErasureStore(database, relay, settings.secret_key),
    )
    audit = AuditStore(database)
    others = Others(settings.gateway_url)
    trail, expired = Trail(audit), ExpiredStore(database, relay)
    files, outbox = FileStore(database), Outbox(requests, items, contacts, settings.message_id_domain)
    filings, missing = FilingStore(database, relay), MissingStore(database)
    everywhere = Everywhere(erasures, requests, items, contacts, files)
    guard = ErasureGuard(everywhere)
    healer = Healer(publisher, requests, missing, lambda: waiting_in(settings.rabbitmq_url, REQUESTS_CONVERSATIONS))
    room = Mailroom(requests, items, contacts, filings, files, timedelta(days=settings.reopen_within_days), guard)
    retelling = Retelling(publisher, requests.unanswered, partial(awaits_fate, room))
    forms, proofs = FormStore(database), ProofStore(database, settings.secret_key)
    quotas = Quotas(database, settings.secret_key, settings.confirmations)
    passwords = Passwords()
    revocations = Revocations()
    rights = Rights(agents, requests, revocations, LivePublisher(broker))
    access_tokens = Tokens(settings.secret_key, "agents", refuse=revocations.refuse)
    devices = Devices(Tokens(settings.secret_key, "device"))
    desk = Desk(
        agents,
        passwords,
        SecondFactors(settings.secret_key),
        Signatures(access_tokens, Tokens(settings.secret_key, "refresh"), devices),
        Guesses(agents, settings.sign_in_attempts),
        rights.changed,
        settings.second_factor,
    )
    health = Health()

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        await mongo.wait_until_ready(settings.start_timeout)
        for store in (
            agents,
            items,
            contacts,
            reasons,
            templates,
            forms,
            requests,
            erasures,
            filings,
            files,
            missing,
            proofs,
            quotas,
            audit,
            expired,
        ):
            await store.prepare()
        connected = started(broker, settings.rabbitmq_url, topology, feed, settings.start_timeout)
        async with (
            connected,
            relay.running(),
            teller.running(),
            healer.running(),
            retelling.running(),
            rights.running(),
            resuming(everywhere),
            keeping_to(retention.rules(settings, expired, audit)),
        ):
            log.info("started")
            yield
            health.draining = True
        await others.close()
        await mongo.close()

    links = Tokens(settings.secret_key, "proofs")
    transcript_desk = transcripts.Desk(outbox, guard, proofs, links, settings.public_url, settings.language)
    stores = consumers.Stores(everywhere, missing, audit)
    consumers.subscribe(broker, stores, room, partial(transcripts.send, transcript_desk))
    health.check("mongodb", mongo.ping)
    app = create_app("Guichet requests", health=health, lifespan=lifespan)
    problems.install(app)
    agent = access.any_agent(access_tokens)
    app.include_router(auth_api.auth_routes(desk, settings.public_url, agent, SignIns(trail, agents)))
    url = settings.public_url
    app.include_router(agent_api.directory_routes(agents, requests, agent, url, rights.changed, trail))
    app.include_router(request_api.routes(requests, items, agents, contacts, reasons, guard, agent))
    app.include_router(timeline_api.routes(requests, items, agent))
    app.include_router(reason_api.routes(reasons, requests, agent, trail))
    receipts = Tokens(settings.secret_key, "receipts")
    app.include_router(email_api.routes(outbox, room, files, agents, receipts, agent))
    app.include_router(erasure_api.routes(everywhere, agent))
    app.include_router(template_api.routes(templates, requests, contacts, receipts, agent, trail))
    app.include_router(form_api.routes(forms, reasons, agent, trail))
    app.include_router(audit_api.routes(audit, agent))
    app.include_router(archive_api.routes(requests, items, others, agent, trail))
    senders = Tokens(settings.secret_key, "forms")
    app.include_router(public_form_api.routes(forms, outbox, reasons, files, guard, senders, quotas, settings.form_dir))
    app.include_router(transcript_api.routes(transcript_desk, settings.form_dir))
    figures.measure(readings_of(app), database[COLLECTION])
    app.state.broker = broker  # for the AsyncAPI document
    return app
