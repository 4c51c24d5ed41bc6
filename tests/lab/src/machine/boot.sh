#!/bin/sh
# Boots a machine and cleans up behind it: sh boot.sh DIRECTORY NETWORK ROOT SIZE
#
# DIRECTORY becomes a private file system of SIZE, with all that the machine writes; NETWORK is the network
# namespace it gets, ROOT what it starts with, read only. Says "made" once the machine's files are at
# DIRECTORY/root, boots when told so on standard input, and ends all of it when that closes: whoever holds the
# other end may return, panic or be killed. It runs in file systems of its own, so no mount outlives it.
set -eu
directory=$1 network=$2 root=$3 size=$4

mount -t tmpfs -o "size=$size,mode=755" machine "$directory"
cd "$directory"
mkdir upper work root cgroup
mount -t overlay -o "lowerdir=$root,upperdir=upper,workdir=work" overlay root
: >network
mount --bind "$network" network
mount -t cgroup2 cgroup cgroup

# Removes a control group and those below it: all are empty.
remove_group() { find "$1" -depth -type d -exec rmdir {} +; }

# Those of guards that were killed themselves.
for group in cgroup/anycast-lab-*; do
  if [ -d "$group" ] && ! kill -0 "${group##*-}" 2>/dev/null; then remove_group "$group" || true; fi
done
group=cgroup/anycast-lab-$$
mkdir "$group"

boot() {
  # In a control group, in process ids and in mounts of its own: the last takes /run from the host's nspawn.
  # Ends with this guard, even if that is killed.
  sh -c 'echo $$ >"$1/cgroup.procs" && shift && exec "$@"' sh "$group" \
    setpriv --pdeathsig KILL \
    unshare --cgroup --mount --pid --fork --kill-child=KILL --mount-proc \
    sh -eu -c '
      umount cgroup
      # The kernel refuses a file system on itself, which the host has here.
      mount -t tmpfs sys /sys
      mount -t sysfs sysfs /sys
      mount -t cgroup2 cgroup /sys/fs/cgroup
      mount -t tmpfs run /run
      # 133: the machine wants to boot again, see systemd-nspawn.c.
      status=133
      while [ $status = 133 ]; do
        status=0
        systemd-nspawn --quiet --boot --register=no --keep-unit --settings=no --link-journal=no \
          --resolv-conf=off --timezone=off --console=pipe --machine=node --directory=root \
          --network-namespace-path="$PWD/network" --capability=CAP_NET_ADMIN || status=$?
      done
      exit $status' </dev/null &
}

echo made
machine=
while read -r order; do
  if [ "$order" = boot ]; then
    boot
    machine=$!
  fi
done
if [ -n "$machine" ]; then
  echo 1 >"$group/cgroup.kill"
  wait "$machine" || true
fi
# What was killed takes a moment to leave its groups.
for _ in 1 2 3 4 5 6 7 8 9 10; do
  remove_group "$group" 2>/dev/null && break
  sleep 0.1
done
