#!/bin/sh
# Sets up .venv with the locked dependencies and the command agent-metrics. Run by make; safe to run again.
# With the word java: only sees to it that there is a Java runtime, which the tests of the engine spark need; with the
# word chromium, that there is the browser in which the page is tested.
set -eu
cd "$(dirname "$0")"
PYTHON=${PYTHON:-python3}

say() { echo "setup: $*" >&2; }

# Installs packages of Debian where it may; fails where it may not.
debian() {
    command -v apt-get >/dev/null && [ "$(id -u)" = 0 ] || return 1
    say "installing $*"
    { apt-get update -q && apt-get install -q -y --no-install-recommends "$@"; } >&2
}

if [ "${1:-}" = java ]; then
    command -v java >/dev/null || [ -x "${JAVA_HOME:-/nowhere}/bin/java" ] || debian default-jre-headless ||
        say "NO JAVA: the tests of the engine spark will fail; install Java 17 or 21" \
            "(on Debian: sudo apt-get install default-jre-headless)"
    exit 0
fi

if [ "${1:-}" = chromium ]; then
    command -v chromium >/dev/null || debian chromium fonts-dejavu-core ||
        say "NO CHROMIUM: the tests of the page will fail; install it (on Debian: sudo apt-get install chromium)"
    exit 0
fi

command -v "$PYTHON" >/dev/null || {
    say "there is no $PYTHON here; install Python 3.11, 3.12 or 3.13, or name one: make PYTHON=/path/to/python3.11 ..."
    exit 2
}
"$PYTHON" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || {
    say "$PYTHON is $("$PYTHON" -V 2>&1); Python 3.11, 3.12 or 3.13 is needed: make PYTHON=/path/to/python3.11 ..."
    exit 2
}

# Debian keeps ensurepip, without which there is no venv, in a package of its own.
if ! "$PYTHON" -c 'import ensurepip, venv' 2>/dev/null; then
    package=$("$PYTHON" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
    debian "$package" || {
        say "Python's venv module is missing; install it (on Debian: sudo apt-get install $package) and run make again"
        exit 2
    }
fi

[ -x .venv/bin/python ] && .venv/bin/python -c 'import pip' 2>/dev/null || "$PYTHON" -m venv --clear .venv
say "installing the locked dependencies into .venv"
.venv/bin/python -m pip install -q --disable-pip-version-check --require-hashes --no-deps -r requirements.lock
.venv/bin/python -m pip install -q --disable-pip-version-check --no-deps --no-build-isolation -e .
touch .venv/.ready
