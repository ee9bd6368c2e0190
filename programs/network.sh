# Says which network this machine is on, in two lines: the boot id and the network namespace, empty where there is no /proc.
cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo
readlink /proc/self/ns/net 2>/dev/null || echo
