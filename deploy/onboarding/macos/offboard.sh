#!/bin/sh
# Offboards this Mac from @@serverUrl@@. Run as root, until @@expiresAt@@: afterwards the agent refuses the offboarding information in it.
set -eu
umask 077
self=offboard.sh
server='@@serverUrl@@'
proxy='@@proxyUrl@@'
token='@@token@@'
agent=/usr/local/bin/merlon-agent

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/ca.pem" <<'END_OF_CERTIFICATE'
@@caPem@@END_OF_CERTIFICATE

@@include:onboarding/macos/report.sh@@
if [ "$(id -u)" -ne 0 ]; then stop privileges 77 'run this as root'; fi
if [ ! -x "$agent" ]; then stop offboard 127 'merlon-agent is not installed'; fi
cat > "$work/merlon_offboard.json" <<'END_OF_INFORMATION'
@@information@@END_OF_INFORMATION
status=0
"$agent" offboard --package "$work/merlon_offboard.json" "$@" > "$work/said" 2>&1 || status=$?
cat "$work/said"
if [ "$status" -ne 0 ]; then
  report offboard "$status" "$(tail -n 1 "$work/said")"
  exit "$status"
fi
rm -f '/Library/Application Support/Merlon/merlon_onboard.json'
report done 0 offboarded
