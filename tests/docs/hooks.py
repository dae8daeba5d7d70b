"""Bring README and CHANGELOG, which stay at the top of the repository, into the website."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

PROJECT = Path(__file__).parents[2]
PAGES = {"index.md": "README.md", "changes.md": "CHANGELOG.md"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add both pages, with links as seen from the folder of the notebooks."""
    for page, source in PAGES.items():
        text = (PROJECT / source).read_text(encoding="utf-8")
        files.append(
            File.generated(
                config, page, content=text.replace("](notebooks/", "](").replace("](CHANGELOG.md", "](changes.md")
            )
        )
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Let pages link to the changes where both GitHub and the website find them."""
    return markdown.replace("](../../CHANGELOG.md", "](../changes.md")
