"""
A collector of OpenTelemetry logs over HTTP, built on the protocol's own generated messages (opentelemetry-proto): a request counts only when it parses
as an ExportLogsServiceRequest without one unknown member. Prints its port, then each request as a line of canonical JSON. The path says what it answers:
/v1/logs takes all, /partial rejects one, /<number> answers with that status.
"""

import gzip
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from google.protobuf import json_format
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)


class Collector(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        response = ExportLogsServiceResponse()
        try:
            request = json_format.Parse(body, ExportLogsServiceRequest(), ignore_unknown_fields=False)
        except json_format.ParseError as error:
            return self.answer(400, str(error))
        if self.path[1:].isdigit():
            return self.answer(int(self.path[1:]), self.headers.get("authorization", ""))
        if self.path == "/partial":
            response.partial_success.rejected_log_records = 1
            response.partial_success.error_message = "one is too old"
        else:
            print(json_format.MessageToJson(request, indent=None), flush=True)
        self.answer(200, json_format.MessageToJson(response, indent=None))

    def answer(self, status, text):
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
print(server.server_port, flush=True)
sys.stdout.flush()
server.serve_forever()
