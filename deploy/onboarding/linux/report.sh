# Tells the server where this stopped: `report <stage> <exit status> <last words>`. It never changes the outcome, and is bounded in time.
report() {
  detail=$(printf '%s' "$3" | tr -c 'A-Za-z0-9._:/,()-' ' ' | tr -s ' ' '+' | cut -c1-400)
  name=$(uname -n | tr -cd 'A-Za-z0-9._-' | cut -c1-255)
  body="stage=$1&code=$2&detail=$detail&computerName=${name:-unknown}&os=Linux"
  if command -v curl >/dev/null 2>&1; then
    curl --silent --output /dev/null --max-time 20 --cacert "$work/ca.pem" ${proxy:+--proxy "$proxy"} \
      --header "Authorization: Package $token" --data "$body" "$server/device/v1/onboarding/reports" || true
  elif command -v wget >/dev/null 2>&1; then
    https_proxy=$proxy wget -q -O /dev/null -T 20 -t 1 --ca-certificate="$work/ca.pem" \
      --header="Authorization: Package $token" --post-data="$body" "$server/device/v1/onboarding/reports" || true
  fi
}

# `stop <stage> <exit status> <why>`
stop() {
  echo "$self: $3" >&2
  report "$1" "$2" "$3"
  exit "$2"
}
