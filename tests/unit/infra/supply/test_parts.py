"""Lists of what is deployed, and their licences."""

import json
import re
from pathlib import Path

import jsonschema
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.schema import _res as schemas
from hypothesis import given
from hypothesis import strategies as st
from referencing import Registry, Resource

from infra.supply import __main__ as command
from infra.supply import bom, licences, parts
from infra.supply.licences import ANSWERED, Finding
from infra.supply.parts import Part

THINGS = parts.things()
EVERY = [part for found in THINGS.values() for part in found]


def schema(name: str) -> dict[str, object]:
    told: dict[str, object] = json.loads(Path(schemas.__path__[0], name).read_text())
    return told


@pytest.fixture(scope="module")
def validator() -> jsonschema.Draft7Validator:
    """CycloneDX's own schema, as its library brings it."""
    named = ("spdx.SNAPSHOT.schema.json", "jsf-0.82.SNAPSHOT.schema.json")
    known = [(f"http://cyclonedx.org/schema/{name}", Resource.from_contents(schema(name))) for name in named]
    registry: Registry[object] = Registry().with_resources(known)
    told = schema(f"bom-{SchemaVersion.V1_6.to_version()}.SNAPSHOT.schema.json")
    return jsonschema.Draft7Validator(told, registry=registry)


def test_nothing_that_is_deployed_has_an_unknown_or_unanswered_licence() -> None:
    assert licences.findings(EVERY) == []
    assert licences.bundled(EVERY) == []


def test_the_layer_is_told_with_the_hashes_of_its_wheels() -> None:
    layer = THINGS["lambda-layer"]
    pins = re.findall(r"^([a-z0-9-]+)==(\S+)", Path("layers/runtime/requirements.txt").read_text(), re.MULTILINE)
    assert {(part.name, part.version) for part in layer} == set(pins)
    assert all(len(part.sha256) == 1 for part in layer)
    (pydantic,) = (part for part in layer if part.name == "pydantic")
    assert "pydantic-core" in pydantic.needs


def test_a_worker_has_what_its_engines_ask_for_and_no_others() -> None:
    cpu, gpu = ({part.name for part in THINGS[f"worker-{name}"]} for name in ("cpu", "gpu"))
    assert {"av", "boto3", "numpy", "pydantic", "scipy", "soxr"} <= cpu & gpu
    assert {"demucs", "torch", "transformers"} <= gpu - cpu
    assert "torchaudio" not in gpu, "an extra that nobody asks for brings nothing"
    assert not {"pytest", "aws-cdk-lib", "moto"} & (cpu | gpu)


def test_versions_are_those_of_the_lock() -> None:
    locked = dict(re.findall(r"^([A-Za-z0-9._-]+)==(\S+)", Path("requirements.lock").read_text(), re.MULTILINE))
    locked = {name.lower().replace("_", "-").replace(".", "-"): version for name, version in locked.items()}
    wrong = {p.name: (p.version, locked[p.name]) for p in EVERY if p.name in locked and p.version != locked[p.name]}
    assert wrong == {}


def test_the_studio_ships_what_runs_and_not_what_builds() -> None:
    lock = Path("infra/studio/package-lock.json")
    shipped, every = THINGS["studio"], parts.of_npm(lock, dev=True)
    wanted = json.loads(Path("infra/studio/package.json").read_text())["dependencies"]
    assert set(wanted) <= {part.name for part in shipped}
    assert set(shipped) < set(every)
    assert "typescript" not in {part.name for part in shipped}


@pytest.mark.parametrize("thing", THINGS)
def test_a_list_is_of_the_form_that_it_says(thing: str, validator: jsonschema.Draft7Validator) -> None:
    made = bom.bom(thing, THINGS[thing], version="1.2.3")
    assert [error.message for error in validator.iter_errors(made)] == []
    refs = [each["bom-ref"] for each in made["components"]]
    assert len(refs) == len(set(refs)) == len(THINGS[thing])
    known = {*refs, made["metadata"]["component"]["bom-ref"]}
    assert all(each["ref"] in known and set(each["dependsOn"]) <= known for each in made["dependencies"])


def test_the_schema_would_find_a_fault(validator: jsonschema.Draft7Validator) -> None:
    made = bom.bom("studio", THINGS["studio"], version="1")
    made["components"][0]["type"] = "no such type"
    assert list(validator.iter_errors(made))


def test_the_same_parts_make_the_same_list() -> None:
    found = THINGS["studio"]
    once, again = bom.bom("studio", found, version="1"), bom.bom("studio", reversed(found), version="1")
    assert bom.text(once) == bom.text(again)
    assert bom.bom("studio", found[1:], version="1")["serialNumber"] != once["serialNumber"]


@pytest.mark.parametrize(
    ("part", "purl"),
    [
        (Part("npm", "@preact/signals", "1"), "pkg:npm/%40preact/signals@1"),
        (Part("pypi", "typing_extensions", "4.1"), "pkg:pypi/typing-extensions@4.1"),
    ],
)
def test_a_part_has_its_name_in_every_registry(part: Part, purl: str) -> None:
    assert part.purl == purl


@pytest.mark.parametrize(
    "licence",
    ["", "GPL-3.0-only", "AGPL-3.0-or-later", "MIT AND GPL-2.0-only", "LGPL-2.1-or-later", "a word", "MIT AND", "((("],
)
def test_what_binds_us_is_found(licence: str) -> None:
    found = licences.findings([Part("pypi", "new", "1", licence)])
    assert [each.part for each in found if "new" in each.part] == ["new 1"]


@pytest.mark.parametrize(
    "licence",
    ["MIT", "GPL-3.0-only OR MIT", "Apache-2.0 WITH LLVM-exception", "MIT AND (BSD-3-Clause OR AGPL-3.0-only)"],
)
def test_what_leaves_us_free_is_none(licence: str) -> None:
    assert not [each for each in licences.findings([Part("npm", "new", "1", licence)]) if "new" in each.part]


@given(st.sampled_from(sorted(licences.FREE)), st.sampled_from(["GPL-3.0-only", "AGPL-3.0-only", "SSPL-1.0"]))
def test_one_may_choose_of_an_or_and_not_of_an_and(free: str, bound: str) -> None:
    def against(licence: str) -> bool:
        return any("new" in each.part for each in licences.findings([Part("pypi", "new", "1", licence)]))

    assert not against(f"{free} OR {bound}")
    assert against(f"{free} AND {bound}")


def test_an_answer_that_nobody_needs_is_found() -> None:
    free = [Part("pypi", name, "1", "MIT") for name in ANSWERED]
    assert {each.part for each in licences.findings(free)} == set(ANSWERED)


def test_what_torch_brings_where_it_is_built_for_cuda_is_answered_for() -> None:
    said, unsaid = "LicenseRef-NVIDIA-Proprietary", ""
    brought = [Part("pypi", "nvidia-cublas", "13", said), Part("pypi", "cuda-toolkit", "13", unsaid)]
    others = [Part("pypi", "cupy", "13", said), Part("npm", "nvidia-x", "1", said)]
    assert {each.part for each in licences.findings([*brought, *others])} - set(ANSWERED) == {"cupy 13", "nvidia-x 1"}


def test_libraries_inside_wheels_are_looked_at() -> None:
    """PyAV's metadata say BSD-3-Clause; what its wheel brings along is another matter."""
    assert licences.bundled([]) == [
        Finding("av", "libx264 is not in its wheel any more"),
        Finding("av", "libx265 is not in its wheel any more"),
    ]


def test_the_command_writes_them_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["bom", "--out", str(tmp_path / "new")]) == 0
    assert {path.name for path in (tmp_path / "new").iterdir()} == {f"{name}.cdx.json" for name in THINGS}
    assert f"worker-cpu.cdx.json: {len(THINGS['worker-cpu'])} parts" in capsys.readouterr().out


def test_a_package_that_is_not_here_is_said(tmp_path: Path) -> None:
    (tmp_path / "r.txt").write_text("no-such-package==1.0\n")
    with pytest.raises(LookupError, match="make venv"):
        parts.pinned(tmp_path / "r.txt")
