"""Scores made sound: `render`, and the names of the instruments that a score may ask for."""

from gpu_workers.composition.sound.catalogue import INSTRUMENTS
from gpu_workers.composition.sound.render import Rendering, render

__all__ = ["INSTRUMENTS", "Rendering", "render"]
