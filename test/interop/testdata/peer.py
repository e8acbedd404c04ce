"""What the two peers share: requests and answers, a line of JSON each."""

import base64
import json
import sys
import traceback


def unpack(text):
    return None if text is None else base64.b64decode(text)


def pack(data):
    return None if data is None else base64.b64encode(data).decode("ascii")


def serve(operations):
    """Answer each line of standard input until it ends."""
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"result": operations[request["op"]](**request["args"])}
        except Exception as error:
            traceback.print_exc()
            answer = {"error": "{}: {}".format(type(error).__name__, error)}
        print(json.dumps(answer), flush=True)
