#!/bin/bash
# Process 1 of a host of the fleet: puts the host's own directories over the machine's, then keeps sshd listening.
set -eu
host=$1

over() { [ ! -e "$1" ] || [ ! -e "$2" ] || mount --bind "$1" "$2"; }

main() {
  hostname "$(cat "$host/etc/hostname")"
  # sshd closes what it inherits, so each start gets the log anew from here; its path is out of sight by then.
  exec 3>>"$host/sshd.log"
  local file
  for file in ssh hostname hosts resolv.conf pip.conf shadow; do over "$host/etc/$file" "/etc/$file"; done
  over "$host/etc/boot_id" /proc/sys/kernel/random/boot_id
  # Handles of the other hosts' networks would keep these alive after a power cut.
  umount --recursive --lazy /run/netns
  mount -t tmpfs -o mode=755 tmpfs /run
  mkdir -p /run/sshd /run/lock
  mount -t tmpfs -o mode=1777 tmpfs /dev/shm
  over "$host/disk/home" "$(getent passwd root | cut -d: -f6)"
  over "$host/disk/tmp" /tmp
  # Last: the fleet itself lives below it, and with that the disks of the other hosts.
  over "$host/disk/var-tmp" /var/tmp
  cd /
  # The shell reaps what processes that end leave to process 1.
  while :; do
    /usr/sbin/sshd -D -e 2>&3 3>&- &
    wait $! || sleep 0.1
  done
}

main
