# shellcheck shell=bash
# Sourced by tests/run and tests/demo: installs what is missing on Debian and finds cargo.

cd "$(dirname "${BASH_SOURCE[0]}")/.."

# The programs (and the one file) that the lab and the build need, each with its package.
needs=(bird:bird2 nsd:nsd unbound:unbound named:bind9 dig:bind9-dnsutils kdig:knot-dnsutils
  dnssec-signzone:bind9-utils ip:iproute2 ss:iproute2 dbus-daemon:dbus-daemon nft:nftables
  vtysh:frr prometheus:prometheus promtool:prometheus setpriv:util-linux perl:perl-base mount:mount sysctl:procps
  ifup:ifupdown systemd-analyze:systemd groff:groff-base mandoc:mandoc
  /usr/lib/nagios/plugins/check_dummy:monitoring-plugins-basic
  /usr/lib/nagios/plugins/check_tcp:monitoring-plugins-basic
  shellcheck:shellcheck apparmor_parser:apparmor dpkg-shlibdeps:dpkg-dev
  debootstrap:debootstrap systemd-nspawn:systemd-container
  /usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1:libfaketime
  /usr/lib/systemd/systemd-networkd:systemd cc:gcc c++:g++ /usr/include/stdio.h:libc6-dev)

say() { printf '\n=== %s\n' "$*"; }

fail() { printf '%s\n' "$*" >&2; exit 4; }

install_packages() {
  local missing=() need
  export PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin
  for need in "${needs[@]}"; do
    command -v "${need%%:*}" >/dev/null || [ -e "${need%%:*}" ] || missing+=("${need##*:}")
  done
  ((${#missing[@]})) || return 0
  say "Installing ${missing[*]}"
  command -v apt-get >/dev/null || fail "no apt-get here: install by hand: ${missing[*]}"
  forbid_daemons
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "${missing[@]}" >/dev/null
  allow_daemons
}

# Debian starts daemons when it installs them. The lab starts its own, and this host wants none.
policy=/usr/sbin/policy-rc.d

forbid_daemons() {
  [ ! -e $policy ] || return 0
  trap allow_daemons EXIT
  printf '#!/bin/sh\n# anycastctl tests\nexit 101\n' >$policy
  chmod +x $policy
}

allow_daemons() {
  if grep -qs '^# anycastctl tests$' $policy; then rm -f $policy; fi
  trap - EXIT
}

# Under sudo, cargo is often in the home of whoever called it.
find_cargo() {
  local home directory
  home=$(getent passwd "${SUDO_USER:-root}" | cut -d: -f6)
  for directory in "${CARGO_HOME:-/nonexistent}/bin" "$HOME/.cargo/bin" "$home/.cargo/bin"; do
    [ -x "$directory/cargo" ] && PATH=$directory:$PATH
  done
  if [ -d "$home/.rustup" ]; then export RUSTUP_HOME=${RUSTUP_HOME:-$home/.rustup}; fi
  command -v cargo >/dev/null || install_rust
  cargo --version >/dev/null || fail "cargo does not work: install Rust as https://rustup.rs says"
}

install_rust() {
  say "Installing Rust with rustup (Debian's own is too old)"
  command -v curl >/dev/null || DEBIAN_FRONTEND=noninteractive apt-get install -qq -y curl ca-certificates >/dev/null
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
    sh -s -- -y -q --profile minimal -c clippy -c rustfmt ||
    fail "could not install Rust: install it as https://rustup.rs says, then run this again"
  PATH=$HOME/.cargo/bin:$PATH
}

[ "$(id -u)" = 0 ] || fail "network namespaces need root: run this with sudo"
install_packages
find_cargo
