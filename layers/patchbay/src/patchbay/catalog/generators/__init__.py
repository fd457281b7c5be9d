"""What can be generated, by public number: a model or a way of working, its inputs, its price."""

from patchbay.catalog.generators.kinds import Category, Generator, Parameter, ParameterType
from patchbay.catalog.generators.offer import find, offered
from patchbay.catalog.generators.presets import Preset, presets

__all__ = ["Category", "Generator", "Parameter", "ParameterType", "Preset", "find", "offered", "presets"]
