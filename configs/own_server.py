"""The least that an engine of one's own needs: a health route and an OpenAI route, with the standard library alone."""

import argparse
import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        # Answer only when the model is in memory: from then on requests come.
        self.answer(200 if self.path == "/health" else 404, {"status": "ok"})

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        if self.path != "/v1/chat/completions":
            self.answer(404, {"error": {"message": "no such route"}})
        elif body.get("stream"):
            self.stream(body)
        else:
            message = {"role": "assistant", "content": " ".join(words(body))}
            self.answer(200, {"object": "chat.completion", "model": body["model"], "choices": [choice(message=message)]})

    def stream(self, body):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("transfer-encoding", "chunked")
        self.end_headers()
        for word in words(body):
            event = {"object": "chat.completion.chunk", "model": body["model"], "choices": [choice(delta={"content": word + " "})]}
            self.piece(f"data: {json.dumps(event)}\n\n")
        self.piece("data: [DONE]\n\n")
        self.piece("")

    def piece(self, text):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(text.encode()), text.encode()))

    def answer(self, status, value):
        text = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)


def words(body):
    return ["You", "said:", *body["messages"][-1]["content"].split()]


def choice(**parts):
    return {"index": 0, "finish_reason": "stop" if "message" in parts else None, **parts}


parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, required=True)
# 127.0.0.1: nobody but this host may reach an engine past the daemon.
ThreadingHTTPServer(("127.0.0.1", parser.parse_args().port), Handler).serve_forever()
