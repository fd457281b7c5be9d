"""`python -m infra.supply bom|audit|checkov`: what `make sbom`, `make audit` and `make checkov` call."""

import argparse
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from infra.supply import audit, bom, checkov, licences, parts


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit status: 0 if all is well."""
    parser = argparse.ArgumentParser(prog="python -m infra.supply", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    listed = verbs.add_parser("bom", help="write the list of each thing's parts")
    listed.add_argument("--out", type=Path, required=True, metavar="FOLDER")
    asked = verbs.add_parser("audit", help="ask what is known against the pinned packages")
    asked.add_argument("--osv-url", default=audit.OSV)
    looked = verbs.add_parser("checkov", help="hold Checkov's findings in templates against the answers")
    looked.add_argument("--program", default="checkov")
    looked.add_argument("folders", nargs="+", type=Path)
    told = parser.parse_args(arguments)
    match told.verb:
        case "bom":
            return write(told.out)
        case "audit":
            return audit.main(url=told.osv_url)
    return answered(told.program, told.folders)


def write(out: Path) -> int:
    """A list for each thing, and whether all their licences go with ours."""
    out.mkdir(parents=True, exist_ok=True)
    every, version = parts.things(), metadata.version("patchbay")
    for thing, found in every.items():
        path = out / f"{thing}.cdx.json"
        path.write_text(bom.text(bom.bom(thing, found, version=version)))
        print(f"{path}: {len(found)} parts")
    together = [part for found in every.values() for part in found]
    against = [*licences.findings(together), *licences.bundled(together)]
    for each in against:
        print(f"{each.part}: {each.why}")
    return 1 if against else 0


def answered(program: str, folders: Sequence[Path]) -> int:
    """What Checkov finds in templates and nobody has answered; and answers that none of them needs."""
    given = checkov.answers()
    found = [each for folder in folders for each in checkov.run(program, folder)]
    new, old = checkov.unanswered(found, given), checkov.unneeded(found, given)
    for finding in new:
        print(f"{finding.rule} {finding.resource}: {finding.name}")
    for answer in old:
        print(f"{answer.rule} {answer.resources}: nothing needs this answer any more")
    print(f"{len(found)} findings, {len(found) - len(new)} of them answered")
    return 1 if new or old else 0


if __name__ == "__main__":
    raise SystemExit(main())
