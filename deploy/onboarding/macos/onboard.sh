#!/bin/sh
# Onboards this Mac to @@serverUrl@@. Run as root. Package @@packageId@@, until @@expiresAt@@; it holds no secret of any one Mac.
# Further options are those of `merlon-agent onboard`. Exit status: 77 not root, 78 a platform without an agent, 69 the agent could not be fetched, 65 it is not the
# one that the package names, 73 it could not be installed, 70 its service did not start; else that of `merlon-agent onboard`. Running it again is harmless.
set -eu
umask 077
self=onboard.sh
server='@@serverUrl@@'
proxy='@@proxyUrl@@'
token='@@token@@'
checksum='@@agentMac@@'
folder='/Library/Application Support/Merlon'
agent=/usr/local/bin/merlon-agent
service=/Library/LaunchDaemons/io.merlon.agent.plist

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/ca.pem" <<'END_OF_CERTIFICATE'
@@caPem@@END_OF_CERTIFICATE

@@include:onboarding/macos/report.sh@@
if [ "$(id -u)" -ne 0 ]; then stop privileges 77 'run this as root'; fi

if [ ! -x "$agent" ]; then
  if [ -z "$checksum" ]; then stop platform 78 'merlon-agent is not installed, and the server has none for macOS'; fi
  curl --silent --show-error --fail --retry 5 --cacert "$work/ca.pem" ${proxy:+--proxy "$proxy"} \
    --header "Authorization: Package $token" --output "$work/agent" \
    "$server/device/v1/onboarding/agents/$checksum" 2> "$work/problem" ||
    stop download 69 "fetching the agent failed: $(tail -n 1 "$work/problem")"
  found=$(shasum -a 256 "$work/agent" | cut -d ' ' -f 1)
  if [ "$found" != "$checksum" ]; then stop checksum 65 "the agent that came is not the one that the package names: $found"; fi
  install -d -m 0755 /usr/local/bin
  install -m 0755 "$work/agent" "$agent" 2> "$work/problem" ||
    stop install 73 "installing the agent failed: $(tail -n 1 "$work/problem")"
fi

install -d -m 0755 "$folder"
cat > "$work/merlon_onboard.json" <<'END_OF_INFORMATION'
@@information@@END_OF_INFORMATION
install -m 0600 "$work/merlon_onboard.json" "$folder/merlon_onboard.json"
status=0
"$agent" onboard --package "$folder/merlon_onboard.json" "$@" > "$work/said" 2>&1 || status=$?
cat "$work/said"
if [ "$status" -ne 0 ]; then
  report enrol "$status" "$(tail -n 1 "$work/said")"
  exit "$status"
fi

if [ ! -f "$service" ]; then
  cat > "$work/service.plist" <<'END_OF_SERVICE'
@@include:onboarding/macos/io.merlon.agent.plist@@END_OF_SERVICE
  install -m 0644 "$work/service.plist" "$service"
fi
launchctl print system/io.merlon.agent >/dev/null 2>&1 || launchctl bootstrap system "$service" 2> "$work/problem" ||
  stop service 70 "the service did not start: $(tail -n 1 "$work/problem")"
