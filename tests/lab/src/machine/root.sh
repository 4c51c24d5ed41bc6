#!/bin/sh
# Makes the root of a Debian 12 with BIRD and a DNS server: sh root.sh DIRECTORY
#
# A change of this file makes a new one (see root.rs).
set -eu
root=$1
suite=bookworm
packages=systemd,systemd-sysv,dbus,libpam-systemd,bird2,unbound,iproute2,procps,sudo,libfaketime,apparmor

# A mirror may be out of order for a moment.
for attempt in 1 2 3; do
  if debootstrap --variant=minbase --include="$packages" "$suite" "$root"; then break; fi
  [ "$attempt" -lt 3 ]
  rm -rf "$root"
done

# Nothing that waits for the world, or that does its chores in the middle of a test.
for unit in apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer \
  e2scrub_reap.service systemd-tmpfiles-clean.timer console-getty.service getty.target; do
  ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

# A DNS server for example.com on every address, which asks nobody.
rm -f "$root"/etc/unbound/unbound.conf.d/*
cat >"$root/etc/unbound/unbound.conf.d/example.conf" <<'END'
server:
  interface: 0.0.0.0
  interface: ::0
  interface-automatic: yes
  num-threads: 1
  module-config: iterator
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  local-zone: example.com. static
  local-data: "example.com. SOA ns.example.com. hostmaster.example.com. 2026112201 3600 600 86400 60"
  local-data: "example.com. NS ns.example.com."
  local-data: "example.com. A 192.0.2.80"
  local-data: "ns.example.com. A 192.0.2.53"
END

rm -rf "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/*
# None at all would be a first boot, with presets.
echo 6c616200000000000000000000000001 >"$root/etc/machine-id"
echo node >"$root/etc/hostname"
