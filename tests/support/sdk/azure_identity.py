# A program as people write them, with Microsoft's own library for Python, told only another address.
import json
import os

from azure.identity import CertificateCredential, ClientSecretCredential, DeviceCodeCredential

env = os.environ
options = {"authority": env["AUTHORITY"], "disable_instance_discovery": True}


def say(value):
    print(json.dumps(value), flush=True)


def prompt(uri, code, _ends):
    say({"verificationUri": uri, "userCode": code})


ways = {
    "secret": lambda: ClientSecretCredential(env["TENANT"], env["CLIENT"], env["SECRET"], **options),
    "certificate": lambda: CertificateCredential(env["TENANT"], env["CLIENT"], env["CERTIFICATE"], **options),
    "device": lambda: DeviceCodeCredential(env["CLIENT"], tenant_id=env["TENANT"], prompt_callback=prompt, **options),
}
say({"token": ways[env["WAY"]]().get_token(env["SCOPE"]).token})
