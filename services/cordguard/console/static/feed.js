// @ts-check
/**
 * The connection to the server, and how old what it says is. A frozen server, a slow line and a lost socket all look the
 * same here: the newest frame grows old. It repairs itself.
 */

/** @import { Batch, Envelope, Latest, RecordFrame } from "./types.js" */

const FIRST_RETRY_MS = 250;
const LONGEST_RETRY_MS = 4000;
const GIVE_UP_AFTER_MS = 6000;
const WINDOW_MS = 30_000;

/**
 * The smallest difference between our clock and the server's over the last 30 to 60 seconds: what the difference is
 * without delay. Anything above it is delay.
 */
class Offset {
  #previous = Infinity;
  #current = Infinity;
  #until = 0;

  /** @param {number} nowMs @param {number} serverMs */
  add(nowMs, serverMs) {
    if (nowMs > this.#until) {
      this.#previous = this.#current;
      this.#current = Infinity;
      this.#until = nowMs + WINDOW_MS;
    }
    this.#current = Math.min(this.#current, nowMs - serverMs);
  }

  get ms() {
    return Math.min(this.#previous, this.#current);
  }
}

export class Feed {
  /** @type {WebSocket | undefined} */
  #socket;
  #offset = new Offset();
  /** When the newest frame was made, on our clock; at first, when we began to wait. New connections leave it alone. */
  #bornMs = performance.now();
  #openedMs = performance.now();
  #retryMs = FIRST_RETRY_MS;
  #retryTimer = 0;
  #room;
  #onFrame;
  #onLocked;

  /**
   * @param {string | null} room
   * @param {(frame: Latest | RecordFrame | Batch, envelope: Envelope) => void} onFrame
   * @param {() => void} onLocked called when the server does not know our session any more
   */
  constructor(room, onFrame, onLocked) {
    this.#room = room;
    this.#onFrame = onFrame;
    this.#onLocked = onLocked;
    this.#connect();
    setInterval(() => this.#checkSocket(), 500);
  }

  /** How old the newest frame is, in milliseconds; before the first one, how long we have waited. */
  get ageMs() {
    return performance.now() - this.#bornMs;
  }

  /** Look at another room. @param {string} room */
  choose(room) {
    this.#room = room;
    this.#reconnect(0);
  }

  /** Tell the server, if there is a connection. @param {unknown} message */
  send(message) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(message));
  }

  #connect() {
    const query = this.#room ? `?room=${encodeURIComponent(this.#room)}` : "";
    const socket = new WebSocket(`ws${location.protocol === "https:" ? "s" : ""}://${location.host}/ws${query}`);
    this.#socket = socket;
    this.#openedMs = performance.now();
    this.#offset = new Offset();
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#receive(JSON.parse(event.data));
    };
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      this.#askWhyLocked();
      this.#reconnect(this.#retryMs);
    };
  }

  /** @param {Envelope} envelope */
  #receive(envelope) {
    const serverMs = envelope.frame.server_us / 1000;
    this.#offset.add(performance.now(), serverMs);
    this.#bornMs = Math.max(this.#bornMs, serverMs + this.#offset.ms);
    this.#retryMs = FIRST_RETRY_MS;
    this.#onFrame(envelope.frame, envelope);
  }

  /** @param {number} inMs */
  #reconnect(inMs) {
    const old = this.#socket;
    this.#socket = undefined;
    old?.close();
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => this.#connect(), inMs);
    this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS);
  }

  /** A socket that looks open and says nothing is as good as closed. */
  #checkSocket() {
    if (this.#socket && performance.now() - this.#openedMs > GIVE_UP_AFTER_MS && this.ageMs > GIVE_UP_AFTER_MS) {
      this.#reconnect(0);
    }
  }

  async #askWhyLocked() {
    try {
      const answer = await fetch("/api/person", { signal: AbortSignal.timeout(2000) });
      if (answer.status === 401) this.#onLocked();
    } catch {
      // The server is away: the page says so already.
    }
  }
}
