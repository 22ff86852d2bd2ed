"""The system's Chromium for the browser tests: `find()` it, or run this file to have it installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
ON_A_MAC = Path("/Applications/Google Chrome.app/Contents/MacOS/Google Chrome")


def say(sentence: str) -> None:
    sys.stderr.write(f"{sentence}\n")
    sys.stderr.flush()


def find() -> str | None:
    """The browser's path: CHROMIUM if set, else the first of the usual names."""
    if given := os.environ.get("CHROMIUM"):
        return shutil.which(given)
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    return found or (str(ON_A_MAC) if ON_A_MAC.exists() else None)


def install() -> None:
    """On Debian as root only; elsewhere people install browsers themselves."""
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    say("Installing Chromium for the browser tests.")
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-qq"], ["apt-get", "install", "-qq", "--no-install-recommends", "chromium"]):
        done = subprocess.run(
            command, env=quiet, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        if done.returncode:
            say(done.stdout.decode(errors="replace")[-2000:])


def main() -> int:
    if find() is None:
        install()
    if find() is not None:
        return 0
    say(
        "The browser tests need Chromium or Chrome. Debian: apt install chromium; Fedora: dnf install chromium; "
        "macOS: brew install --cask google-chrome; or set CHROMIUM to its path."
    )
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        return 1
    say("Going on without: the browser tests are skipped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
