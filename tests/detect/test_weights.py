from __future__ import annotations

import hashlib
import re

from streamproc.detect import weights
from streamproc.detect.default import DefaultDetector


def test_readme_tells_size_digest_and_licence_of_every_file_that_ships() -> None:
    folder = weights.FACES.path.parent
    sections = re.split(r"^## ", (folder / "README.md").read_text(), flags=re.MULTILINE)[1:]
    told = {section.split("\n", 1)[0]: section for section in sections}
    assert set(told) == {path.name for path in folder.glob("*.onnx")}
    assert {used.path.name for used in DefaultDetector.weights} == set(told)
    for used in DefaultDetector.weights:
        section = told[used.path.name]
        assert used.sha256 == hashlib.sha256(used.path.read_bytes()).hexdigest()
        assert used.sha256 in section
        assert f"bytes: {used.size}\n" in section
        licence = re.search(r"licence: (\S+) \((LICENSE-\S+)\)", section)
        assert licence is not None
        assert licence[1] == used.licence
        assert licence[1].split("-")[0] in (folder / licence[2]).read_text().replace("Apache License", "Apache")
