/** The hub in a SharedWorker: one stream for all tabs of this browser. */
import { createHub } from "./hub.host";
import type { FromHub, ToHub } from "./protocol";

const ports = new Set<MessagePort>();

const hub = createHub((message: FromHub) => {
  for (const port of ports) port.postMessage(message);
});

// One hub a worker; every page that connects brings a port.
self.addEventListener("connect", (event) => {
  if (!(event instanceof MessageEvent)) return;
  const port = event.ports[0];
  if (!port) return;
  ports.add(port);
  port.addEventListener("message", ({ data }: MessageEvent<ToHub>) => {
    hub.receive(data);
    if (data.type === "leave") ports.delete(port);
    if (data.type === "subscribe") {
      ports.add(port);
      watchPage(data.client, port);
    }
  });
  port.start();
});

const watched = new Set<string>();

/** A page holds a lock of its own name while it lives; when the lock can be had, the page is gone (even by a crash). */
function watchPage(client: string, port: MessagePort) {
  if (!("locks" in navigator) || watched.has(client)) return;
  watched.add(client);
  navigator.locks.request(client, { mode: "shared" }, () => {
    watched.delete(client);
    ports.delete(port);
    hub.receive({ type: "leave", client });
  });
}

self.addEventListener("online", () => hub.wake());
self.addEventListener("offline", () => hub.wake());
