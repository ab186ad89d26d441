#!/bin/sh
# Onboards this machine to @@serverUrl@@. Run as root. Whole in itself: it holds the onboarding information of package @@packageId@@,
# which lets devices join until @@expiresAt@@ and holds no secret of any one of them.
#   [--agent-only]  install the agent and do nothing else
#   [--no-service]  install no service and start none   further options: those of `merlon-agent onboard`
# Exit status: 77 not root, 78 a platform without an agent, 69 the agent could not be fetched, 65 it is not the one that the package names,
# 73 it could not be installed, 70 its service did not start; else that of `merlon-agent onboard`. Running it again is harmless.
set -eu
umask 077
self=onboard.sh
server='@@serverUrl@@'
proxy='@@proxyUrl@@'
token='@@token@@'
agent_x64='@@agentX64@@'
agent_arm64='@@agentArm64@@'
information=/etc/merlon-agent/merlon_onboard.json

service=yes
agent_only=no
if [ "${1:-}" = --agent-only ]; then
  agent_only=yes
  shift
fi
if [ "${1:-}" = --no-service ]; then
  service=no
  shift
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat > "$work/ca.pem" <<'END_OF_CERTIFICATE'
@@caPem@@END_OF_CERTIFICATE

@@include:onboarding/linux/report.sh@@
if [ "$(id -u)" -ne 0 ]; then stop privileges 77 'run this as root'; fi

if ! command -v merlon-agent >/dev/null 2>&1; then
  case "$(uname -m)" in
    x86_64) platform=linux-x64 checksum=$agent_x64 ;;
    aarch64) platform=linux-arm64 checksum=$agent_arm64 ;;
    *) platform=$(uname -m) checksum= ;;
  esac
  if [ -z "$checksum" ]; then
    stop platform 78 "merlon-agent is not installed, and the server has none for $platform"
  fi
  url="$server/device/v1/onboarding/agents/$checksum"
  status=0
  if command -v curl >/dev/null 2>&1; then
    curl --silent --show-error --fail --retry 5 --cacert "$work/ca.pem" ${proxy:+--proxy "$proxy"} \
      --header "Authorization: Package $token" --output "$work/agent" "$url" 2> "$work/problem" || status=$?
  elif command -v wget >/dev/null 2>&1; then
    https_proxy=$proxy wget -q -t 5 --ca-certificate="$work/ca.pem" \
      --header="Authorization: Package $token" -O "$work/agent" "$url" 2> "$work/problem" || status=$?
  else
    stop download 69 'merlon-agent is not installed, and there is neither curl nor wget to fetch it with'
  fi
  if [ "$status" -ne 0 ]; then stop download 69 "fetching the agent failed ($status): $(tail -n 1 "$work/problem")"; fi
  found=$(sha256sum < "$work/agent" | cut -d ' ' -f 1)
  if [ "$found" != "$checksum" ]; then stop checksum 65 "the agent that came is not the one that the package names: $found"; fi
  install -m 0755 "$work/agent" /usr/bin/merlon-agent 2> "$work/problem" ||
    stop install 73 "installing the agent failed: $(tail -n 1 "$work/problem")"
fi
if [ "$agent_only" = yes ]; then exit 0; fi

if [ "$service" = yes ] && [ -d /run/systemd/system ] && ! systemctl cat merlon-agent.service >/dev/null 2>&1; then
  cat > "$work/merlon-agent.service" <<'END_OF_UNIT'
@@include:systemd/merlon-agent.service@@END_OF_UNIT
  cat > "$work/merlon-agent-isolation.service" <<'END_OF_UNIT'
@@include:systemd/merlon-agent-isolation.service@@END_OF_UNIT
  install -m 0644 "$work/merlon-agent.service" "$work/merlon-agent-isolation.service" /etc/systemd/system/ 2> "$work/problem" ||
    stop install 73 "installing the service failed: $(tail -n 1 "$work/problem")"
  systemctl daemon-reload
fi

install -d -m 0755 "$(dirname "$information")"
cat > "$work/merlon_onboard.json" <<'END_OF_INFORMATION'
@@information@@END_OF_INFORMATION
install -m 0600 "$work/merlon_onboard.json" "$information"

status=0
merlon-agent onboard --package "$information" "$@" > "$work/said" 2>&1 || status=$?
cat "$work/said"
if [ "$status" -ne 0 ]; then
  report enrol "$status" "$(tail -n 1 "$work/said")"
  exit "$status"
fi

if [ "$service" = yes ] && [ -d /run/systemd/system ]; then
  systemctl enable --quiet --now merlon-agent.service merlon-agent-isolation.service 2> "$work/problem" ||
    stop service 70 "the service did not start: $(tail -n 1 "$work/problem")"
elif [ "$service" = yes ]; then
  echo 'onboard.sh: there is no systemd here: start `merlon-agent run` by what starts services on this machine'
fi
