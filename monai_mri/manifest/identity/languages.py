"""What columns about persons are called in other languages than English."""

from __future__ import annotations

import re
import unicodedata

_NOT_PLAIN = re.compile(r"[^a-z0-9]")
_LETTERS = str.maketrans({"ß": "ss", "ı": "i", "ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe"})

# In small letters without signs or accents; umlauts with and without the e behind them.
_PERSON = {
    "German": """
        patientenname patientname vorname nachname familienname geburtsname zuname geb gebdatum gebdat gebtag
        geburtsdatum geburtstag geburtsort telefon telefonnummer telefonnr telnr handy handynummer mobilnummer
        mobiltelefon fallnummer fallnr aufnahmenummer adresse anschrift wohnort strasse hausnummer
        postleitzahl hausarzt hausaerztin hausarztin zuweiser versichertennummer versichertennr
        versicherungsnummer versicherungsnr krankenversichertennummer krankenkassennummer kvnr
        sozialversicherungsnummer svnr ahvnummer ahvnr ausweisnummer emailadresse
    """,
    "French": """
        prenom prenoms nomdefamille nomdenaissance nomprenom nometprenom datedenaissance datenaissance ddn
        lieudenaissance adresse rue codepostal telephone portable courriel numerosecu
        numerosecuritesociale numerodesecuritesociale numsecu nss medecintraitant ipp
    """,
    "Spanish": """
        apellido apellidos nombreyapellidos nombrecompleto nombrepaciente fechadenacimiento fechanacimiento
        direccion domicilio calle codigopostal telefono movil correo correoelectronico nie
        numerodehistoria historiaclinica nhc tarjetasanitaria
    """,
    "Italian": """
        cognome nomecognome nomeecognome nomecompleto datadinascita datanascita luogodinascita indirizzo
        telefono cellulare codicefiscale tesserasanitaria medicocurante
    """,
    "Dutch": """
        voornaam achternaam familienaam tussenvoegsel geboortedatum geboorteplaats adres straat huisnummer
        woonplaats postcode telefoon telefoonnummer mobiel bsn burgerservicenummer huisarts
    """,
    "Polish": """
        nazwisko imieinazwisko imienazwisko dataurodzenia miejsceurodzenia adres ulica kodpocztowy
        numertelefonu telefon pesel
    """,
    "Portuguese": """
        sobrenome apelido nomedopaciente nomepaciente nomedoutente datadenascimento datanascimento nascimento
        endereco morada rua cep telefone telemovel celular cpf nif cartaodecidadao numerodeutente
    """,
    "Turkish": """
        soyad soyadi soyisim adsoyad adisoyadi adivesoyadi hastaadi dogumtarihi dogumyeri adres sokak telefon
        telefonno ceptelefonu tckimlik tckimlikno tckimliknumarasi tcno tckn kimlikno
    """,
}
# These also mean something else (French nombre is a number), or hold a study's own ids, or staff.
_MAY_BE_PERSON = """
    patid patnr patientenid patientennr patientennummer pat fallid arzt aerztin untersucher befunder
    nom nompatient nir medecin nombre dni paciente medico nome paziente naam patientnummer arts imie lekarz
    pacjent paciente utente isim hasta hekim doktor protokolno dosyano
"""


PERSON = frozenset(name for names in _PERSON.values() for name in names.split())
MAY_BE_PERSON = frozenset(_MAY_BE_PERSON.split())


def plain_name(name: str) -> str:
    """A key's or column's name in small letters, without accents, spaces and signs.

    >>> plain_name("Straße"), plain_name("Prénom"), plain_name("Pat-ID"), plain_name("TC Kimlik No")
    ('strasse', 'prenom', 'patid', 'tckimlikno')
    """
    letters = unicodedata.normalize("NFKD", name.casefold().translate(_LETTERS))
    return _NOT_PLAIN.sub("", letters)
