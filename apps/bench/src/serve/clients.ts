/** Clients of a server under load: good ones that check every number, and broken ones that check refusals. */
import { once } from 'node:events';
import { Agent, request, type IncomingMessage, type RequestOptions } from 'node:http';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { mulberry32 } from '@attn/core/backend';

/** What became of the requests. */
export interface Counts {
  /** Good requests with the right vector. */
  right: number;
  /** Good requests with another vector. */
  wrong: number;
  /** Good requests without an answer, or with another status than 200 and 429. */
  lost: number;
  /** Good requests that were refused with 429, and sent again. */
  refused: number;
  /** Broken requests that were refused as they should be. */
  broken: number;
  /** Broken requests with another answer. */
  unexpected: number;
  /** Milliseconds of each right answer. */
  readonly times: number[];
}

/** A text, and its vector. */
export interface Expected {
  readonly text: string;
  readonly vector: Float32Array;
}

/** Greatest difference of a number: batches of other shapes round otherwise. */
const TOLERANCE = 1e-5;

/** A server, and how long it is asked. */
export interface Load {
  readonly url: URL;
  readonly texts: readonly Expected[];
  readonly clients: number;
  readonly until: number;
  readonly counts: Counts;
}

/** Runs all clients until the end; one in ten is broken. */
export async function runClients(load: Load): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: Infinity });
  const bits = mulberry32(1);
  const random = (): number => bits() / 2 ** 32;
  const all = Array.from({ length: load.clients }, (_, i) =>
    i % 10 === 9 ? brokenClient(load, random) : goodClient(load, agent, random),
  );
  await Promise.all(all);
  agent.destroy();
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function post(options: RequestOptions, body: string): Promise<Answer> {
  const asking = request({ method: 'POST', ...options });
  asking.end(body);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  const parts: Buffer[] = [];
  for await (const part of response) parts.push(part as Buffer);
  return { status: response.statusCode ?? 0, body: Buffer.concat(parts).toString() };
}

const JSON_TYPE = { 'content-type': 'application/json' };

function optionsOf(url: URL, agent?: Agent): RequestOptions {
  return { host: url.hostname, port: url.port, path: '/v1/embeddings', headers: JSON_TYPE, agent };
}

async function goodClient(
  { url, texts, until, counts }: Load,
  agent: Agent,
  random: () => number,
): Promise<void> {
  while (performance.now() < until) {
    const { text, vector } = texts[Math.floor(random() * texts.length)];
    const start = performance.now();
    try {
      const { status, body } = await post(
        optionsOf(url, agent),
        JSON.stringify({ input: text, encoding_format: 'base64' }),
      );
      if (status === 429) {
        counts.refused += 1;
        await sleep(1_000);
        continue;
      }
      if (status !== 200) throw new Error(body);
      const isRight = equals(body, vector);
      counts[isRight ? 'right' : 'wrong'] += 1;
      if (isRight) counts.times.push(performance.now() - start);
    } catch {
      counts.lost += 1;
    }
  }
}

function equals(body: string, vector: Float32Array): boolean {
  const { data } = JSON.parse(body) as { data: readonly { embedding: string }[] };
  const bytes = Uint8Array.from(Buffer.from(data[0].embedding, 'base64'));
  const numbers = new Float32Array(bytes.buffer);
  return (
    numbers.length === vector.length &&
    numbers.every((number, i) => Math.abs(number - vector[i]) <= TOLERANCE)
  );
}

const HEAD = 'POST /v1/embeddings HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n';

/** Raw bytes, and the status with which they must be refused; none where the client goes itself. */
const BROKEN: readonly (readonly [bytes: string, status: number | undefined])[] = [
  [`${HEAD}Connection: close\r\nContent-Length: 12\r\n\r\n{"input": "a`, 400],
  [`${HEAD}Connection: close\r\nContent-Length: 12\r\n\r\n{"input": 5}`, 400],
  [`${HEAD}Content-Length: 104857600\r\n\r\n`, 413],
  [`${HEAD}X-Bomb: ${'a'.repeat(100_000)}\r\n\r\n`, 431],
  [`${HEAD}Content-Length: 20\r\n\r\n{"in`, 408],
  ['whale\r\n\r\n', 400],
  [`${HEAD}Content-Length: 20\r\n\r\n{"in`, undefined],
  [`${HEAD}Content-Length: 14\r\n\r\n{"input": "a"}`, undefined],
];

async function brokenClient({ url, until, counts }: Load, random: () => number): Promise<void> {
  while (performance.now() < until) {
    const [bytes, status] = BROKEN[Math.floor(random() * BROKEN.length)];
    const socket = connect(Number(url.port), url.hostname);
    let answer = '';
    socket.on('error', () => {});
    socket.setEncoding('utf8').on('data', (chunk) => void (answer += String(chunk)));
    socket.write(bytes);
    if (status === undefined) {
      await sleep(20);
      socket.destroy();
    }
    if (!socket.closed) await once(socket, 'close');
    const isExpected = status === undefined || answer.startsWith(`HTTP/1.1 ${status} `);
    counts[isExpected ? 'broken' : 'unexpected'] += 1;
    await sleep(100);
  }
}
