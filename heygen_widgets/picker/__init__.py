"""The picker: filter dropdowns and a preview grid over a catalogue, with the selected look as a trait."""

from .widget import LookPicker

__all__ = ["LookPicker"]
