#!/bin/sh
# Enrols the host the first time, then runs the agent.
set -eu
/opt/merlon/onboard.sh --no-service "$@"
exec merlon-agent run
