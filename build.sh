#!/usr/bin/env bash
# Sets up what Nexus needs in this folder: Python packages under .venv, and a browser that prints.
#
#   ./build.sh            to run it (`make run`)
#   ./build.sh test       to test it too (`make test`, `make check`, `make bench`)
#   ./build.sh railway    in Railway's builders, which do the rest themselves
#
# It does only what is not done yet, so that it ends at once when nothing changed, and picks up after it was interrupted.
# Written for bash 3.2, which is what macOS has.
set -euo pipefail
cd "$(dirname "$0")"

purpose=${1:-run}
venv=.venv
say() { printf '%s\n' "nexus: $*" >&2; }
stop() { say "$@"; exit 1; }

# --- Python ---------------------------------------------------------------------------------------------------------

# The versions that every locked package has a build for.
supported='import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))'

# Prints the newest supported Python, one that can make environments before one that cannot.
choose_python() {
    local candidate first=
    for candidate in ${PYTHON:-python3.14 python3.13 python3.12 python3.11 python3}; do
        "$candidate" -c "$supported" 2>/dev/null || continue
        if "$candidate" -c 'import ensurepip, venv' 2>/dev/null; then
            echo "$candidate"
            return
        fi
        first=${first:-$candidate}
    done
    echo "$first"
}

# Runs a command as root, where that needs nobody to type a password.
as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo -n "$@"
    else
        return 1
    fi
}

apt_install() {
    command -v apt-get >/dev/null || return 1
    as_root true || return 1
    say "installing $* (Debian packages)"
    { as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" ||
        { as_root apt-get update -qq &&
            as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"; }; } >/dev/null 2>&1
}

make_environment() {
    local python version
    python=$(choose_python)
    [ -n "$python" ] || stop "no Python 3.11 to 3.14 is here. Install one (Debian: apt-get install python3; macOS: brew install python), then run this again."
    version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
        apt_install "python$version-venv" ||
            stop "Python $version here cannot make environments. Install that part (Debian: apt-get install python$version-venv), then run this again."
    fi
    say "making an environment with Python $version"
    rm -rf "$venv"
    "$python" -m venv "$venv"
}

pip_install() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes "$@"; }

# Installs the requirements in file $1, unless what $venv/$2 says is that exactly these are installed.
install_packages() {
    local wanted
    wanted=$(cksum <"$1")
    [ "$(cat "$venv/$2" 2>/dev/null)" = "$wanted" ] && return
    # A package that was being written when somebody pressed Ctrl-C looks installed, so such an environment is made anew.
    if [ -e "$venv/unfinished" ] || ! "$venv/bin/python" -c "$supported; import pip" 2>/dev/null; then
        make_environment
    fi
    touch "$venv/unfinished"
    say "installing Python packages ($1)"
    # What is built here is built with locked tools, and not with the newest that pip would fetch.
    { pip_install -r requirements-build.txt && PIP_USE_PEP517=1 pip_install --no-build-isolation -r "$1"; } ||
        stop "the Python packages could not be installed; what pip says is above. Check the network, then run this again."
    rm "$venv/unfinished"
    echo "$wanted" >"$venv/$2"
}

# --- The browser that prints ----------------------------------------------------------------------------------------

# Succeeds when there is a browser that starts: one named, Playwright's own, or one on PATH.
find_browser() {
    local candidate cache=${PLAYWRIGHT_BROWSERS_PATH:-${HOME:-}/.cache/ms-playwright}
    [ "$(uname)" = Darwin ] && cache=${PLAYWRIGHT_BROWSERS_PATH:-${HOME:-}/Library/Caches/ms-playwright}
    for candidate in "${CHROMIUM_PATH:-}" "$cache"/chromium_headless_shell-*/*/*headless*shell "$cache"/chromium-*/*/chrome \
        chromium-headless-shell chrome-headless-shell headless_shell chromium chromium-browser google-chrome google-chrome-stable \
        "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"; do
        [ -n "$candidate" ] && "$candidate" --version >/dev/null 2>&1 && return
    done
    return 1
}

# Succeeds when Playwright's own program, which talks to the browser, starts: it wants a library that a small Debian lacks.
driver_starts() { "$venv/bin/python" -m playwright --version >/dev/null 2>&1; }

download_browser() {
    # It tries each of its addresses several times: the whole of it has an end.
    "$venv/bin/python" - <<'PYTHON'
import subprocess, sys
from pathlib import Path
log = Path(".nexus/browser-install.log")
log.parent.mkdir(exist_ok=True)
with log.open("w") as output:
    try:
        command = [sys.executable, "-m", "playwright", "install", "--only-shell", "chromium"]
        sys.exit(subprocess.run(command, stdout=output, stderr=output, timeout=300).returncode)
    except subprocess.TimeoutExpired:
        sys.exit("nexus: the download took longer than five minutes and was given up")
PYTHON
}

get_browser() {
    driver_starts || { apt_install libatomic1 && driver_starts; } || return 1
    find_browser && return
    say "fetching a browser that prints (once, about 110 MB)"
    download_browser && find_browser && return
    # What was fetched may lack libraries of the system; Debian's own package brings its own.
    apt_install chromium-headless-shell && find_browser && return
    as_root "$PWD/$venv/bin/python" -m playwright install-deps chromium-headless-shell >/dev/null 2>&1 && find_browser && return
    return 1
}

browser() {
    local install="install Chromium (Debian: apt-get install chromium-headless-shell libatomic1), or set CHROMIUM_PATH to one"
    [ -e "$venv/prints" ] && find_browser && return
    # Where it could not be fetched, a start tries again the next day, and not each time.
    if [ "$purpose" = test ] || [ -z "$(find "$venv/not-fetched" -mtime -1 2>/dev/null)" ]; then
        get_browser || touch "$venv/not-fetched"
    fi
    if find_browser && driver_starts; then
        touch "$venv/prints"
        return
    fi
    [ "$purpose" = test ] && stop "the tests need a browser that prints: $install."
    say "PDFs are off, for want of a browser that prints: $install."
}

# --------------------------------------------------------------------------------------------------------------------

case $purpose in
run)
    install_packages requirements.txt ready
    browser
    ;;
test)
    install_packages requirements-dev.txt ready-to-test
    browser
    ;;
railway)
    # The builder has installed Python, the packages and the browser (nixpacks.toml, railpack.json), and put them on PATH.
    # Compiled once here, because builders forbid it to the running app, which would then do it at every start.
    python -m compileall -q nexus pages migrations Home.py
    ;;
*)
    stop "unknown purpose '$purpose'. Say nothing, test or railway."
    ;;
esac
