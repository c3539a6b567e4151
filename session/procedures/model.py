"""What a visitor can come for, in plain words, and the papers that it takes. Data only, from the station's packs."""

from __future__ import annotations

import enum

import msgspec


class Theme(enum.StrEnum):
    """The eleven themes of service-public, by their codes in La Coop de la médiation numérique."""

    PAPERS = "papiers_elections_citoyennete"
    FAMILY = "famille_scolarite"
    HEALTH = "social_sante"
    WORK = "travail_formation"
    HOUSING = "logement"
    TRANSPORT = "transports_mobilite"
    MONEY = "argent_impots"
    JUSTICE = "justice"
    FOREIGN = "etrangers_europe"
    LEISURE = "loisirs_sports_culture"
    CLUBS = "associations"


class Need(enum.StrEnum):
    """What a procedure takes besides papers."""

    PHONE = "phone"
    """For a code by message."""
    EMAIL = "email"
    SCANNER = "scanner"
    CAMERA = "camera"
    CARD_READER = "card_reader"
    PAYMENT = "payment"


class NeededPaper(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    label: str
    """Plain words: "Avis d'imposition"."""
    where: str = ""
    """Where and how it is got, in plain words."""
    required: bool = True


class Contact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    phone: str = ""
    """As it is dialled and written."""
    hours: str = ""


class Procedure(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    id: str
    theme: Theme
    title: str
    """In plain words."""
    official: str
    """As the administration calls it."""
    site: str
    """Id of the site that it is done on."""
    host: str
    """What will stand in the bar."""
    minutes: int
    needs: tuple[Need, ...] = ()
    papers: tuple[NeededPaper, ...] = ()
    limit: int = 0
    """Bytes: the largest file that its site takes; 0 where that is not known."""
    contact: Contact | None = None


class Procedures(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What this station offers. In one language, as its packs are."""

    dated: str
    """ISO 8601 date of the packs."""
    procedures: tuple[Procedure, ...] = ()


class Status(enum.StrEnum):
    """How far a paper has come."""

    UNKNOWN = "unknown"
    HAVE = "have"
    """The visitor has it at hand, or it is among the documents."""
    TO_SCAN = "to_scan"
    TO_ASK = "to_ask"
    """The visitor does not have it: it has to be asked for."""


class DossierLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    paper: str
    """Id of the needed paper."""
    status: Status = Status.UNKNOWN
    document: str | None = None
    """Id of the document that is it."""


class Dossier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The papers of the procedure that was begun."""

    procedure: str
    lines: tuple[DossierLine, ...] = ()
