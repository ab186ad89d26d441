# As azure_identity.py, with the library beneath it. `code` prints the address to sign in at, and reads the address that came back.
import json
import os
import re
from urllib.parse import parse_qsl, urlsplit

import msal
import requests

env = os.environ
authority = f"{env['AUTHORITY']}/{env['TENANT']}"
scopes = [env["SCOPE"]]


def say(value):
    print(json.dumps(value), flush=True)


def confidential(credential):
    client = msal.ConfidentialClientApplication(
        env["CLIENT"], authority=authority, client_credential=credential, instance_discovery=False
    )
    return client.acquire_token_for_client(scopes=scopes)


def certificate():
    with open(env["CERTIFICATE"]) as file:
        pem = file.read()
    key = re.search(r"-----BEGIN PRIVATE KEY-----.*-----END PRIVATE KEY-----", pem, re.S).group(0)
    public = re.search(r"-----BEGIN CERTIFICATE-----.*-----END CERTIFICATE-----", pem, re.S).group(0)
    return confidential({"private_key": key, "public_certificate": public})


def device():
    client = msal.PublicClientApplication(env["CLIENT"], authority=authority, instance_discovery=False)
    flow = client.initiate_device_flow(scopes=scopes)
    say({"verificationUri": flow["verification_uri"], "userCode": flow["user_code"]})
    return client.acquire_token_by_device_flow(flow)


def code():
    client = msal.PublicClientApplication(env["CLIENT"], authority=authority, instance_discovery=False)
    flow = client.initiate_auth_code_flow(scopes=scopes, redirect_uri=env["REDIRECT"])
    say({"address": flow["auth_uri"]})
    answer = dict(parse_qsl(urlsplit(input()).query))
    result = client.acquire_token_by_auth_code_flow(flow, answer)
    if "error" in result:
        return result
    account = client.get_accounts()[0]
    return client.acquire_token_silent(scopes, account=account, force_refresh=True)


class Ported(requests.Session):
    """The library leaves the port out when it asks where a password is checked; a server under test has no right to 443."""

    def get(self, url, **more):
        bare = f"https://{urlsplit(env['AUTHORITY']).hostname}/common/userrealm/"
        return super().get(url.replace(bare, f"{env['AUTHORITY']}/common/userrealm/"), **more)


def password():
    own = {"authority": authority, "instance_discovery": False, "http_client": Ported()}
    if env["SECRET"]:
        client = msal.ConfidentialClientApplication(env["CLIENT"], client_credential=env["SECRET"], **own)
    else:
        client = msal.PublicClientApplication(env["CLIENT"], **own)
    result = client.acquire_token_by_username_password(env["USERNAME"], env["PASSWORD"], scopes=scopes)
    if "error" in result:
        return result
    account = client.get_accounts()[0]
    return client.acquire_token_silent(scopes, account=account, force_refresh=True)


ways = {
    "password": password,
    "secret": lambda: confidential(env["SECRET"]),
    "certificate": certificate,
    "device": device,
    "code": code,
}
result = ways[env["WAY"]]()
say({"token": result["access_token"]} if "access_token" in result else {"error": result})
