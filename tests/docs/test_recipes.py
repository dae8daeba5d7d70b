"""The page of recipes: its table leads to its headings. `make recipes` runs its programs."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[2] / "notebooks" / "reference" / "compatibility.md").read_text(encoding="utf-8")


def blocks_of(place: str, language: str) -> list[str]:
    """Give the programs or commands below a heading."""
    section = PAGE.split(f"\n## {place}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(rf"^```{language}\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)


def test_its_table_leads_to_each_place() -> None:
    places = re.findall(r"^## (.+)$", PAGE, re.MULTILINE)
    table = re.findall(r"^\|.*\(#(.+)\) \|$", PAGE, re.MULTILINE)
    assert table == [place.lower().replace(" ", "-") for place in places]
