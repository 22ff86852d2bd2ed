"""The system's Chromium for the browser tests: `find()` it, or run this file to have it installed.

Best is the headless shell: the same browser without its own toolbars, which cost more than the pages of most tests.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

SHELLS = ("chromium-headless-shell", "chrome-headless-shell")
NAMES = (*SHELLS, "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
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
    if not apt("install", SHELLS[0]) and find() is None:
        say("Installing Chromium for the browser tests.")
        apt("update")
        if not apt("install", SHELLS[0]):
            apt("install", "chromium", aloud=True)


def apt(what: str, *names: str, aloud: bool = False) -> bool:
    """Whether it went well; why not is said aloud if nothing else can be tried."""
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    more = ("--no-install-recommends",) if names else ()
    done = subprocess.run(
        ["apt-get", what, "-qq", *more, *names],
        env=quiet,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode and aloud:
        say(done.stdout.decode(errors="replace")[-2000:])
    return done.returncode == 0


def main() -> int:
    if Path(find() or "").name not in SHELLS and "CHROMIUM" not in os.environ:
        install()
    if find() is not None:
        return 0
    say(
        "The browser tests need Chromium or Chrome. Debian: apt install chromium-headless-shell; Fedora: dnf install chromium; "
        "macOS: brew install --cask google-chrome; or set CHROMIUM to its path."
    )
    if os.environ.get("CI", "").lower() in {"1", "true"}:
        return 1
    say("Going on without: the browser tests are skipped.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
