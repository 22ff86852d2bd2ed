"""Make .venv and install the hash-locked packages: `python3 opsboard/install.py base` (or `dev`).

Any Python 3 can read this file, so that an old one gets a sentence instead of a traceback. uv installs, from the same
lock and with pip's own settings (mirrors, proxies, certificates); where uv can't be had, pip does it, more slowly.
"""

import hashlib
import os
import shlex
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
UV = os.path.join(VENV, "installer", "bin", "uv")
OLDEST = (3, 12)
FROM_PIP = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "find-links": "UV_FIND_LINKS",
    "cert": "SSL_CERT_FILE",
}


def say(sentence):  # type: (str) -> None
    sys.stderr.write("opsboard: " + sentence + "\n")
    sys.stderr.flush()


def lock(kind):  # type: (str) -> str
    return os.path.join(ROOT, "requirements", kind + ".txt")


def digest(path):  # type: (str) -> str
    with open(path, "rb") as handle:
        return hashlib.sha256(handle.read()).hexdigest()


def stamp(kind):  # type: (str) -> str
    return os.path.join(VENV, "installed-" + kind)


def installed(kind):  # type: (str) -> bool
    if not os.path.exists(stamp(kind)):
        return False
    with open(stamp(kind)) as handle:
        return handle.read() == digest(lock(kind))


def run(command, **more):  # type: (list[str], object) -> tuple[int, str]
    done = subprocess.run(  # type: ignore[call-overload]
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more
    )
    return done.returncode, done.stdout.decode("utf-8", "replace")


def make_environment():  # type: () -> bool
    if os.path.exists(PYTHON):
        check = f"import sys; sys.exit(sys.version_info < {OLDEST!r})"
        if run([PYTHON, "-c", check])[0] == 0:
            return True
        say("the Python of .venv is gone or too old; making .venv anew.")
    code, said = run([sys.executable, "-m", "venv", "--clear", VENV])
    if code:
        shutil.rmtree(VENV, ignore_errors=True)
        if "ensurepip" in said:
            version = "{}.{}".format(*sys.version_info)
            say(
                "this Python can't make a .venv. On Debian or Ubuntu: apt install python"
                + version
                + "-venv, then try again."
            )
        else:
            say("making .venv failed:\n" + said.strip())
        return False
    return True


def settings_for_uv():  # type: () -> dict[str, str]
    """pip's configuration in uv's words; what is set for uv itself wins."""
    environment = dict(os.environ)
    code, said = run([PYTHON, "-m", "pip", "config", "list"])
    for line in said.splitlines() if code == 0 else ():
        name, _equals, value = line.partition("=")
        variable = FROM_PIP.get(name.rpartition(".")[2])
        if variable and variable not in environment:
            environment[variable] = " ".join(shlex.split(value))
    environment.setdefault("UV_INDEX_STRATEGY", "unsafe-best-match")  # the hashes say which file is right
    environment.setdefault("UV_PYTHON_DOWNLOADS", "never")
    environment["VIRTUAL_ENV"] = VENV
    return environment


def install(kind):  # type: (str) -> bool
    for old in ("base", "dev"):
        if os.path.exists(stamp(old)):
            os.unlink(stamp(old))
    pip = [PYTHON, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--require-hashes"]
    if not os.path.exists(UV):
        run([*pip, "--target", os.path.join(VENV, "installer"), "-r", lock("installer")])
    said_by_uv = "uv could not be installed"
    if os.path.exists(UV):
        code, said_by_uv = run(
            [UV, "pip", "install", "--quiet", "--compile-bytecode", "--require-hashes", "-r", lock(kind)],
            env=settings_for_uv(),
        )
        if code == 0:
            return True
    reason = (said_by_uv.strip().splitlines() or ["uv failed"])[-1].strip()
    say("installing with pip, which takes a minute or two (" + reason + ").")
    code, said = run([*pip, "-r", lock(kind)])
    if code:
        say("the packages could not be installed:\n" + said.strip()[-3000:])
        if "No space left" in said:
            say("the disk is full. Free 2 GB and try again.")
        else:
            say("if the network or a proxy is the reason, set pip up for it (pip config, HTTPS_PROXY) and try again.")
    return code == 0


def main(kind):  # type: (str) -> int
    if sys.version_info < OLDEST:
        say("Python 3.12 or later is needed, and this is " + sys.version.split()[0] + ".")
        return 1
    if os.path.exists(stamp("dev")):
        kind = "dev"  # never take the tools away from somebody who tests
    if os.path.exists(PYTHON) and installed(kind) and run([PYTHON, "-c", ""])[0] == 0:
        return 0
    say("installing the Python packages (the first time, and when they change).")
    if not make_environment() or not install(kind):
        return 1
    with open(stamp(kind), "w") as handle:
        handle.write(digest(lock(kind)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "base"))
