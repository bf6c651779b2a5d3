/** One message of a server-sent event stream. `id` is null when the message carries none. */
export interface SseMessage {
  id: string | null;
  event: string;
  data: string;
}

/** A message longer than this ends the stream: nothing of ours comes near it. */
export const MAX_MESSAGE_CHARS = 16 * 1024 * 1024;

/**
 * Takes a stream apart as it arrives, cut anywhere: in the middle of a line, or between `\r` and `\n`.
 * A message counts only once its blank line is here; what a cut leaves half is thrown away.
 */
export class SseParser {
  /** The last `retry:` the server gave, in milliseconds. */
  retryMs: number | null = null;
  #rest = "";
  #skipNewline = false;
  #id: string | null = null;
  #event = "";
  #data: string[] = [];
  #size = 0;

  /** The messages that became whole with this text. Throws when one grows beyond the limit. */
  push(chunk: string): SseMessage[] {
    const messages: SseMessage[] = [];
    let text = this.#rest + chunk;
    if (this.#skipNewline && text.length > 0) {
      if (text.startsWith("\n")) text = text.slice(1);
      this.#skipNewline = false;
    }
    let start = 0;
    for (;;) {
      const end = lineEnd(text, start);
      if (end < 0) break;
      const message = this.#line(text.slice(start, end));
      if (message) messages.push(message);
      start = end + 1;
      if (text.charCodeAt(end) === 13) {
        if (start < text.length) start += text.charCodeAt(start) === 10 ? 1 : 0;
        else this.#skipNewline = true;
      }
    }
    this.#rest = text.slice(start);
    if (this.#rest.length + this.#size > MAX_MESSAGE_CHARS)
      throw new Error("a stream message is larger than 16 MiB");
    return messages;
  }

  #line(line: string): SseMessage | null {
    if (line === "") return this.#finish();
    const colon = line.indexOf(":");
    if (colon === 0) return null; // A comment: padding or keep-alive.
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? "" : line.slice(colon + 1);
    if (value.startsWith(" ")) value = value.slice(1);
    if (field === "data") {
      this.#data.push(value);
      this.#size += value.length;
    } else if (field === "event") this.#event = value;
    else if (field === "id" && !value.includes("\0")) this.#id = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
    return null;
  }

  #finish(): SseMessage | null {
    const message =
      this.#data.length === 0
        ? null
        : { id: this.#id, event: this.#event || "message", data: this.#data.join("\n") };
    this.#id = null;
    this.#event = "";
    this.#data = [];
    this.#size = 0;
    return message;
  }
}

function lineEnd(text: string, from: number): number {
  for (let i = from; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === 10 || code === 13) return i;
  }
  return -1;
}
