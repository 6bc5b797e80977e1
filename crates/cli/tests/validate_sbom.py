"""Checks SBOMs with the validators of those who keep the formats.

CycloneDX: cyclonedx-python-lib's strict validation against the official JSON schemas. SPDX 2.3:
spdx-tools. SPDX 3.0: spdx-python-model, which is generated from the official SHACL model and checks
types, properties, values and counts.

    python3 validate_sbom.py FILE...
"""

import json
import sys
from pathlib import Path


def cyclonedx(path, document):
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    version = SchemaVersion.from_version(document["specVersion"])
    error = JsonStrictValidator(version).validate_str(path.read_text())
    return [str(error)[:1000]] if error else []


def spdx2(path):
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    messages = validate_full_spdx_document(parse_file(str(path)))
    return [f"{message.context.spdx_id}: {message.validation_message}" for message in messages]


def spdx3(path):
    from spdx_python_model import v3_0_1 as model

    objects = model.SHACLObjectSet()
    with path.open() as file:
        model.JSONLDDeserializer().read(file, objects)
    kinds = [type(item).__name__ for item in objects.foreach()]
    problems = [f"{missing} is named, and not there" for missing in objects.link()]
    return problems if "software_Package" in kinds else [*problems, "no package"]


def problems(path):
    if path.suffix != ".json":
        return spdx2(path)
    document = json.loads(path.read_text())
    if "bomFormat" in document:
        return cyclonedx(path, document)
    return spdx2(path) if "spdxVersion" in document else spdx3(path)


failed = False
for name in sys.argv[1:]:
    try:
        found = problems(Path(name))
    except Exception as error:  # Whatever a validator throws is a finding.
        found = [repr(error)[:1000]]
    for problem in found[:20]:
        print(f"{name}: {problem}")
        failed = True
sys.exit(failed)
