# What a doctor looks at on a host: prints `KEY VALUE` lines behind one that says `lazycluster doctor`. What is tried is taken back.
# Words: `hold`: keeps its session until the end of its input. `look`: says all below. `look CONFIG`: on the manager; asks its ssh
# what it thinks of that config too, of the user's own where the word is empty.
lc_say() { printf '%s %s\n' "$1" "$2"; }

# SECONDS argv: not longer than that, where timeout is there
lc_bound() { if command -v timeout >/dev/null; then timeout "$@"; else shift; "$@"; fi; }

lc_clean() {
  [ -z "$lc_made" ] || rm -f -- "$lc_made"
  lc_made=''
}

# NAME DIRECTORY: whether it can be written, what is free there, and whether what lies there runs
lc_place() {
  lc_say "path.$1" "$2"
  lc_dir=$2
  # The cache is made at its first use: the nearest directory above that is there counts.
  while [ "$1" = cache ] && [ ! -d "$lc_dir" ] && [ "$lc_dir" != / ]; do
    case $lc_dir in */*) lc_dir=${lc_dir%/*} ;; *) lc_dir=/ ;; esac
    [ -n "$lc_dir" ] || lc_dir=/
  done
  [ -d "$lc_dir" ] || { lc_say "write.$1" missing; return; }
  # shellcheck disable=SC2016 # fields of awk
  lc_free=$(lc_bound 5 df -Pk "$lc_dir" 2>/dev/null | awk 'NR == 2 { print $4 }')
  case $lc_free in '' | *[!0-9]*) ;; *) lc_say "free.$1" "$lc_free" ;; esac
  # shellcheck disable=SC2016
  lc_free=$(lc_bound 5 df -Pi "$lc_dir" 2>/dev/null | awk 'NR == 2 && $2 > 0 { print $4 }')
  case $lc_free in '' | *[!0-9]*) ;; *) lc_say "inodes.$1" "$lc_free" ;; esac
  # A home may be shared by hosts.
  lc_made=$lc_dir/.lazycluster-doctor-$(uname -n)-$$
  # Bytes, too: on a full disk a file can be made, and stays empty. The umask makes it one that runs.
  if (umask 077; set -C; printf '#!/bin/sh\nexit 7\n' >"$lc_made") 2>/dev/null && [ -s "$lc_made" ]; then
    lc_say "write.$1" yes
    chmod 700 "$lc_made" 2>/dev/null
    "$lc_made" 2>/dev/null
    if [ "$?" = 7 ]; then lc_say "run.$1" yes; else lc_say "run.$1" no; fi
  else
    lc_say "write.$1" no
  fi
  lc_clean
}

lc_shells() {
  lc_say shell "$(readlink -f /bin/sh 2>/dev/null || echo /bin/sh)"
  lc_say login "${SHELL:-}"
}

lc_system() {
  lc_say user "$(id -un 2>/dev/null || id -u)"
  lc_say system "$(uname -s)"
  lc_id=''
  if [ -r /etc/os-release ]; then
    while IFS='=' read -r lc_a lc_b; do
      case $lc_a in ID | ID_LIKE) lc_b=${lc_b#[\"\']}; lc_id="$lc_id ${lc_b%[\"\']}" ;; esac
    done </etc/os-release
  fi
  lc_say family "${lc_id# }"
}

# `yes` or `no`, as logind would say; nothing where there is none
lc_kills() {
  [ -d /run/systemd/system ] || return
  lc_killing=$(lc_bound 3 busctl get-property org.freedesktop.login1 /org/freedesktop/login1 \
    org.freedesktop.login1.Manager KillUserProcesses 2>/dev/null)
  case $lc_killing in
    *true) lc_say kills yes ;;
    *false) lc_say kills no ;;
    *)
      # What stands last counts.
      # shellcheck disable=SC2016
      lc_killing=$(cat /usr/lib/systemd/logind.conf /etc/systemd/logind.conf /usr/lib/systemd/logind.conf.d/*.conf \
        /etc/systemd/logind.conf.d/*.conf /run/systemd/logind.conf.d/*.conf 2>/dev/null |
        sed -n 's/^[[:space:]]*KillUserProcesses[[:space:]]*=[[:space:]]*//p' | awk 'END { print tolower($1) }')
      case $lc_killing in
        yes | true | on | 1) lc_say kills yes ;;
        no | false | off | 0) lc_say kills no ;;
      esac
      ;;
  esac
  # Only what belongs to a session of logind ends with it: sshd without PAM makes none.
  case $(cat "/proc/$$/cgroup" 2>/dev/null) in *session-*.scope*) lc_say session yes ;; *) lc_say session no ;; esac
  if [ -e "/var/lib/systemd/linger/$(id -un)" ]; then lc_say linger yes; fi
}

lc_limits() {
  lc_files='' lc_processes=''
  { while read -r lc_a lc_b lc_c lc_d _; do
    case "$lc_a $lc_b $lc_c" in
      'Max open files') lc_files=$lc_d ;;
      "Max processes $lc_c") lc_processes=$lc_c ;;
    esac
  done <"/proc/$$/limits"; } 2>/dev/null
  # shellcheck disable=SC3045 # without /proc there is no other way
  lc_say files "${lc_files:-$(ulimit -n 2>/dev/null)}"
  [ -z "$lc_processes" ] || lc_say processes "$lc_processes"
}

lc_gpus() {
  if command -v nvidia-smi >/dev/null; then
    if lc_text=$(lc_bound 20 nvidia-smi --query-gpu=driver_version,name --format=csv,noheader 2>&1 </dev/null); then
      printf '%s\n' "$lc_text" | while IFS= read -r lc_a; do [ -z "$lc_a" ] || lc_say gpu "$lc_a"; done
    else
      lc_say nvidia "fails $(printf '%s' "${lc_text:-it does not answer}" | tr '\n' ' ' | cut -c 1-200)"
    fi
    return
  fi
  for lc_dir in /sys/bus/pci/devices/*; do
    lc_a='' lc_b=''
    { read -r lc_a <"$lc_dir/vendor" && read -r lc_b <"$lc_dir/class"; } 2>/dev/null
    case $lc_a$lc_b in 0x10de0x03*) lc_say nvidia undriven; return ;; esac
  done
}

lc_python() {
  command -v python3 >/dev/null || return
  # shellcheck disable=SC2016 # it is Python
  if lc_text=$(lc_bound 20 python3 -I -c 'import sys
print("python", sys.version.split()[0])
print("pythonPath", sys.executable or "")
import importlib.util as u
for n in "venv", "ensurepip": print(n, "yes" if u.find_spec(n) else "no")
try: import importlib.metadata as m
except Exception: sys.exit()
for n in "dask", "distributed", "hyperopt", "numpy": [print("package", n, d.version) for d in [*m.distributions(name=n)][:1]]
' 2>&1 </dev/null); then
    printf '%s\n' "$lc_text"
  else
    lc_say pythonFails "$(printf '%s' "${lc_text:-it does not answer}" | tr '\n' ' ' | cut -c 1-200)"
  fi
  lc_path=$(command -v uv) && lc_say uv "$lc_path"
}

# CONFIG: what OpenSSH itself thinks of it, with the numbers of lines
lc_ssh() {
  command -v ssh >/dev/null || return
  lc_say ssh "$(lc_bound 5 ssh -V 2>&1 </dev/null | tr '\n' ' ')"
  if [ -z "$1" ]; then set -- ; else set -- -F "$1"; fi
  lc_bound 10 ssh "$@" -G lazycluster-doctor 2>&1 >/dev/null </dev/null |
    while IFS= read -r lc_a; do case $lc_a in *line*[0-9]*) lc_say config "$lc_a" ;; esac; done
}

lc_made=''
if [ "$1" = hold ]; then
  echo holding
  while IFS= read -r _; do :; done
  exit 0
fi
trap lc_clean EXIT
trap 'exit 1' HUP INT TERM
lc_say lazycluster doctor
# GNU says parts of a second, others the letter.
lc_say clock "$(date +%s.%N)"
lc_system
lc_shells
lc_limits
lc_kills
lc_place home "$HOME"
lc_place cache "${XDG_CACHE_HOME:-$HOME/.cache}/lazycluster"
lc_place tmp "${TMPDIR:-/tmp}"
lc_gpus
lc_python
[ "$#" -lt 2 ] || lc_ssh "$2"
lc_say end -
