#!/usr/bin/env python3
"""Appends detections of Merlon to a file, one JSON object a line, each once.

For whatever reads files: Wazuh, a Graylog sidecar, a Splunk forwarder, rsyslog. Python 3.8 or newer, nothing else.
Run it from a timer; each run takes what came since the last one. Settings come from the environment:

  MERLON_TOKEN_URL       as `merlon siem show` prints it
  MERLON_EVENTS_URL      the same
  MERLON_CLIENT_ID       of the connector
  MERLON_CLIENT_SECRET   or MERLON_CLIENT_SECRET_FILE
  MERLON_CA_FILE         certificate authority of the server; absent: those of the system
  MERLON_STATE_FILE      where the last time and what came at it is kept
  MERLON_OUTPUT_FILE     where detections go; absent: standard output

Exit codes: 0 all is written and kept, 1 it was not: the next run begins where this one began.
"""
import datetime
import json
import os
import ssl
import sys
import urllib.error
import urllib.parse
import urllib.request

RESOURCE = "https://graph.windows.net"
TIMEOUT_S = 120
FIRST_LOOK = datetime.timedelta(days=1)


def main():
    context = ssl.create_default_context(cafile=os.environ.get("MERLON_CA_FILE"))
    state = read_state(needed("MERLON_STATE_FILE"))
    query = urllib.parse.urlencode({"sinceTimeUtc": state["since"]})
    detections = fetch(
        urllib.request.Request(
            needed("MERLON_EVENTS_URL") + "?" + query,
            headers={"Authorization": "Bearer " + token(context), "Accept": "application/json"},
        ),
        context,
    )
    # The bound is part of the range: what has its very time may have been written before.
    fresh = [one for one in detections if one["FullId"] not in state["seen"]]
    write(fresh, os.environ.get("MERLON_OUTPUT_FILE"))
    if detections:
        newest = max(one["LastProcessedTimeUtc"] for one in detections)
        at_newest = [one["FullId"] for one in detections if one["LastProcessedTimeUtc"] == newest]
        keep_state(needed("MERLON_STATE_FILE"), {"since": newest, "seen": at_newest})


def token(context):
    form = {
        "grant_type": "client_credentials",
        "resource": RESOURCE,
        "client_id": needed("MERLON_CLIENT_ID"),
        "client_secret": secret(),
    }
    body = urllib.parse.urlencode(form).encode()
    return fetch(urllib.request.Request(needed("MERLON_TOKEN_URL"), data=body), context)["access_token"]


def fetch(request, context):
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_S, context=context) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        said = error.read(2000).decode("utf-8", "replace")
        raise SystemExit("%s answered %d: %s" % (request.full_url.split("?")[0], error.code, said))
    except (urllib.error.URLError, OSError, ValueError) as error:
        raise SystemExit("%s: %s" % (request.full_url.split("?")[0], error))


def write(detections, path):
    lines = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in detections)
    if path is None:
        sys.stdout.write(lines)
        sys.stdout.flush()
        return
    with open(path, "a", encoding="utf-8") as output:
        output.write(lines)
        output.flush()
        os.fsync(output.fileno())


def read_state(path):
    try:
        with open(path, encoding="utf-8") as kept:
            return json.load(kept)
    except FileNotFoundError:
        first = datetime.datetime.now(datetime.timezone.utc) - FIRST_LOOK
        return {"since": first.strftime("%Y-%m-%dT%H:%M:%SZ"), "seen": []}


def keep_state(path, state):
    with open(path + ".new", "w", encoding="utf-8") as kept:
        json.dump(state, kept)
        kept.flush()
        os.fsync(kept.fileno())
    os.replace(path + ".new", path)


def secret():
    path = os.environ.get("MERLON_CLIENT_SECRET_FILE")
    if path is None:
        return needed("MERLON_CLIENT_SECRET")
    with open(path, encoding="utf-8") as file:
        return file.read().strip()


def needed(name):
    value = os.environ.get(name)
    if not value:
        raise SystemExit(name + " is not set")
    return value


if __name__ == "__main__":
    main()
