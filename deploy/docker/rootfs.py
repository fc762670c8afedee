"""Makes the root file system of the image, in the build stage: ``rootfs.py PACKAGES WHEELS OUT``.

The packages and wheels may be of another architecture than this machine: only the trial runs something of them.
``OUT/system`` gets the files of the Debian packages in the folder PACKAGES without any program but Python, ``OUT/packages``
(filled by pip) and ``OUT/application`` are pruned; all get bytecode of what the services import, fixed modes and one time stamp,
so that the same input gives the same layers.

``rootfs.py documents WHEELS OUT`` prunes ``OUT/documents``, the layer of the typesetter, which lies over the others.
"""  # noqa: INP001 - a script of the image build, not a module

from __future__ import annotations

import hashlib
import json
import os
import py_compile
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from urllib.parse import unquote, urlsplit

PYTHON = "python3.11"
USER_ID = 10001
FILE_TIME = 1767225600
"""One time for every file, 2026-01-01, whatever the commit: a layer whose content stays is the same layer in the next version."""

LEFT_OUT_MODULES = frozenset(
    {
        *("_curses", "_curses_panel", "_dbm", "_gdbm", "_tkinter", "nis", "readline"),
        *(f"_codecs_{name}" for name in ("cn", "hk", "iso2022", "jp", "kr", "tw")),
        *("_ctypes_test", "_testbuffer", "_testcapi", "_testclinic", "_testimportmultiple", "_testinternalcapi"),
        *("_testmultiphase", "_xxtestfuzz", "xxlimited", "xxlimited_35"),
    }
)
"""Extension modules of the standard library that no service needs: their libraries, encodings of the Far East, its own tests."""

LEFT_OUT_PATHS = (
    "/usr/share/man/", "/usr/share/lintian/", "/usr/share/info/", "/usr/share/pixmaps/", "/usr/share/applications/",
    "/usr/share/binfmts/", "/usr/share/locale/", "/usr/share/base-files/", "/usr/share/ca-certificates/", "/usr/lib/valgrind/",
    "/usr/share/gdb/", "/etc/update-motd.d/", "/etc/ca-certificates/", "/etc/profile", "/etc/ld.so.conf.d/",
    "/usr/share/python3/", "/etc/dpkg/", "/etc/python", "/usr/share/gcc/", "/usr/lib/binfmt.d/", "/etc/issue",
    f"/usr/lib/{PYTHON}/lib2to3/", f"/usr/lib/{PYTHON}/pydoc_data/", f"/usr/lib/{PYTHON}/test/",
    f"/usr/lib/{PYTHON}/turtle.py", f"/usr/lib/{PYTHON}/xmlrpc/", f"/usr/lib/{PYTHON}/_pydecimal.py",
    f"/usr/lib/{PYTHON}/curses/", f"/usr/lib/{PYTHON}/venv/",
)  # fmt: skip
LEFT_OUT_PARTS = (
    "/gconv/",
    "/audit/",
    "/libmvec.so",
    "/libc_malloc_debug.so",
    "/libmemusage.so",
    "/libpcprofile.so",
    "/libthread_db.so",
)
LEFT_OUT_STANDARD = frozenset(
    (
        "_pydecimal",
        "_pyio",
        "aifc",
        "antigravity",
        "asynchat",
        "asyncore",
        "bdb",
        "cProfile",
        "cgi",
        "cgitb",
        "chunk",
        "compileall",
        "crypt",
        "doctest",
        "ftplib",
        "imaplib",
        "imghdr",
        "mailbox",
        "mailcap",
        "modulefinder",
        "nntplib",
        "pdb",
        "pickletools",
        "pipes",
        "poplib",
        "profile",
        "pstats",
        "pyclbr",
        "rlcompleter",
        "smtpd",
        "sndhdr",
        "sunau",
        "symtable",
        "tabnanny",
        "telnetlib",
        "this",
        "trace",
        "wave",
        "xdrlib",
        "zipapp",
    )
)
"""Modules of the standard library for people at a terminal, for dying protocols and sounds, and in Python what is here in C."""
CHARACTER_SETS = frozenset(
    (
        "__init__",
        "aliases",
        "ascii",
        "charmap",
        "cp437",
        "cp850",
        "cp1252",
        "idna",
        "iso8859_1",
        "iso8859_15",
        "latin_1",
        "punycode",
        "raw_unicode_escape",
        "undefined",
        "unicode_escape",
        "utf_16",
        "utf_16_be",
        "utf_16_le",
        "utf_32",
        "utf_32_be",
        "utf_32_le",
        "utf_7",
        "utf_8",
        "utf_8_sig",
        "base64_codec",
        "bz2_codec",
        "hex_codec",
        "quopri_codec",
        "rot_13",
        "uu_codec",
        "zlib_codec",
    )
)
"""The encodings of texts that reach the marketplace, and of names in archives; the rest are code pages of elsewhere, 1.2 MB."""
PROGRAM_DIRECTORIES = ("/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/")
MERGED = ("lib", "lib64")
"""Folders that are links to those of the same name below ``usr``; packages still name them."""
PROGRAMS = ("/usr/bin/python3", f"/usr/bin/{PYTHON}")
PARTS = ("system", "packages", "application")
DOCUMENTS = "documents"
FOR_THE_TYPESETTER = ("app/services/contracts/documents/fonts", "app/services/contracts/documents/templates")
"""What only the typesetter reads: it lies in its layer."""
EXTENSIONS = (f"/usr/lib/{PYTHON}/lib-dynload", f"/usr/local/lib/{PYTHON}/dist-packages")
WHEELS = "usr/local/share/efa-marktplatz/wheels.sha256"
TRIAL = Path(__file__).with_name("trial.py")
LICENCE_TEXTS = ("/usr/share/doc/", "/copyright")

LOCALES = ("root", "de", "de_DE", "en", "en_001", "en_DE", "en_GB")
"""The locales in which the marketplace speaks; Babel ships a thousand."""

SEMANTICS = ("otel_attributes", "otel_metrics")
"""What OpenTelemetry reads of its conventions in preparation; the others name databases, clouds and the like."""
LEXERS = ("__init__", "_mapping", "python", "special")
STYLES = ("__init__", "_mapping", "default", "monokai")
UNICODE = ("__init__", "_versions", "unicode17-0-0")
"""What rich takes of the widths of characters; older editions are for terminals that ask for one by UNICODE_VERSION."""
CHOSEN = {
    "babel/locale-data/*.dat": LOCALES,
    "pygments/lexers/*.py": LEXERS,
    "opentelemetry/semconv/_incubating/*/*.py": SEMANTICS,
    "pygments/styles/*.py": STYLES,
    "rich/_unicode_data/*.py": UNICODE,
}
"""Of the files of a pattern those of these names stay."""
CHECK_DIGITS = ("__init__.py", "exceptions.py", "iso7064", "py.typed", "util.py")
"""What check digits need of python-stdnum; the rest are number systems of other countries and their tables, 6 MB."""
LEFT_OUT_OF_PACKAGES = (
    "anyio/_backends/_trio.py",
    "anyio/pytest_plugin.py",
    "babel/messages",
    "cffi",
    "click/testing.py",
    "fastapi/testclient.py",
    "fastapi_offline/static/redoc.standalone.js",
    *(f"google/{name}" for name in ("api", "cloud", "gapic", "logging", "longrunning", "rpc", "type")),
    "faststream/_internal/fastapi",
    "faststream/confluent",
    "faststream/kafka/fastapi",
    "faststream/mqtt",
    "faststream/nats",
    "faststream/rabbit",
    "faststream/redis",
    "google/protobuf/compiler",
    *(
        f"google/protobuf/{name}.py"
        for name in ("descriptor_pb2", "json_format", "proto_builder", "proto_json", "service_reflection")
    ),
    "google/protobuf/internal/json_format_benchmark.py",
    "google/protobuf/internal/message_benchmark.py",
    "gridfs",
    *(f"opentelemetry/exporter/otlp/proto/common/_internal/{name}" for name in ("_log_encoder", "metrics_encoder")),
    *(f"opentelemetry/exporter/otlp/proto/http/{name}" for name in ("_log_exporter", "metric_exporter")),
    *(f"opentelemetry/sdk/{name}" for name in ("_configuration", "_logs", "metrics")),
    "opentelemetry/semconv/trace",
    *(f"packaging/{name}" for name in ("dependency_groups.py", "direct_url.py", "licenses", "metadata.py", "pylock.py")),
    *(f"prometheus_client/{name}" for name in ("bridge", "django", "openmetrics/parser.py", "parser.py", "twisted")),
    "pycparser",
    "pydantic/mypy.py",
    "pydantic/v1",
    "pygments/formatters",
    "pyparsing",
    "rdflib/contrib",
    "rdflib/extras",
    *(
        f"rdflib/plugins/parsers/{name}.py"
        for name in ("hext", "jsonld", "notation3", "nquads", "patch", "rdfxml", "trig", "trix")
    ),
    *(f"rdflib/plugins/stores/{name}.py" for name in ("auditable", "concurrent", "rdf4j", "sparqlconnector", "sparqlstore")),
    *(f"rdflib/plugins/serializers/{name}.py" for name in ("hext", "longturtle", "nquads", "patch", "trig", "trix")),
    "rdflib/plugins/sparql",
    "rdflib/tools",
    "starlette/testclient.py",
    "typer/testing.py",
    *(f"tzdata/zoneinfo/{table}" for table in ("iso3166.tab", "tzdata.zi", "zone.tab", "zone1970.tab", "zonenow.tab")),
    *(f"tzdata/zoneinfo/{part}" for part in ("Africa", "America", "Antarctica", "Asia", "Australia", "Indian", "Pacific")),
    *(f"tzdata/zoneinfo/{part}" for part in ("Arctic", "Atlantic", "Brazil", "Canada", "Chile", "Mexico", "US")),
    "urllib3/contrib/emscripten",
)
"""What works only with packages that are not here or no page shows, Pydantic's first edition (FastAPI looks whether a type is one
of its models, and takes it that there is none), compilers of extension modules, of messages and of catalogs of texts, of
OpenTelemetry what is not a trace, of rdflib queries, readers and further writers: a graph is only written here, readers of what
Python packages and metrics say of themselves, tools of tests, and time zones of other continents."""

SOURCE_SUFFIXES = (".c", ".cpp", ".h", ".pxd", ".pxi", ".pyi", ".pyx", ".rs")
FILES = {
    "etc/passwd": f"root:x:0:0:root:/:/nonexistent\nmarktplatz:x:{USER_ID}:{USER_ID}:EfA-Marktplatz:/tmp:/nonexistent\n",
    "etc/group": f"root:x:0:\nmarktplatz:x:{USER_ID}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
}


def belongs(path: str, source: Path) -> bool:
    """Return whether a file of a Debian package belongs into the image: its path there, and where it was unpacked."""
    if path.startswith(LICENCE_TEXTS[0]):
        shared_text = source.is_symlink() and path.count("/") == LICENCE_TEXTS[0].count("/")
        return shared_text or path.endswith(LICENCE_TEXTS[1])
    if path.startswith(PROGRAM_DIRECTORIES):
        return path in PROGRAMS
    folder, _, name = path.rpartition("/")
    if folder == f"/usr/lib/{PYTHON}" and name.removesuffix(".py") in LEFT_OUT_STANDARD:
        return False
    if folder == f"/usr/lib/{PYTHON}/encodings" and name.removesuffix(".py") not in CHARACTER_SETS:
        return False
    return not path.startswith(LEFT_OUT_PATHS) and not any(part in path for part in LEFT_OUT_PARTS)


def system(root: Path, archives: Path) -> None:
    """Unpack the files of the packages, and what Debian's scanners read to know them, with the SHA-256 of each archive."""
    for name in ("usr/lib", "usr/lib64", "tmp", "etc/ssl/certs", "var/lib/dpkg/status.d"):
        (root / name).mkdir(parents=True)
    for name in MERGED:
        (root / name).symlink_to(f"usr/{name}")
    for archive in sorted(archives.glob("*.deb")):
        with tempfile.TemporaryDirectory() as unpacked:
            folder = Path(unpacked)
            run("dpkg-deb", "--extract", str(archive), unpacked)
            for source in sorted(folder.rglob("*")):
                path = source.relative_to(folder).as_posix()
                if (source.is_symlink() or source.is_file()) and belongs(f"/{path}", source):
                    copy(source, root / (f"usr/{path}" if path.startswith(tuple(f"{name}/" for name in MERGED)) else path))
        digest = hashlib.sha256(archive.read_bytes()).hexdigest()
        status = f"{run('dpkg-deb', '--field', str(archive)).rstrip()}\nStatus: install ok installed\nSHA256: {digest}\n"
        package = run("dpkg-deb", "--field", str(archive), "Package").strip()
        (root / "var/lib/dpkg/status.d" / package).write_text(status, encoding="utf-8")
    copy(Path("/etc/ssl/certs/ca-certificates.crt"), root / "etc/ssl/certs/ca-certificates.crt")
    for name, text in FILES.items():
        (root / name).write_text(text, encoding="utf-8")
    for module in (root / f"usr/lib/{PYTHON}/lib-dynload").iterdir():
        if module.name.split(".")[0] in LEFT_OUT_MODULES:
            module.unlink()


def name_wheels(root: Path, report: Path, below: Path | None = None) -> None:
    """Write the SHA-256 and name of each wheel that was installed, for the SBOM, from pip's report, and of those ``below``."""
    lines = [] if below is None else (below / WHEELS).read_text(encoding="ascii").splitlines(keepends=True)
    for item in json.loads(report.read_text(encoding="utf-8"))["install"]:
        origin = item["download_info"]
        algorithm, _, digest = origin["archive_info"]["hash"].partition("=")
        if algorithm != "sha256":
            raise ValueError(f"{origin['url']} is pinned by {algorithm}, not by SHA-256")
        lines.append(f"{digest}  {unquote(urlsplit(origin['url']).path).rpartition('/')[2]}\n")
    target = root / WHEELS
    target.parent.mkdir(parents=True)
    target.write_text("".join(sorted(lines, key=lambda line: line.split()[1])), encoding="ascii")


def prune_packages(root: Path) -> None:
    """Remove from the wheels what no service reads: scripts, sources of extension modules, other locales, lexers, numbers."""
    site = site_of(root)
    shutil.rmtree(site / "bin", ignore_errors=True)
    for pattern, names in CHOSEN.items():
        for path in site.glob(pattern):
            if path.stem not in names:
                path.unlink()
    for path in (site / "stdnum").iterdir():
        if path.name not in CHECK_DIGITS:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in (site / name for name in LEFT_OUT_OF_PACKAGES):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for path in site.glob("*.dist-info/METADATA"):
        # Below the fields is what the index shows of the package.
        fields, _, _ = path.read_text("utf-8").partition("\n\n")
        path.write_text(f"{fields}\n", "utf-8")
    for path in site.rglob("*"):
        # A list of the files as they were installed is not true any more.
        if path.suffix in SOURCE_SUFFIXES or (path.name == "RECORD" and path.parent.suffix == ".dist-info"):
            path.unlink()


def strip_symbols(root: Path) -> None:
    """Strip debugging symbols from the extension modules of the wheels."""
    run(
        "strip",
        "--strip-unneeded",
        "--enable-deterministic-archives",
        *(str(path) for path in sorted(site_of(root).rglob("*.so"))),
    )


def import_everything(out: Path) -> list[str]:
    """Import every extension module and every module of ours inside the file system as it will be; return the files imported.

    A library that is missing fails here, not in operation. Raises CalledProcessError.
    """
    trial = out / "trial"
    for part in PARTS:
        shutil.copytree(out / part, trial, symlinks=True, dirs_exist_ok=True)
    (trial / "dev").mkdir()
    shutil.copy2(TRIAL, trial / TRIAL.name)
    command = ("chroot", str(trial), "/usr/bin/python3", "-B", f"/{TRIAL.name}", *EXTENSIONS)
    files = run(*command).splitlines()
    shutil.rmtree(trial)
    return files


def compile_bytecode(root: Path, files: list[str]) -> None:
    """Compile those of the files that stand in this part; the bytecode names the source as it stands in the image.

    Modules that nothing imports at start keep their source only: half the size, and a few milliseconds should one be needed.
    """
    for name in files:
        source = root / name.lstrip("/")
        if source.is_file():
            py_compile.compile(
                str(source), dfile=name, doraise=True, invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH
            )


def settle(root: Path) -> None:
    """Give everything its mode and time: readable by all, writable by none but root; only /tmp is open."""
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
    if (root / "tmp").is_dir():
        (root / "tmp").chmod(0o1777)
    for path in (root, *root.rglob("*")):
        os.utime(path, (FILE_TIME, FILE_TIME), follow_symlinks=False)


def site_of(root: Path) -> Path:
    """Return the folder of installed wheels below a root."""
    return root / f"usr/local/lib/{PYTHON}/dist-packages"


def copy(source: Path, target: Path) -> None:
    """Copy a file or a symbolic link, making its folders."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target, follow_symlinks=False)


def run(*command: str) -> str:
    """Return what a command prints. Raises CalledProcessError."""
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout  # noqa: S603 - fixed programs


def main(packages: str, wheel_report: str, out_name: str) -> None:
    """Make the three parts of the root file system, or the layer over them."""
    out = Path(out_name)
    if packages == DOCUMENTS:
        root = out / DOCUMENTS
        name_wheels(root, Path(wheel_report), below=out / "packages")
        shutil.rmtree(site_of(root) / "bin", ignore_errors=True)
        strip_symbols(root)
        settle(root)
        return
    system(out / "system", Path(packages))
    name_wheels(out / "packages", Path(wheel_report))
    prune_packages(out / "packages")
    strip_symbols(out / "packages")
    files = import_everything(out)
    for name in FOR_THE_TYPESETTER:
        (out / DOCUMENTS / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.move(out / "application" / name, out / DOCUMENTS / name)
    for part in PARTS:
        compile_bytecode(out / part, files)
        settle(out / part)


if __name__ == "__main__":
    main(*sys.argv[1:])
