"""Pages of the website that are no Markdown files in notebooks/: README, CHANGELOG and the notebooks."""

import os
from html import escape
from pathlib import Path

import nbformat
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from nbclient import NotebookClient
from nbconvert import MarkdownExporter
from nbformat import NotebookNode

PROJECT = Path(__file__).parents[2]
NOTEBOOKS = PROJECT / "notebooks"
PAGES = {"index.md": "README.md", "changes.md": "CHANGELOG.md"}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages. With the environment variable EXECUTE the notebooks are run, and their outputs are shown."""
    for page, source in PAGES.items():
        files.append(File.generated(config, page, content=linked((PROJECT / source).read_text(encoding="utf-8"))))
    for path in sorted(NOTEBOOKS.glob("*.ipynb")):
        files.remove(files.src_uris[path.name])
        files.append(File.generated(config, f"{path.stem}.md", content=page_of(path)))
    return files


def on_page_markdown(markdown: str, **_: object) -> str:
    """Let pages link to the changes and the notebooks where both GitHub and the website find them."""
    return linked(markdown.replace("](../../", "](../"))


def linked(markdown: str) -> str:
    """Give the links as seen from the folder of the notebooks."""
    return markdown.replace("](notebooks/", "](").replace("CHANGELOG.md)", "changes.md)").replace(".ipynb)", ".md)")


def page_of(path: Path) -> str:
    notebook = nbformat.read(path, as_version=4)
    if os.environ.get("EXECUTE"):
        NotebookClient(notebook, timeout=600, resources={"metadata": {"path": str(NOTEBOOKS)}}).execute()
    for cell in notebook.cells:
        cell.outputs = [shown(output) for output in cell.get("outputs", ())]
    markdown, _ = MarkdownExporter().from_notebook_node(notebook)
    return markdown


def shown(output: NotebookNode) -> NotebookNode:
    """Make an output HTML that Markdown leaves as it is."""
    data = output.get("data", {})
    if "image/png" in data:
        html = f'<img alt="" src="data:image/png;base64,{data["image/png"]}">'
    elif "text/html" in data:
        html = data["text/html"].replace('<table border="1" class="dataframe">', "<table>")  # the website's own style
    else:
        html = f"<pre>{escape(output.get('text') or data.get('text/plain', ''))}</pre>"
    return nbformat.v4.new_output("display_data", {"text/html": f'<div style="overflow: auto">{html}</div>'})
