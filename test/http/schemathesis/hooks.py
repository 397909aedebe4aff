"""What schemathesis is told about the server under test: which things exist, and what would end the run rather than test it.

Two of three identifiers in paths are those of things that exist, so that requests get past the first lookup; whatever a request has deleted or renamed is made again before the
next one. Not touched are the caller's own user, and more than eight partitions at once: they would end the run, or fill the disk.
"""

import base64
import json
import os
import zlib

import requests
import schemathesis

URL = os.environ["GALGO_URL"]
CALLER = {"authorization": f"Bearer {os.environ['GALGO_TOKEN']}"}
WORLD = {"stream_id": "world", "topic_id": "topic", "group_id": "group", "user_id": "somebody", "name": "token", "partition_id": 1, "consumer_id": "7"}
TOPIC = {"compression_algorithm": "none", "message_expiry": 0, "max_topic_size": 0, "partitions_count": 2}
ROOT = {"0", "iggy", "me"}
PARTITIONS_MAX = 8


def make_world():
    topic = "/streams/world/topics/topic"
    for path, body in (
        ("/streams", {"name": "world"}),
        ("/streams/world/topics", {"name": "topic", **TOPIC}),
        (f"{topic}/consumer-groups", {"name": "group"}),
        (f"{topic}/messages", {"partitioning": {"kind": "balanced", "value": ""}, "messages": [{"payload": base64.b64encode(b"message").decode()}]}),
        ("/users", {"username": "somebody", "password": "password", "status": "active"}),
        ("/personal-access-tokens", {"name": "token", "expiry": 0}),
    ):
        requests.post(URL + path, json=body, headers=CALLER, timeout=10)
    requests.put(f"{URL}{topic}/consumer-offsets", json={"consumer_id": 7, "partition_id": 1, "offset": 0}, headers=CALLER, timeout=10)


make_world()


@schemathesis.hook
def map_path_parameters(context, path_parameters):
    if not path_parameters:
        return path_parameters
    mapped = {}
    for name, value in path_parameters.items():
        exists = name in WORLD and zlib.crc32(repr(value).encode("utf-8", "surrogatepass")) % 3 != 0
        mapped[name] = WORLD[name] if exists else value
        if name == "user_id" and context.operation.method.lower() != "get" and str(mapped[name]).strip("+") in ROOT | {"00"}:
            mapped[name] = WORLD[name]
    return mapped


@schemathesis.hook
def map_body(context, body):
    if isinstance(body, dict):
        count = body.get("partitions_count")
        if isinstance(count, int) and not isinstance(count, bool) and PARTITIONS_MAX < count <= 1000:
            body = {**body, "partitions_count": count % PARTITIONS_MAX + 1}
    return body


@schemathesis.hook
def after_call(context, case, response):
    if case.method.upper() in ("DELETE", "PUT") and response.status_code < 300 and "authorization" in response.request.headers:
        make_world()


@schemathesis.hook
def filter_failure(context, failure, case, response):
    kind = type(failure).__name__
    if kind == "AcceptedNegativeData":
        # Lengths of names are those of UTF-8, which JSON Schema cannot say: two characters may be the three bytes that are asked for.
        return not ("`minLength`" in failure.message and not json.dumps(case.body, ensure_ascii=False).isascii())
    if kind == "RejectedPositiveData":
        # A request of the right shape may be refused by what is there: with an error of the protocol, whose number is not that of HTTP.
        refusal = json.loads(response.content)
        # Not in the schema: how long the value of a header of each kind is, and that a message goes to a partition or by a key.
        is_of_values = "user header" in refusal["reason"] or "invalid-header" in refusal["reason"] or "Both partition_id and key" in refusal["reason"]
        return refusal["id"] == response.status_code and not is_of_values
    return True
