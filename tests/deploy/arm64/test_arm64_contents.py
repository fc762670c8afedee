"""What holds for the image holds for the one of arm64: the same tests, but for the second build, on the other image."""

from __future__ import annotations

import json
import struct
import tarfile
from pathlib import Path
from typing import Any

from tests.deploy.arm64.conftest import ARCHITECTURE
from tests.deploy.images.test_images_contents import (
    HARDENED,
    config,
    members,
    python,
    test_a_missing_setting_is_said_and_ends_with_an_error,
    test_a_shell_cannot_be_started,
    test_all_modules_import_and_nothing_that_is_imported_lacks_its_bytecode,
    test_every_debian_package_comes_with_its_licence_text,
    test_it_has_no_capability_and_cannot_gain_any,
    test_it_runs_as_a_numeric_user_without_rights,
    test_labels_say_what_it_is_and_where_it_comes_from,
    test_nothing_but_tmp_may_be_written_by_others_and_nothing_raises_rights,
    test_the_entry_point_is_the_command_line,
    test_the_environment_holds_no_secret_and_no_path_of_the_build_machine,
    test_the_image_is_smaller_than_120_mb,
    test_there_is_no_shell_no_installer_and_one_program,
    test_tls_trusts_debians_certificate_bundle,
    test_writing_outside_tmp_is_refused,
)
from tests.deploy.images.test_images_licences import sbom
from tests.support.docker import ROOT, docker

__all__ = [
    "config",
    "members",
    "test_a_missing_setting_is_said_and_ends_with_an_error",
    "test_a_shell_cannot_be_started",
    "test_all_modules_import_and_nothing_that_is_imported_lacks_its_bytecode",
    "test_every_debian_package_comes_with_its_licence_text",
    "test_it_has_no_capability_and_cannot_gain_any",
    "test_it_runs_as_a_numeric_user_without_rights",
    "test_labels_say_what_it_is_and_where_it_comes_from",
    "test_nothing_but_tmp_may_be_written_by_others_and_nothing_raises_rights",
    "test_the_entry_point_is_the_command_line",
    "test_the_environment_holds_no_secret_and_no_path_of_the_build_machine",
    "test_the_image_is_smaller_than_120_mb",
    "test_there_is_no_shell_no_installer_and_one_program",
    "test_tls_trusts_debians_certificate_bundle",
    "test_writing_outside_tmp_is_refused",
]

AARCH64 = 183
"""The machine number of arm64 in the header of a program (ELF, e_machine)."""

TRIAL = ROOT / "deploy/docker/trial.py"
EXTENSIONS = ("/usr/lib/python3.11/lib-dynload", "/usr/local/lib/python3.11/dist-packages")


def test_the_image_says_that_it_is_for_arm64_and_runs_as_such(config: dict[str, Any], product: str) -> None:
    assert (config["Os"], config["Architecture"]) == ("linux", ARCHITECTURE)
    assert python(product, "import platform; print(platform.machine())").strip() == "aarch64"


def test_every_program_and_library_is_of_arm64(product: str, tmp_path: Path) -> None:
    archive = tmp_path / "image.tar"
    docker("image", "save", "--output", str(archive), product)
    machines: dict[str, int] = {}
    with tarfile.open(archive) as image:
        for layer in json.load(image.extractfile("manifest.json") or _missing("manifest.json"))[0]["Layers"]:
            with tarfile.open(fileobj=image.extractfile(layer)) as content:
                for member in content:
                    reader = content.extractfile(member) if member.isfile() else None
                    head = reader.read(20) if reader else b""
                    if head.startswith(b"\x7fELF"):
                        machines[member.name] = struct.unpack_from("<H", head, 18)[0]
    assert len(machines) > 50
    assert {name: machine for name, machine in machines.items() if machine != AARCH64} == {}


def _missing(name: str) -> Any:
    raise AssertionError(f"the saved image has no {name}")


def test_every_extension_module_and_every_module_of_the_product_imports(product: str) -> None:
    trial = ("--volume", f"{TRIAL}:/trial.py:ro", "--entrypoint", "/usr/bin/python3", product, "/trial.py")
    loaded = docker("run", "--rm", *HARDENED, *trial, *EXTENSIONS).splitlines()
    assert len(loaded) > 500
    assert "/app/marktplatz/process.py" in loaded


def test_the_bill_of_materials_names_the_packages_of_arm64(product: str, tmp_path: Path) -> None:
    assert sbom.main(tmp_path, product) == 0
    bom = json.loads((tmp_path / "sbom.cdx.json").read_text(encoding="utf-8"))
    purls = [component["purl"] for component in bom["components"] if component["purl"].startswith("pkg:deb/")]
    assert len(purls) > 10
    assert [purl for purl in purls if f"arch={ARCHITECTURE}&" not in purl and "arch=all&" not in purl] == []
    wheels = python(product, f"print(open('/{sbom.WHEELS}').read())").split()
    compiled = [name for name in wheels if name.endswith(".whl") and not name.endswith("-any.whl")]
    assert compiled
    assert all("aarch64" in name for name in compiled)
