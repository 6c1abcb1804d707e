"""Keys: whose they are, that two are good at a time, and that they are exchanged while everything runs."""

import json
import stat
from pathlib import Path

import pytest
from guichet_kit.keyfolder import KeyFolder, NotReady
from guichet_kit.keys import LOOK_SECONDS, BadKey, Keys, new_private, private_key, public_keys, public_of
from guichet_kit.tokens import InvalidToken, Tokens

NO_KEYS: tuple[object, ...] = (7, [7], [{}], [{"kty": "oct", "k": "AA", "crv": "Ed25519", "x": "AA"}])


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now

    def look_again(self) -> None:
        self.now += LOOK_SECONDS


@pytest.fixture
def folder(tmp_path: Path) -> KeyFolder:
    made = KeyFolder(tmp_path)
    made.make()
    return made


@pytest.fixture
def clock() -> Clock:
    return Clock()


def pair(folder: KeyFolder, clock: Clock) -> tuple[Tokens, Tokens]:
    """Of the service that signs, and of one that verifies and remembers what it verified."""
    signer = Keys("requests", folder.public_file, folder.private_file("requests"), clock)
    return Tokens(signer, "agents"), Tokens(Keys("contacts", folder.public_file, clock=clock), "agents", 10)


class TestTheFolder:
    def test_has_a_private_key_for_each_service_that_signs_which_only_its_owner_reads(self, folder: KeyFolder) -> None:
        names = {file.name for file in folder.folder.iterdir()}
        services = ("attachments", "chat", "mailer", "requests")
        assert names == {"public-keys", *(f"{service}-signing-key" for service in services)}
        for service in services:
            assert stat.S_IMODE(folder.private_file(service).stat().st_mode) == 0o600
        assert [key.service for key in public_keys(folder.public_file.read_bytes())] == list(services)

    def test_holds_no_private_part_in_the_public_keys(self, folder: KeyFolder) -> None:
        members = json.loads(folder.public_file.read_bytes())["keys"]
        assert {name for member in members for name in member} == {"kty", "crv", "x", "kid", "use", "service"}

    def test_stays_as_it_is_when_it_is_made_again(self, folder: KeyFolder) -> None:
        before = {file.name: file.read_bytes() for file in folder.folder.iterdir()}
        folder.make()
        assert {file.name: file.read_bytes() for file in folder.folder.iterdir()} == before

    def test_takes_the_steps_of_an_exchange_in_their_order_only(self, folder: KeyFolder) -> None:
        with pytest.raises(NotReady):
            folder.use("chat")
        with pytest.raises(NotReady):
            folder.drop("chat")
        kid = folder.prepare("chat")
        assert folder.prepare("chat") == kid
        with pytest.raises(NotReady):
            folder.drop("chat")
        assert folder.use("chat") == kid
        assert len(folder.drop("chat")) == 1
        with pytest.raises(NotReady):
            folder.prepare("contacts")


class TestAnExchange:
    def test_refuses_no_token_on_its_way_and_then_those_of_the_former_key(
        self, folder: KeyFolder, clock: Clock
    ) -> None:
        signer, verifier = pair(folder, clock)
        old = signer.issue("agent-1", 900)
        verifier.verify(old)
        folder.prepare("requests")
        clock.look_again()
        assert verifier.verify(signer.issue("agent-1", 900)).subject == "agent-1"
        folder.use("requests")
        clock.look_again()
        new = signer.issue("agent-1", 900)
        assert new.split(".")[0] != old.split(".")[0]
        assert [verifier.verify(token).subject for token in (old, new)] == ["agent-1"] * 2
        folder.drop("requests")
        clock.look_again()
        assert verifier.verify(new).subject == "agent-1"
        with pytest.raises(InvalidToken):
            verifier.verify(old)

    def test_of_one_service_leaves_the_others_alone(self, folder: KeyFolder, clock: Clock) -> None:
        keys = Keys("chat", folder.public_file, folder.private_file("chat"), clock)
        token = Tokens(keys, "visitors").issue("v", 900)
        for step in (folder.prepare, folder.use, folder.drop):
            step("requests")
        clock.look_again()
        assert Tokens(keys, "visitors").verify(token).subject == "v"

    def test_is_not_seen_before_its_time_and_a_half_written_file_is_left_for_later(
        self, folder: KeyFolder, clock: Clock
    ) -> None:
        signer, verifier = pair(folder, clock)
        token, whole = signer.issue("a", 900), folder.public_file.read_bytes()
        folder.public_file.write_bytes(whole[:20])
        clock.look_again()
        assert verifier.verify(token).subject == "a"
        folder.public_file.unlink()
        clock.look_again()
        assert verifier.verify(token).subject == "a"
        folder.public_file.write_bytes(b'{"keys": []}')
        assert verifier.verify(token).subject == "a"
        clock.look_again()
        with pytest.raises(InvalidToken):
            verifier.verify(token)

    def test_is_not_begun_with_a_private_key_whose_public_one_is_not_there(
        self, folder: KeyFolder, clock: Clock
    ) -> None:
        signer, verifier = pair(folder, clock)
        folder.private_file("requests").write_bytes(new_private())
        clock.look_again()
        assert verifier.verify(signer.issue("a", 900)).subject == "a"

    def test_at_once_trusts_no_key_that_was_prepared_before(self, folder: KeyFolder, clock: Clock) -> None:
        signer, verifier = pair(folder, clock)
        old, prepared = signer.issue("a", 900), folder.prepare("requests")
        kid, dropped = folder.replace("requests")
        clock.look_again()
        assert kid != prepared
        assert prepared in dropped
        assert len(dropped) == 2
        assert verifier.verify(signer.issue("a", 900)).subject == "a"
        with pytest.raises(InvalidToken):
            verifier.verify(old)


class TestBadFiles:
    @pytest.mark.parametrize("held", [b"", b"x" * 48, bytes(range(128, 160)), b"{}", b'{"kty": "oct", "k": "AAAA"}'])
    def test_are_no_private_key(self, held: bytes) -> None:
        with pytest.raises(BadKey):
            private_key(held)

    def test_a_public_key_is_no_private_one(self) -> None:
        with pytest.raises(BadKey):
            private_key(private_key(new_private()).as_pem(private=False))

    @pytest.mark.parametrize("held", ["", "[]", *(json.dumps({"keys": one}) for one in NO_KEYS)])
    def test_are_no_public_keys(self, held: str) -> None:
        with pytest.raises(BadKey):
            public_keys(held.encode())

    def test_public_keys_with_a_private_one_among_them_are_refused(self) -> None:
        member = private_key(new_private()).as_dict(private=True) | {"service": "requests"}
        with pytest.raises(BadKey, match="private"):
            public_keys(json.dumps({"keys": [member]}).encode())

    def test_a_private_key_of_another_service_is_refused(self, folder: KeyFolder) -> None:
        with pytest.raises(BadKey, match="not among those of chat"):
            Keys("chat", folder.public_file, folder.private_file("requests"))

    def test_the_name_of_a_key_is_its_thumbprint_whatever_the_file_calls_it(self) -> None:
        key = public_of("requests", private_key(new_private()))
        (read,) = public_keys(json.dumps({"keys": [key.as_member() | {"kid": "mine"}]}).encode())
        assert read.kid == key.kid
