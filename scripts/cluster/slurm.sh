#!/usr/bin/env bash
# A real Slurm of two nodes on this machine, for tests: a controller ("login") and the nodes "node1" and "node2", each a
# host of its own (network, host name, processes, mounts) that shares the disk with the others.
#
#   slurm.sh up DIR                starts it; its files, logs included, go into the folder DIR
#   slurm.sh login DIR COMMAND...  runs a command on the controller, where sbatch, squeue and scontrol work
#   slurm.sh on DIR NODE COMMAND...  runs a command on a node
#   slurm.sh kill DIR NODE         the node loses power: all of its processes are killed at once
#   slurm.sh boot DIR NODE         starts a node that was killed
#   slurm.sh cut DIR NODE          cuts the node's network: its tasks go on, Slurm takes it for dead
#   slurm.sh join DIR NODE         mends the network
#   slurm.sh down DIR              stops everything
#
# DIR/NODE.env holds lines NAME=value that tasks on the node get in their environment. DIR/NODE.boot, where it is there,
# is run by bash on the node when it starts: mounts made there are the node's own; those of DIR/login.boot are seen by all.
#
# Needs root, and Debian's slurm-wlm, munge and iproute2; neither systemd nor cgroups.
set -euo pipefail
what=${1:?up, login, on, kill, boot, cut, join or down}
dir=$(realpath -m "${2:?folder of the cluster}")
shift 2
declare -A address=([login]=10.77.0.1 [node1]=10.77.0.11 [node2]=10.77.0.12)

fail() {
  echo "slurm.sh: $*" >&2
  exit 1
}

# Runs a command on a host; the first process of a host, as seen from here, stands in DIR/HOST.pid.
on() {
  local host=$1
  shift
  nsenter --all --wdns="$PWD" --target "$(cat "$dir/$host.pid")" env SLURM_CONF="$dir/slurm.conf" "$@"
}

# Makes a host: a process that only buries its children, with namespaces of its own, inside those of a parent if named.
host() {
  local name=$1 parent=${2:-}
  setsid ${parent:+nsenter --all --target "$(cat "$dir/$parent.pid")"} \
    unshare --net --uts --ipc --mount --pid --mount-proc --fork --kill-child --propagation private \
    bash -c 'hostname "$0"; while :; do sleep 3600 & wait $!; done' "$name" </dev/null >>"$dir/$name.log" 2>&1 &
  local pid=$! until=$((SECONDS + 20))
  # That process is a child of unshare, and that a child of nsenter.
  until [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = bash ] && echo "$pid" >"$dir/$name.pid" &&
    [ "$(on "$name" hostname 2>/dev/null)" = "$name" ]; do
    { [ $SECONDS -lt $until ] && kill -0 "$!" 2>/dev/null; } || fail "no host $name: $(tail -n 1 "$dir/$name.log")"
    case $(cat "/proc/$pid/comm" 2>/dev/null) in nsenter | unshare) pid=$(pgrep -P "$pid" || echo "$pid") ;; esac
    sleep 0.05
  done
  on "$name" ip link set lo up
  if [ -e "$dir/$name.boot" ]; then on "$name" bash -e "$dir/$name.boot"; fi
}

# Waits until a command succeeds, at most so many seconds.
await() {
  local until=$((SECONDS + $1)) for=$2
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $until ] || fail "waited in vain for $for; see the logs in $dir"
    sleep 0.2
  done
}

boot() {
  local name=$1
  host "$name" login
  # The other end of the node's cable hangs on the controller's switch. Seen from here, the node has another number.
  on login ip link delete "to-$name" 2>/dev/null || true
  on login ip link add "to-$name" type veth peer name "eth-$name"
  nsenter --net --target "$(cat "$dir/login.pid")" ip link set "eth-$name" netns "$(cat "$dir/$name.pid")"
  on login ip link set "to-$name" master switch up
  on "$name" ip address add "${address[$name]}/24" dev "eth-$name"
  on "$name" ip link set "eth-$name" up
  on "$name" slurmd -N "$name" -f "$dir/slurm.conf"
  await 90 "$name" alive "$name"
}

# Whether Slurm takes a node for alive; one that it took for dead is first declared mended.
alive() {
  local state
  state=$(on login scontrol show node "$1" | grep -o 'State=[^ ]*')
  case $state in
  State=IDLE | State=MIXED | State=ALLOCATED) ;;
  *)
    on login scontrol update "NodeName=$1" State=RESUME
    return 1
    ;;
  esac
}

case $what in
up)
  for program in slurmctld slurmd munged ip nsenter unshare; do
    command -v "$program" >/dev/null || fail "no $program; apt-get install slurm-wlm munge iproute2"
  done
  [ ! -e "$dir/slurm.conf" ] || fail "$dir holds a cluster already"
  mkdir -p "$dir"/{state,spool,munge}
  chmod 700 "$dir/munge"
  head -c 1024 /dev/urandom >"$dir/munge/key"
  chmod 600 "$dir/munge/key"
  printf '#!/bin/bash\nsed "s/^/export /" "%s/$SLURMD_NODENAME.env" 2>/dev/null || true\n' "$dir" >"$dir/task-prolog"
  chmod +x "$dir/task-prolog"
  cat >"$dir/slurm.conf" <<CONF
ClusterName=two
SlurmctldHost=login(${address[login]})
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket=$dir/munge/socket,cred_expire=5
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd-%n.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd-%n.log
TaskProlog=$dir/task-prolog
# What needs systemd, cgroups or a data base is left out.
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
# Whatever this machine has, a node has what is said here.
SlurmdParameters=config_overrides
MpiDefault=none
# A node that does not answer for so long is down, and its jobs start anew elsewhere.
SlurmdTimeout=5
SlurmctldTimeout=5
ReturnToService=2
JobRequeue=1
MessageTimeout=5
# What a task has to end well, under load too, before it is killed.
KillWait=20
MinJobAge=600
SchedulerParameters=batch_sched_delay=0,sched_interval=1,sched_min_interval=100000
# Jobs of "urgent" take the nodes of "work" away, whose tasks have 30 s to end.
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
NodeName=node1 NodeAddr=${address[node1]} NodeHostname=node1 CPUs=2 RealMemory=16000 State=UNKNOWN
NodeName=node2 NodeAddr=${address[node2]} NodeHostname=node2 CPUs=2 RealMemory=16000 State=UNKNOWN
PartitionName=work Nodes=node1,node2 Default=YES PriorityTier=1 GraceTime=30 MaxTime=INFINITE
PartitionName=urgent Nodes=node1,node2 PriorityTier=2 PreemptMode=OFF MaxTime=INFINITE
CONF
  for name in "${!address[@]}"; do echo "${address[$name]} $name"; done >"$dir/hosts"
  host login
  on login mount --bind "$dir/hosts" /etc/hosts
  on login ip link add switch type bridge
  on login ip address add "${address[login]}/24" dev switch
  on login ip link set switch up
  on login munged --force --socket "$dir/munge/socket" --key-file "$dir/munge/key" --pid-file "$dir/munge/pid" \
    --log-file "$dir/munge/log" --seed-file "$dir/munge/seed"
  on login slurmctld -f "$dir/slurm.conf"
  await 20 slurmctld on login scontrol ping
  boot node1
  boot node2
  ;;
login) on login "$@" ;;
on) on "$@" ;;
boot) boot "${1:?node}" ;;
kill)
  kill -KILL "$(cat "$dir/${1:?node}.pid")"
  rm "$dir/$1.pid"
  ;;
cut) on login ip link set "to-${1:?node}" down ;;
join) on login ip link set "to-${1:?node}" up ;;
# With the first process of the controller all others are gone, and so are their networks and mounts.
down)
  if [ -e "$dir/login.pid" ]; then
    kill -KILL "$(cat "$dir/login.pid")" 2>/dev/null || true
    rm "$dir/login.pid"
  fi
  ;;
*) fail "no $what" ;;
esac
