// A receiver of webhooks: it notes what it accepts and refuses what it is told to, in its own words.
import { createServer } from "node:http";

/** Starts one and ends it with the test. `refuse(body)` answers with words for a refusal, or null. */
export async function receiver(t, refuse = () => null) {
  const taken = [];
  const state = { url: "", taken, refuse };
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request) body += chunk;
    const words = state.refuse(body);
    if (words !== null) {
      // 410: for good, so that nothing waits for another try.
      response.writeHead(410, { "content-type": "text/plain" }).end(words);
      return;
    }
    taken.push({ id: request.headers["webhook-id"], body });
    response.writeHead(204).end();
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  state.url = `http://127.0.0.1:${server.address().port}/hook`;
  return state;
}
