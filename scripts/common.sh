# What the scripts share: messages, and installing what is missing. Sourced, not run.

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "$(basename "$0"): $*"
  exit 1
}

# install_packages PACKAGE...: with the system's package manager, as root or with sudo that asks no questions.
install_packages() {
  local as_root=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null ||
      fail "please install these packages and run this again: $*"
    as_root=(sudo -n)
  fi
  say "installing: $*"
  if command -v apt-get >/dev/null 2>&1; then
    "${as_root[@]}" apt-get update -qq >&2
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >&2
  elif command -v dnf >/dev/null 2>&1; then
    "${as_root[@]}" dnf install -y -q "$@" >&2
  elif command -v pacman >/dev/null 2>&1; then
    "${as_root[@]}" pacman -Sy --noconfirm --needed "$@" >&2
  elif command -v apk >/dev/null 2>&1; then
    "${as_root[@]}" apk add -q "$@" >&2
  elif command -v zypper >/dev/null 2>&1; then
    "${as_root[@]}" zypper -n -q install "$@" >&2
  else
    fail "no package manager that this script knows; please install: $*"
  fi || fail "these packages could not be installed: $*"
}

# need COMMAND PACKAGE: installs the package if the command is not there.
need() {
  command -v "$1" >/dev/null 2>&1 || install_packages "$2"
  command -v "$1" >/dev/null 2>&1 || fail "$1 is still missing after installing $2"
}

need_rust() {
  if ! command -v cargo >/dev/null 2>&1 && [ -r "$HOME/.cargo/env" ]; then
    # shellcheck disable=SC1091
    . "$HOME/.cargo/env"
  fi
  command -v cargo >/dev/null 2>&1 || fail "Rust is missing; install it from https://rustup.rs and run this again"
  need cc gcc
}
