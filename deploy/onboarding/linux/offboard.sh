#!/bin/sh
# Offboards this machine from @@serverUrl@@. Run as root, until @@expiresAt@@: afterwards the agent refuses the offboarding information in it.
#   [--remove]  stop and remove the agent too   further options: those of `merlon-agent offboard`
# Exit status: 77 not root, 127 no agent here; else that of `merlon-agent offboard`.
set -eu
umask 077
self=offboard.sh
server='@@serverUrl@@'
proxy='@@proxyUrl@@'
token='@@token@@'

remove=no
if [ "${1:-}" = --remove ]; then
  remove=yes
  shift
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/ca.pem" <<'END_OF_CERTIFICATE'
@@caPem@@END_OF_CERTIFICATE

@@include:onboarding/linux/report.sh@@
if [ "$(id -u)" -ne 0 ]; then stop privileges 77 'run this as root'; fi
if ! command -v merlon-agent >/dev/null 2>&1; then stop offboard 127 'merlon-agent is not installed'; fi

cat > "$work/merlon_offboard.json" <<'END_OF_INFORMATION'
@@information@@END_OF_INFORMATION
status=0
merlon-agent offboard --package "$work/merlon_offboard.json" "$@" > "$work/said" 2>&1 || status=$?
cat "$work/said"
if [ "$status" -ne 0 ]; then
  report offboard "$status" "$(tail -n 1 "$work/said")"
  exit "$status"
fi
rm -f /etc/merlon-agent/merlon_onboard.json
if [ "$remove" = yes ]; then
  if [ -d /run/systemd/system ]; then
    systemctl disable --quiet --now merlon-agent.service merlon-agent-isolation.service || true
  fi
  rm -f /etc/systemd/system/merlon-agent.service /etc/systemd/system/merlon-agent-isolation.service /usr/bin/merlon-agent
  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi
fi
report done 0 offboarded
