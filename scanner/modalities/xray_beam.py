"""Which of a model's beams a picture was taken with: a model says nothing about another one's."""

from __future__ import annotations

from collections.abc import Mapping

from models.card import ModelCard
from scanner.modalities.xray_passage import PassageUnusable


def beam_of(
    card: ModelCard, parameters: Mapping[str, float], heard_kv: float | None, sensor: str
) -> tuple[str, float | None]:
    """Return the name of the beam, "" for a card that names none, and its voltage where it is told.

    Parameters
    ----------
    parameters : of the detector's certificate; ``beam_kv`` comes before what the supply says.
    heard_kv : the X-ray supply's voltage while the lorry passed, None = it told none.
    sensor : name of the detector, for the reason.

    Raises
    ------
    PassageUnusable : a voltage that the card does not name, certificate and supply of two beams,
        or nothing says which of several beams it was. Example: a linac whose supply tells no voltage.
    """
    if not card.beams:
        return "", None
    told = [kv for kv in (parameters.get("beam_kv"), heard_kv) if kv is not None]
    if not told:
        if len(card.beams) > 1:
            raise PassageUnusable("xray_beam_unknown", sensor=sensor)
        return card.beams[0].name, None
    names: list[str] = []
    for kv in told:
        fitting = [beam.name for beam in card.beams if beam.low_kv <= kv <= beam.high_kv]
        if len(fitting) != 1 or (names and fitting != names):
            known = ", ".join(f"{beam.low_kv:g}–{beam.high_kv:g} kV" for beam in card.beams)
            raise PassageUnusable("xray_beam_unfit", kv=kv, known=known)
        names = fitting
    return names[0], told[0]
