"""Writes what a person has into a folder: lists as JSON, files as they are, and a page to begin with."""

import html
import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from patchbay.cli.failures import CommandFailed

if TYPE_CHECKING:
    from patchbay.core.takeout import Takeout
    from patchbay.ports import Objects

PAGE = "index.html"
_WHOSE = ".whose"
"""File with the id of the person whose export the folder is: two persons' must never mix."""
_NAMES = {"files": "name", "jobs": "name", "samples": "name", "projects": "name", "videos": "name"}


def write(
    takeout: "Takeout", objects: "Objects", tenant_id: str, folder: Path, told: Callable[[str, int], None]
) -> tuple[int, int]:
    """Write all of a tenant into `folder`; (records, files). What an attempt before left there whole is kept.

    Raises `CommandFailed` for a folder that holds something else.
    """
    lists, whose = folder / "records", folder / _WHOSE
    if folder.exists() and any(folder.iterdir()) and not _says(whose, tenant_id):
        raise CommandFailed(f"{folder} is not empty, and no export of this person's; choose another folder")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    whose.write_text(tenant_id)
    lists.mkdir(exist_ok=True)
    counts, names = _records(takeout.records(tenant_id), lists, told)
    files = _files(takeout, objects, tenant_id, folder / "files", told)
    (folder / PAGE).write_text(_page(counts, files, names), encoding="utf-8")
    return counts.total(), len(files)


def _says(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode()


def _records(
    found: Iterator[tuple[str, dict[str, Any]]], folder: Path, told: Callable[[str, int], None]
) -> tuple[Counter[str], dict[str, str]]:
    """A file of JSON lines for each list; how long each is, and what ids are called."""
    counts: Counter[str] = Counter()
    names: dict[str, str] = {}
    with ExitStack() as opened:
        lists: dict[str, IO[str]] = {}
        for name, body in found:
            if name not in lists:
                lists[name] = opened.enter_context((folder / f"{name}.jsonl").open("w", encoding="utf-8"))
            lists[name].write(json.dumps(body, ensure_ascii=False) + "\n")
            counts[name] += 1
            if called := body.get(_NAMES.get(name, "")):
                names[str(body["id"])] = str(called)
            for output in body.get("outputs", []) if name == "jobs" else []:
                if output.get("key"):
                    names[output["key"].split("/", 2)[-1]] = f"{body.get('name') or body['workflow']}: {output['name']}"
            told("records", counts.total())
    return counts, names


def _files(
    takeout: "Takeout", objects: "Objects", tenant_id: str, folder: Path, told: Callable[[str, int], None]
) -> dict[str, int]:
    """Path below `folder` -> size in bytes."""
    sizes: dict[str, int] = {}
    for number, found in enumerate(takeout.files(tenant_id), start=1):
        name = found.key.replace(f"/{tenant_id}/", "/", 1)
        path = (folder / name).resolve()
        if not path.is_relative_to(folder.resolve()):
            raise CommandFailed(f"the key of an object is no path: {found.key}")
        if not path.is_file() or path.stat().st_size != found.size_bytes:
            path.parent.mkdir(parents=True, exist_ok=True)
            part = path.with_name(path.name + ".part")
            objects.download(found.key, part)
            part.replace(path)
        sizes[name] = found.size_bytes
        told("files", number)
    return sizes


def _page(counts: Mapping[str, int], files: Mapping[str, int], names: Mapping[str, str]) -> str:
    lists = "".join(
        f'<tr><td><a href="records/{name}.jsonl">{name}</a><td>{count}' for name, count in sorted(counts.items())
    )
    rows = "".join(
        f'<tr><td><a href="files/{html.escape(name)}">{html.escape(name)}</a>'
        f"<td>{html.escape(_called(name, names))}<td>{size_bytes:,}"
        for name, size_bytes in files.items()
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>All that is yours</title>'
        "<style>body{font:16px system-ui;max-width:70rem;margin:2rem auto;padding:0 1rem}"
        "td,th{padding:.2rem 1rem .2rem 0;text-align:left}</style>"
        "<h1>All that is yours</h1><p>One line of JSON for each thing, and your files as they are stored.</p>"
        f"<h2>Lists</h2><table><tr><th>List<th>Things{lists}</table>"
        f"<h2>Files</h2><table><tr><th>File<th>What it is<th>Bytes{rows}</table></html>\n"
    )


def _called(path: str, names: Mapping[str, str]) -> str:
    """What is known of a file by its path: results by the whole, all else by an id in it."""
    inside = path.split("/", 1)[-1]
    return names.get(inside) or next((names[part] for part in inside.split("/") if part in names), "")
