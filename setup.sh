#!/bin/sh
# Sets up .venv with the locked dependencies and the command agent-metrics. Run by make; safe to run again.
#   setup.sh users        what the command and its page need (requirements.lock), and the extras that are here already
#   setup.sh EXTRA...     that and these extras, e.g. setup.sh postgres prefect
#   setup.sh developers   that, all other parts and the tools of the tests (requirements-dev.lock)
#   setup.sh java         only sees to it that there is a Java runtime, which the tests of the engine spark need
#   setup.sh chromium     the same for the browser in which the page is tested
#   setup.sh pgbouncer    the same for the pooler before Postgres
#   setup.sh datacontract .venv/datacontract for its tests: the tool wants another version of Typer than ours is
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

if [ "${1:-}" = pgbouncer ]; then
    command -v pgbouncer >/dev/null || [ -x /usr/sbin/pgbouncer ] || {
        debian pgbouncer && { systemctl disable -q --now pgbouncer 2>/dev/null || true; }  # the tests start their own
    } || say "NO PGBOUNCER: tests of Postgres behind it will fail; install it (on Debian: sudo apt-get install pgbouncer)"
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

# The extras whose packages are all in .venv: an upgrade keeps them.
extras_here() {
    .venv/bin/python - 2>/dev/null <<'END' || true
from importlib.metadata import distributions, metadata, requires
from packaging.requirements import Requirement

here = {one.metadata["Name"].lower().replace("_", "-") for one in distributions()}
every = [Requirement(one) for one in requires("customer-agent-metrics")]
for extra in metadata("customer-agent-metrics").get_all("Provides-Extra"):
    own = {one.name for one in every if one.marker and one.marker.evaluate({"extra": extra})}
    if extra not in ("dev", "dashboard") and own <= here:
        print(extra)
END
}

extras=
case ${1:-users} in
    users) lock=requirements.lock done=.venv/.usable extras=$(extras_here) ;;
    developers) lock=requirements-dev.lock done=.venv/.ready ;;
    datacontract) lock=tests/golden/datacontract.lock done=.venv/datacontract/.ready ;;
    *)
        lock=requirements.lock done=.venv/.usable extras="$(extras_here) $*"
        known=$(sed -n '/^\[project.optional-dependencies\]/,/^dev = /{/^dev/d;s/^\([a-z0-9]*\) = .*/\1/p}' pyproject.toml)
        for extra in "$@"; do
            echo "$known" | grep -qx "$extra" && continue
            say "there is nothing to set up for '$extra'; give users, developers, java, chromium, pgbouncer," \
                "datacontract, or extras:" $known
            exit 2
        done
        ;;
esac
extras=$(echo $extras | tr ' ' , )

pip_install() { .venv/bin/python -m pip install -q --disable-pip-version-check --no-deps "$@"; }

# What pip is told in its variables or its files. The variables are listed first, and they win.
pip_setting() { .venv/bin/python -m pip config list 2>/dev/null | sed -n "s/^[^.]*\\.$1='\\(.*\\)'\$/\\1/p" | head -n 1; }

# uv installs in parallel and takes seconds where pip takes minutes, but knows nothing of pip's settings.
uv_as_pip() {
    index=$(pip_setting index-url) certificates=$(pip_setting cert)
    [ -n "${UV_DEFAULT_INDEX:-${UV_INDEX_URL:-}}" ] || [ -z "$index" ] || export UV_DEFAULT_INDEX="$index"
    [ -z "$certificates" ] || export SSL_CERT_FILE="${SSL_CERT_FILE:-$certificates}"
    export UV_SYSTEM_CERTS="${UV_SYSTEM_CERTS:-true}"  # as pip does
}

with_uv() {
    sed -n '/^uv==/,/[^\\]$/p' requirements-dev.lock > .venv/uv.lock
    pip_install --require-hashes --target .venv/uv -r .venv/uv.lock || return 1
    uv_as_pip
    .venv/uv/bin/uv pip sync -q --require-hashes --python .venv/bin/python "$lock" || return 1
    [ -z "$extras" ] || .venv/uv/bin/uv pip install -q --python .venv/bin/python --no-build-isolation \
        -c requirements-dev.lock -e ".[$extras]"
}

with_pip() {
    pip_install --require-hashes -r "$lock"
    [ -n "$extras" ] || return 0
    sed -n 's/^\([a-z].*[^ ]\) *\\$/\1/p' requirements-dev.lock > .venv/versions.txt  # pip takes no hashes beside -e
    .venv/bin/python -m pip install -q --disable-pip-version-check --no-build-isolation -c .venv/versions.txt -e ".[$extras]"
}

if [ "${1:-}" = datacontract ]; then  # uv is among the developers' tools
    uv_as_pip
    say "installing the tool datacontract into .venv/datacontract"
    .venv/bin/uv venv -q --clear --python .venv/bin/python .venv/datacontract
    .venv/bin/uv pip sync -q --require-hashes --python .venv/datacontract/bin/python "$lock"
    cp "$lock" "$done"
    exit 0
fi

.venv/bin/python -m pip --version >/dev/null 2>&1 || "$PYTHON" -m venv --clear .venv
rm -f .venv/.usable .venv/.ready
say "installing the locked dependencies into .venv${extras:+, with the extras $extras}"
with_uv || {
    say "uv cannot do it here; pip can, which takes some minutes"
    with_pip
}
rm -rf .venv/uv
pip_install --no-build-isolation -e .  # built by the setuptools of the lock
if [ "$lock" = requirements.lock ]; then
    rm -rf .venv/lib/python3*/site-packages/marimo/_lsp  # 84 MB for editors; a page that is only shown needs none
fi
touch "$done"
