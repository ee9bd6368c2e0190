#!/bin/bash
# A fleet of SSH hosts on one machine: each host has its own network, processes, mounts, host name and boot id, an OpenSSH
# server with OpenSSH's defaults, a HOME, /tmp and /var/tmp of its own. Hosts have no DNS, no route, and no way to one another;
# from the manager's side only port 22 is open. The manager itself has no address there: it comes in by ProxyCommand.
#
#   fleet.sh check              says what is missing on this machine
#   fleet.sh up N [LINE...]     makes host1..hostN; each LINE is one more line of their sshd_config ("MaxSessions 200")
#   fleet.sh down               ends and removes all; also the runs whose owner has died
#   fleet.sh kill I | boot I    cuts the power of a host (its disk stays) | starts it again
#   fleet.sh cut I | join I     unplugs a host's cable | plugs it in
#   fleet.sh isolate on|off     off: hosts may talk to one another
#   fleet.sh sshonly on|off     off: every port is open between the manager's side and the hosts
#   fleet.sh exec I CMD...      runs a command in a host, without SSH
#   fleet.sh manager CMD...     runs a command on the manager's side: where hosts have addresses, 10.77.0.I and fd77::I
#   fleet.sh processes I        its processes besides its init and the listening sshd: PID COMMAND
#   fleet.sh listening I        ADDRESS:PORT of its listening TCP ports besides sshd's own
#   fleet.sh connections I      how many SSH connections it holds now
#   fleet.sh accepted I         how many its sshd has accepted since it booted
#   fleet.sh status             a line for each host
#
# FLEET_PASSWORD, at `up`, is the password of root on the hosts (default: none).
# FLEET_RUN names the run (default: hand), so that many runs live side by side. FLEET_OWNER is the process that owns it: once
# that is gone, the next `up` or `down` of any run removes it. Everything of a run is in /var/tmp/lazycluster-fleet/$FLEET_RUN:
# home/.ssh/config is the manager's ssh config, hostI/disk what the host sees as its HOME, /tmp and /var/tmp.
set -euo pipefail

run=${FLEET_RUN:-hand}
base=/var/tmp/lazycluster-fleet
dir=$base/$run
manager=lazycluster-$run-0
net=10.77.0
net6=fd77:
path=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
self=$(readlink -f "${BASH_SOURCE[0]}")
PATH=$PATH:/usr/sbin:/sbin

die() { echo "fleet: $*" >&2; exit 1; }
namespace() { echo "lazycluster-$run-$1"; }
hosts() { find "$dir" -maxdepth 1 -name 'host*' -printf '%f\n' 2>/dev/null | sed s/host// | sort -n; }
up_now() { [ -e "/run/netns/$(namespace "$1")" ]; }
known() { [ -d "$dir/host$1" ] || die "there is no host$1"; }

check() {
  local missing=() each
  [ "$(id -u)" = 0 ] || missing+=("root (network namespaces need it)")
  for each in sshd:openssh-server ssh:openssh-client ssh-keygen:openssh-client ip:iproute2 ss:iproute2 bridge:iproute2 \
    nft:nftables nsenter:util-linux unshare:util-linux; do
    command -v "${each%:*}" >/dev/null || missing+=("${each%:*} (Debian package ${each#*:})")
  done
  [[ $(nc -h 2>&1) == *OpenBSD* ]] || missing+=("OpenBSD's nc (Debian package netcat-openbsd)")
  [ ${#missing[@]} = 0 ] || die "missing: $(printf '%s, ' "${missing[@]}" | sed 's/, $//')"
}

# When a process started, in ticks since boot: with its pid the only sure name of it.
started() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

sweep() {
  local owner pid start
  for owner in "$base"/*/owner; do
    [ -s "$owner" ] || continue
    read -r pid start <"$owner"
    [ "$(started "$pid")" = "$start" ] || FLEET_RUN=$(basename "$(dirname "$owner")") "$self" remove
  done
}

manager_side() {
  ip netns add "$manager"
  ip -n "$manager" link set lo up
  ip -n "$manager" link add br0 type bridge
  ip -n "$manager" addr add "$net.254/24" dev br0
  # A kernel without IPv6 has hosts without it.
  ip -n "$manager" addr add "$net6:fe/64" dev br0 nodad 2>/dev/null || true
  ip -n "$manager" link set br0 up
  mkdir -p "$dir/home/.ssh"
  chmod 700 "$dir/home" "$dir/home/.ssh"
  ssh-keygen -q -t ed25519 -N '' -C manager -f "$dir/home/.ssh/id_ed25519"
}

# Even hosts are known by their ECDSA key only, though they offer Ed25519 too: a client must ask for the type that it knows.
known_type() { if [ $(($1 % 2)) = 0 ]; then echo ecdsa; else echo ed25519; fi; }

manager_config() {
  local i ssh=$dir/home/.ssh
  for i in $(seq "$1"); do
    printf 'Host host%s\n  HostName %s\n\n' "$i" "$net.$i"
    echo "$net.$i,$net6:$i $(cut -d' ' -f1,2 "$dir/host$i/etc/ssh/ssh_host_$(known_type "$i")_key.pub")" >>"$ssh/known_hosts"
  done >"$ssh/config"
  cat >>"$ssh/config" <<END
Host host*
  User root
  IdentityFile $ssh/id_ed25519
  IdentitiesOnly yes
  UserKnownHostsFile $ssh/known_hosts
  StrictHostKeyChecking yes
  ProxyCommand nsenter --net=/run/netns/$manager nc %h %p
END
  chmod 600 "$ssh/config"
}

host_files() {
  local i=$1 count=$2 host=$dir/host$1 k
  shift 2
  mkdir -p "$host/etc/ssh" "$host/disk/home/.ssh" "$host/disk/tmp" "$host/disk/var-tmp"
  chmod 700 "$host/disk/home" "$host/disk/home/.ssh"
  chmod 1777 "$host/disk/tmp" "$host/disk/var-tmp"
  cp "$dir/home/.ssh/id_ed25519.pub" "$host/disk/home/.ssh/authorized_keys"
  for k in ed25519 ecdsa; do ssh-keygen -q -t "$k" -N '' -C "host$i" -f "$host/etc/ssh/ssh_host_${k}_key"; done
  # VERBOSE only for the log line of each connection. All else is OpenSSH's default, where no LINE says otherwise.
  printf '%s\n' "$@" 'HostKey /etc/ssh/ssh_host_ed25519_key' 'HostKey /etc/ssh/ssh_host_ecdsa_key' 'LogLevel VERBOSE' \
    'PasswordAuthentication no' 'KbdInteractiveAuthentication no' 'Subsystem sftp internal-sftp' >"$host/etc/ssh/sshd_config"
  echo "host$i" >"$host/etc/hostname"
  { echo '127.0.0.1 localhost'; for k in $(seq "$count"); do echo "$net.$k host$k"; done; } >"$host/etc/hosts"
  # Nothing listens there: look-ups fail at once.
  echo 'nameserver 127.0.0.1' >"$host/etc/resolv.conf"
  # Of root alone, and seen in the host only: the machine's own list stays as it is.
  if [ -n "${FLEET_PASSWORD:-}" ]; then
    printf 'root:%s:19000:0:99999:7:::\n' "$(printf %s "$FLEET_PASSWORD" | openssl passwd -6 -stdin)" >"$host/etc/shadow"
    chmod 600 "$host/etc/shadow"
  fi
  # The package index of this machine is not the hosts'.
  : >"$host/etc/pip.conf"
}

start() {
  local i=$1 name host=$dir/host$1
  name=$(namespace "$i")
  ip netns add "$name"
  ip -n "$name" link set lo up
  # The same address at each boot, or the manager's side would look for the old one for a while.
  ip -n "$name" link add eth0 address "02:00:0a:4d:00:$(printf %02x "$i")" type veth peer name "p$i" netns "$manager"
  ip -n "$name" addr add "$net.$i/24" dev eth0
  ip -n "$name" addr add "$net6:$i/64" dev eth0 nodad 2>/dev/null || true
  ip -n "$name" link set eth0 up
  ip -n "$manager" link set "p$i" master br0
  bridge -n "$manager" link set dev "p$i" isolated "$(cat "$dir/isolate")"
  [ -e "$host/cut" ] || ip -n "$manager" link set "p$i" up
  : >"$host/sshd.log"
  cat /proc/sys/kernel/random/uuid >"$host/etc/boot_id"
  setsid env -i PATH="$path" nsenter --net="/run/netns/$name" unshare --mount --uts --ipc --pid --fork --mount-proc \
    /bin/bash "$(dirname "$self")/host.sh" "$host" </dev/null >"$host/init.log" 2>&1 &
}

# Until sshd listens, seen from outside: a connection would count as accepted.
await() {
  local i=$1 host=$dir/host$1 name pid deadline=$((SECONDS + 20))
  name=$(namespace "$i")
  until [ -n "$(nsenter --net="/run/netns/$name" ss -Hltn 'sport = :22')" ]; do
    [ $SECONDS -lt $deadline ] || die "host$i did not start: $(cat "$host/init.log" "$host/sshd.log")"
    sleep 0.02
  done
  for pid in $(ip netns pids "$name"); do
    if grep -qE '^NSpid:\s+[0-9]+\s+1$' "/proc/$pid/status" 2>/dev/null; then echo "$pid" >"$host/init"; fi
  done
  # It listens first, and then says which process it is.
  until [ -s "/proc/$(cat "$host/init")/root/run/sshd.pid" ]; do
    [ $SECONDS -lt $deadline ] || die "host$i did not start: $(cat "$host/init.log" "$host/sshd.log")"
    sleep 0.02
  done
}

# What runs in a namespace of ours is ours, be it a host's or the ProxyCommand of a client.
empty() {
  local pids
  while pids=$(ip netns pids "$1" 2>/dev/null) && [ -n "$pids" ]; do
    # shellcheck disable=SC2086
    kill -9 $pids 2>/dev/null || true
    sleep 0.02
  done
  ip netns del "$1" 2>/dev/null || true
}

# The cable goes first: a host without power says no goodbye, and its kernel forgets its connections.
power_cut() {
  ip -n "$manager" link del "p$1" 2>/dev/null || true
  rm -f "$dir/host$1/init"
  empty "$(namespace "$1")"
}

remove() {
  local each
  for each in /run/netns/"lazycluster-$run"-[1-9]*; do [ ! -e "$each" ] || power_cut "${each##*-}"; done
  empty "$manager"
  rm -rf "$dir"
  rmdir "$base" 2>/dev/null || true
}

up() {
  local i count=$1
  shift
  check
  sweep
  mkdir -p "$base"
  mkdir "$dir" 2>/dev/null || die "the run $run exists: fleet.sh down"
  [ -z "${FLEET_OWNER:-}" ] || echo "$FLEET_OWNER $(started "$FLEET_OWNER")" >"$dir/owner"
  trap '[ $? = 0 ] || remove' EXIT
  echo on >"$dir/isolate"
  manager_side
  for i in $(seq "$count"); do host_files "$i" "$count" "$@"; done
  manager_config "$count"
  ssh_only on
  for i in $(seq "$count"); do start "$i"; done
  for i in $(seq "$count"); do await "$i"; done
}

# What was unreachable is looked for anew, or the first to try after a change would get the answer of before.
forget_neighbours() {
  local each
  for each in /run/netns/"lazycluster-$run"-*; do ip -n "${each##*/}" neigh flush all; done
}

isolate() {
  local i
  echo "$1" >"$dir/isolate"
  for i in $(hosts); do ! up_now "$i" || bridge -n "$manager" link set dev "p$i" isolated "$1"; done
  forget_neighbours
}

plug() {
  known "$1"
  if [ "$2" = up ]; then rm -f "$dir/host$1/cut"; else touch "$dir/host$1/cut"; fi
  ! up_now "$1" || ip -n "$manager" link set "p$1" "$2"
  [ "$2" = down ] || forget_neighbours
}

ssh_only() {
  nsenter --net="/run/netns/$manager" nft flush ruleset
  [ "$1" = on ] || return 0
  nsenter --net="/run/netns/$manager" nft -f - <<'END'
table inet fleet {
  chain output {
    type filter hook output priority 0
    oifname lo accept
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    tcp dport 22 accept
    reject
  }
  chain input {
    type filter hook input priority 0
    iifname lo accept
    ct state established,related accept
    icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept
    reject
  }
}
END
}

inside() {
  local pid
  known "$1"
  pid=$(cat "$dir/host$1/init" 2>/dev/null) || die "host$1 has no power"
  shift
  # shellcheck disable=SC2016
  nsenter --target "$pid" --mount --uts --ipc --net --pid env -i HOME="$(getent passwd root | cut -d: -f6)" USER=root \
    LOGNAME=root SHELL=/bin/sh PATH="$path" sh -c 'cd && exec "$@"' sh "$@"
}

# Runs in the host, in one process, which leaves itself out.
list_processes() {
  local each pid stat argv words listener=
  read -r listener </run/sshd.pid || true
  for each in /proc/[0-9]*; do
    pid=${each#/proc/}
    case $pid in 1 | "$$" | "$listener") continue ;; esac
    { read -r stat <"$each/stat" && mapfile -d '' argv <"$each/cmdline"; } 2>/dev/null || continue
    # A process that has ended and waits for its parent holds nothing.
    case ${stat##*) } in Z* | X*) continue ;; esac
    stat=${stat#*\(}
    words=${argv[*]:-[${stat%)*}]}
    printf '%s %s\n' "$pid" "${words//$'\n'/ }"
  done
}

network() { up_now "$1" || die "host$1 has no power"; nsenter --net="/run/netns/$(namespace "$1")" "${@:2}"; }

case ${1:-} in
  check) check ;;
  up) up "${@:2}" ;;
  down)
    remove
    sweep
    ;;
  remove) remove ;;
  kill) known "$2" && power_cut "$2" ;;
  boot)
    known "$2"
    up_now "$2" || {
      start "$2"
      await "$2"
      forget_neighbours
    }
    ;;
  cut) plug "$2" down ;;
  join) plug "$2" up ;;
  isolate) isolate "$2" ;;
  sshonly) ssh_only "$2" ;;
  exec) inside "${@:2}" ;;
  manager) nsenter --net="/run/netns/$manager" "${@:2}" ;;
  processes) inside "$2" bash -c "$(declare -f list_processes); list_processes" ;;
  listening) network "$2" ss -Hltn 'sport != :22' | awk '{ print $4 }' ;;
  connections) network "$2" ss -Htn state established 'sport = :22' | wc -l ;;
  accepted) known "$2" && { grep -c '^Connection from ' "$dir/host$2/sshd.log" || true; } ;;
  status) for i in $(hosts); do echo "host$i $net.$i $(up_now "$i" && echo up || echo down)$([ ! -e "$dir/host$i/cut" ] || echo ' cut')"; done ;;
  *)
    sed -n '/^#   /s/^# *//p' "$self"
    exit 2
    ;;
esac
