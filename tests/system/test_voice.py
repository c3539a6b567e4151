"""A visit by somebody who sees nothing and touches nothing; and the real voice of a whole station."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path

from PIL import Image

from session.environment.tree import Tree
from session.environment.voice import SOCKET
from session.model import EndReason, State
from tests.kiosk import positions
from tests.kiosk.reader import Ear, Reader
from tests.portal import Portal
from tests.station.finger import Finger
from tests.station.harness import RunningStation, wait_until
from tests.station.visitor import PORTAL, Visitor

FIRST_UID = 62_100


def socket_of(station: RunningStation, generation: int) -> Path:
    return Tree(station.place.tree(generation)).sockets / SOCKET


@contextlib.contextmanager
def ear_of(station: RunningStation) -> Iterator[Ear]:
    """In the place of a voice, in the environment that is ready."""
    user = station.place.users.screen
    path = socket_of(station, station.wait_state(State.READY, 40).generation)
    path.parent.mkdir()
    os.chown(path.parent, user, user)
    with Ear(path, user) as ear:
        assert ear.connected.wait(20)
        yield ear


def listen(visitor: Visitor) -> None:
    """The bar's button, while there are neither documents nor a second page."""
    visitor.screen.tap(1280 - 724, 48)


def test_a_visit_by_voice_and_keys_alone(portal: Portal) -> None:
    with RunningStation(name="voice", first_uid=FIRST_UID, port=portal.port, tls_port=portal.tls_port) as station:
        generation = station.wait_state(State.READY, 40).generation
        with ear_of(station) as ear, station.screen() as screen:
            reader, visitor = Reader(ear, screen), Visitor(station, screen)
            reader.press("Tab", "Commencer, bouton")
            reader.press("Return", "J’ai compris, bouton")
            assert "Avant de commencer" in reader.heard
            reader.seek("Écouter")
            everything = reader.press("Return", "J’ai compris, bouton")
            assert [text for text in everything if text.startswith("Ce qui est")] == [
                "Ce qui est noté",
                "Ce qui est effacé",
            ]
            reader.seek("J’ai compris")
            reader.press("Return", "Portail des Trois-Rivières, bouton")
            reader.press_until("Return", lambda: any("Accueil" + PORTAL in one for one in visitor.titles()))
            reader.press("F6", "bouton")
            reader.seek("J’ai fini")
            reader.press("Return", "Non, je continue, bouton")
            assert "Avez-vous fini ?" in reader.heard
            reader.seek("Oui, j’ai fini")
            reader.press_until("Return", lambda: state(station) not in (State.ACTIVE, State.WARNING))
        last_receipt_is_good(station, generation)


def test_a_visit_with_one_switch(portal: Portal) -> None:
    with RunningStation(name="voice", first_uid=FIRST_UID, port=portal.port, tls_port=portal.tls_port) as station:
        generation = station.wait_state(State.READY, 40).generation
        with ear_of(station) as ear, station.screen() as screen:
            reader, visitor = Reader(ear, screen), Visitor(station, screen)
            screen.key("F9")
            reader.switch("Commencer", lambda: state(station) is State.ACTIVE)
            reader.switch("J’ai compris", lambda: "Que voulez-vous faire ?" in reader.hear(0.3) + reader.heard)
            site = "Portail des Trois-Rivières, bouton"
            reader.switch(site, lambda: any("Accueil" + PORTAL in one for one in visitor.titles()))
            visitor.wait_page("Accueil" + PORTAL)
            screen.key("F9")
            # In the page by the keyboard on the screen: its rows first, then the keys of one.
            finger = Finger(visitor)
            reader.switch("Clavier", lambda: finger.up)
            reader.switch("Champ suivant, ", lambda: True)
            reader.switch("Entrée, bouton", lambda: any("Connexion" + PORTAL in one for one in visitor.titles()))
            reader.switch("a, z, e, r", lambda: True)
            reader.switch("a, bouton", lambda: True)
            reader.switch("Champ suivant, ", lambda: True)
            reader.switch("Entrée, bouton", lambda: bool(portal.journal.forms))
            assert portal.journal.forms[-1].fields["identifiant"] == "a"
            reader.switch("J’ai fini", lambda: "Avez-vous fini ?" in reader.hear(0.3) + reader.heard)
            reader.switch("Oui", lambda: state(station) not in (State.ACTIVE, State.WARNING))
        last_receipt_is_good(station, generation)


def test_a_text_that_is_marked_on_a_page_is_read_and_a_password_never(portal: Portal) -> None:
    with (
        RunningStation(name="voice", first_uid=FIRST_UID, port=portal.port, tls_port=portal.tls_port) as station,
        ear_of(station) as ear,
        station.screen() as screen,
    ):
        reader, visitor = Reader(ear, screen), Visitor(station, screen)
        visitor.begin()
        visitor.open_first_site()
        reader.hear()
        listen(visitor)
        assert "Pour écouter un texte de la page" in reader.hear()[-1], "nothing is marked yet"
        screen.key("a", "Control_L")
        screen.settle()
        listen(visitor)
        (text,) = reader.hear()
        assert "Trois-Rivières" in text
        assert len(text) <= 4000
        # The log-in page: its name field and its password field, both filled and marked.
        screen.key("Return")
        visitor.wait_page("Connexion" + PORTAL)
        screen.type("jeanne")
        screen.key("a", "Control_L")
        screen.settle()
        listen(visitor)
        assert reader.hear() == ["jeanne"]
        screen.key("Tab")
        screen.type("motdepasse7")
        screen.key("a", "Control_L")
        screen.settle()
        listen(visitor)
        assert "Pour écouter un texte de la page" in reader.hear()[-1]
        assert not any("motdepasse" in text for text in reader.heard)


def last_receipt_is_good(station: RunningStation, generation: int) -> None:
    """Of a visit that its visitor ended. Only once the ear is closed: its socket lies in the session's memory disk."""
    after = station.wait_state(State.READY, 60, after=generation)
    assert after.last_wipe is not None
    assert after.last_wipe.verified
    assert after.last_wipe.reason is EndReason.VISITOR


def state(station: RunningStation) -> State | None:
    snapshot = station.status()
    return snapshot.state if snapshot is not None else None


def test_the_real_voice_of_a_station(portal: Portal) -> None:
    device = "tee:null,'/home/voice/heard.raw',raw"
    with RunningStation(
        name="voice", first_uid=FIRST_UID, port=portal.port, tls_port=portal.tls_port, voice_device=device
    ) as station:
        generation = station.wait_state(State.READY, 40).generation
        tree = station.place.tree(generation)
        wait_until(socket_of(station, generation).exists, 20, "the voice")
        with station.screen() as screen:
            sound = tree / "voice" / "heard.raw"
            screen.wait(offered, 20, "the button")
            assert loud(sound) == 0, "it has only tried itself out"
            visitor = Visitor(station, screen)
            visitor.tap_until("listen", lambda: loud(sound) > 10_000)
            visitor.begin()
            processes = (station.place.cgroup(generation).path / "voice" / "cgroup.procs").read_text("ascii").split()
            assert len(processes) >= 3
            owners = {os.stat(f"/proc/{pid}").st_uid for pid in processes}
            assert owners <= {0, station.place.users.screen}, "root's is bubblewrap"
            # It dies, nobody minds, and it is there again.
            old = {int(pid) for pid in processes}
            sound.unlink()
            for pid in old:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            wait_until(lambda: sound.exists() and sound.stat().st_size > 0, 20, "a new voice that tries itself out")
            assert state(station) is State.ACTIVE
            logs = [path for path in (tree / "voice").rglob("*.log") if not path.is_symlink()]
            assert logs == []
        station.call("End")
        after = station.wait_state(State.READY, 60, after=generation)
        assert after.last_wipe is not None
        assert after.last_wipe.verified
        assert not tree.exists()


def loud(sound: Path) -> int:
    data = sound.read_bytes()
    return sum(data[at] not in (0, 255) for at in range(1, len(data), 2))


def offered(picture: Image.Image) -> bool:
    """ "Écouter" in the head, which has only paper there without a voice."""
    x, y = positions.centre("listen", picture.width, picture.height)
    return any(sum(picture.getpixel((x, at))[:3]) < 500 for at in range(4, y))  # type: ignore[index]
