"""What things in and on lorries are made of: densities by material, g/cm3."""

from __future__ import annotations

from scanner.simulation.xray.canvas import Blend

STEEL: Blend = {"iron": 7.85}
ALUMINIUM: Blend = {"aluminium": 2.70}
FOAM: Blend = {"polyurethane": 0.045}
GRP: Blend = {"glass": 0.9, "polyethylene": 0.7}
GLASS: Blend = {"glass": 2.5}
RUBBER: Blend = {"rubber": 1.15}
DIESEL: Blend = {"polyethylene": 0.84}
WOOD: Blend = {"cellulose": 0.55}
SEAT: Blend = {"polyurethane": 0.08, "iron": 0.04}
FLESH: Blend = {"soft_tissue": 1.05}
BONE: Blend = {"cortical_bone": 1.4}

LIQUIDS: dict[str, Blend] = {
    "water": {"water": 1.0},
    "milk": {"water": 1.03},
    "oil": {"polyethylene": 0.92},
    "petrol": {"polyethylene": 0.74},
    "diesel": {"polyethylene": 0.84},
    "alcohol": {"cellulose": 0.35, "polyethylene": 0.44},
    "syrup": {"cellulose": 0.9, "water": 0.45},
    "bitumen": {"polyethylene": 1.02},
    "acid": {"water": 1.3},
}
"""What tankers carry; hydrocarbons count as polyethylene, whose share of hydrogen is near theirs."""

GOODS: dict[str, Blend] = {
    "paper": {"cellulose": 1.0},
    "textiles": {"cellulose": 0.6, "polyethylene": 0.4},
    "plastics": {"polyethylene": 1.0},
    "drinks": {"water": 0.95, "polyethylene": 0.05},
    "tins": {"water": 0.85, "iron": 0.15},
    "electronics": {"polyethylene": 0.45, "aluminium": 0.2, "iron": 0.25, "glass": 0.1},
    "machine parts": {"iron": 0.8, "polyethylene": 0.2},
    "tiles": {"glass": 1.0},
    "meat in boxes": {"soft_tissue": 0.95, "cellulose": 0.05},
    "frozen food": {"water": 0.8, "soft_tissue": 0.15, "cellulose": 0.05},
    "dry ice": {"carbon_dioxide": 1.0},
    "produce": {"water": 0.92, "cellulose": 0.08},
    "grain": {"cellulose": 0.85, "water": 0.15},
    "sand": {"glass": 1.0},
}
"""Shares by mass; multiplied by a bulk density."""


def of_density(goods: str, density: float) -> Blend:
    """Return goods packed to a bulk density, g/cm3.

    >>> of_density("drinks", 0.4)
    {'water': 0.38, 'polyethylene': 0.02}
    """
    return {material: round(share * density, 6) for material, share in GOODS[goods].items()}
