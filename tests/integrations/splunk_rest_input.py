"""What a REST input of Splunk's modular inputs does with `auth_type = oauth2` and `JSONArrayHandler`, with the library it uses.

Reads its settings from standard input as JSON, looks as often as it is told, and prints one JSON object a line.
"""
import json
import sys

from oauthlib.oauth2 import WebApplicationClient
from requests_oauthlib import OAuth2Session

settings = json.load(sys.stdin)
refreshed = []

session = OAuth2Session(
    client=WebApplicationClient(settings["oauth2_client_id"]),
    token={
        "token_type": "Bearer",
        "access_token": settings["oauth2_access_token"],
        "refresh_token": settings["oauth2_refresh_token"],
        "expires_in": settings["oauth2_expires_in"],
    },
    auto_refresh_url=settings["oauth2_refresh_url"],
    # `oauth2_refresh_client_placement = BODY`
    auto_refresh_kwargs={
        "client_id": settings["oauth2_client_id"],
        "client_secret": settings["oauth2_client_secret"],
    },
    token_updater=refreshed.append,
)

for _ in range(settings["polls"]):
    # The certificates are named with each request: what the session knows is not used to refresh.
    session.verify = settings["ca_bundle_path"]
    answer = session.get(settings["endpoint"], timeout=30.0)
    answer.raise_for_status()
    for event in json.loads(answer.text):
        print(json.dumps({"event": event}))
print(json.dumps({"refreshed": len(refreshed)}))
